"""What we know of a case's past: our replies, offers, turns and actions (S69, S96, S98)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.words import Audience, Kind

_COUNTS = text(
    """
    select sent_offers(:case_id) as offers, count(*) as replies,
           count(*) filter (where r.visibility = 'public' and p.finished_at > coalesce((
               select max(q.finished_at)
                 from draft e join dispatch q on q.draft_id = e.draft_id and q.state = 'sent'
                 join revision s on s.draft_id = q.draft_id and s.revision = q.revision
                where e.case_id = :case_id and s.kind in ('progress', 'outcome')),
               '-infinity')) as turns
      from draft d
      join dispatch p on p.draft_id = d.draft_id and p.state = 'sent'
      join revision r on r.draft_id = p.draft_id and r.revision = p.revision
     where d.case_id = :case_id
    """
)
_SENT = text(
    """
    select r.kind, r.visibility, r.text, p.finished_at as sent_at
      from draft d
      join dispatch p on p.draft_id = d.draft_id and p.state = 'sent'
      join revision r on r.draft_id = p.draft_id and r.revision = p.revision
     where d.case_id = :case_id order by p.finished_at desc limit :limit
    """
)
_ACTIONS = text(
    "select what, detail, done_at from case_action where case_id = :case_id"
    " order by done_at, action_id limit :limit"
)
_RECORD = text(
    """
    insert into case_action(action_id, case_id, what, detail, done_at)
    select a.action_id, a.case_id, a.what, a.detail, a.done_at
      from unnest(cast(:ids as uuid[]), cast(:cases as uuid[]), cast(:whats as text[]),
                  cast(:details as text[]), cast(:ats as timestamptz[]))
           as a(action_id, case_id, what, detail, done_at)
      join case_context c using (case_id)
        on conflict (action_id) do nothing
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """`offers` nobody took up; `replies` ever sent; `turns` in public since the last progress."""

    offers: int
    replies: int
    turns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentReply:
    """A word of ours in the thread."""

    kind: Kind
    visibility: Audience
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that was done in the case. `what` is a code, `detail` for people."""

    action_id: UUID
    case_id: UUID
    what: str
    detail: str
    done_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTaken:
    """The same as a line of the case's past."""

    what: str
    detail: str
    done_at: datetime


async def counts_of(connection: AsyncConnection, case_id: UUID) -> Counts:
    """How often we have spoken in the case, and to what effect."""
    row = (await connection.execute(_COUNTS, {"case_id": case_id})).one()
    return Counts(offers=row.offers, replies=row.replies, turns=row.turns)


async def sent_replies(
    connection: AsyncConnection, case_id: UUID, *, limit: int = 20
) -> Sequence[SentReply]:
    """Our latest words in the case, the oldest of them first."""
    rows = await connection.execute(_SENT, {"case_id": case_id, "limit": limit})
    sent = [
        SentReply(
            kind=Kind(row.kind),
            visibility=Audience(row.visibility),
            text=row.text,
            sent_at=row.sent_at,
        )
        for row in rows
    ]
    return sent[::-1]


async def record_actions(connection: AsyncConnection, actions: Sequence[Action]) -> None:
    """Add them; an id that is there already and a case that is not known change nothing."""
    await connection.execute(
        _RECORD,
        {
            "ids": [action.action_id for action in actions],
            "cases": [action.case_id for action in actions],
            "whats": [action.what for action in actions],
            "details": [action.detail for action in actions],
            "ats": [action.done_at for action in actions],
        },
    )


async def actions_taken(
    connection: AsyncConnection, case_id: UUID, *, limit: int = 100
) -> Sequence[ActionTaken]:
    """What was done in the case, in order (S69)."""
    rows = await connection.execute(_ACTIONS, {"case_id": case_id, "limit": limit})
    return [ActionTaken(what=row.what, detail=row.detail, done_at=row.done_at) for row in rows]
