"""The rows of escalations: each step up or down, kept for ever; the level stands on the case."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person

_LOCK_LEVELS = text(
    """
    select case_id, conversation_id, team, escalation_level,
        (select coalesce(max(seq), 0) from escalation
         where escalation.case_id = cases.case_id) as seq
    from cases where case_id = any(cast(:case_ids as uuid[])) and state <> 'closed'
    order by conversation_id, case_id for update of cases
    """
)
_STEP = text(
    """
    with steps as (
        select * from unnest(
            cast(:case_id as uuid[]), cast(:seq as integer[]), cast(:from_level as smallint[]),
            cast(:to_level as smallint[]), cast(:cause as text[]), cast(:reason as text[]),
            cast(:actor_id as text[]), cast(:actor_name as text[])
        ) as new (case_id, seq, from_level, to_level, cause, reason, actor_id, actor_name)
    ), raised as (
        update cases set escalation_level = steps.to_level, version = version + 1
        from steps where cases.case_id = steps.case_id
    )
    insert into escalation (case_id, seq, from_level, to_level, cause, reason, at, actor_id,
        actor_name)
    select case_id, seq, from_level, to_level, cause, reason, cast(:now as timestamptz), actor_id,
        actor_name from steps
    """
)
_OF_CASE = text(
    """
    select seq, from_level, to_level, cause, reason, at, actor_name
    from escalation where case_id = :case_id order by seq
    """
)
# Only what the same person wrote counts: other people's posts in the thread are no contact. Case by
# case, so that each looks its few mentions up by index: joined as sets, all mentions ever placed
# would be read again for every batch.
_UNANSWERED = text(
    """
    select cases.case_id, (
        select count(*) from disposition
        where disposition.case_id = cases.case_id and disposition.place = 'case'
            and disposition.detected_at
                > greatest(cast(:since as timestamptz), cases.last_reply_at)
            and cast(disposition.body as jsonb) #>> '{mention,author,id}' = said.author_id
    ) as mentions
    from unnest(cast(:case_ids as uuid[]), cast(:author_ids as text[]))
        as said (case_id, author_id)
    join cases on cases.case_id = said.case_id
    """
)
_NOTE_REPLIES = text(
    """
    update cases set last_reply_at = greatest(coalesce(last_reply_at, '-infinity'), sent.at)
    from unnest(cast(:case_ids as uuid[]), cast(:sent_at as timestamptz[])) as sent (case_id, at)
    where cases.case_id = sent.case_id
    """
)
_WORKED_ON = text(
    """
    select case_id, conversation_id, team from cases
    where case_id = any(cast(:case_ids as uuid[]))
        and state not in ('resolved', 'unsolvable', 'closed')
    order by conversation_id, case_id for update
    """
)


@dataclass(frozen=True, slots=True)
class WorkedOn:
    """A case that is worked on, its row locked."""

    conversation_id: UUID
    team: str


@dataclass(frozen=True, slots=True)
class Level:
    """How far up a case has gone, its row locked; `seq` numbers its last step."""

    case_id: UUID
    conversation_id: UUID
    team: str
    level: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """A step to be stored; `by` None: policy."""

    case_id: UUID
    seq: int
    from_level: int
    to_level: int
    cause: str
    reason: str
    by: Person | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRow:
    """A step as it was stored."""

    seq: int
    from_level: int
    to_level: int
    cause: str
    reason: str
    at: datetime
    actor_name: str | None


async def lock_levels(connection: AsyncConnection, case_ids: Sequence[UUID]) -> dict[UUID, Level]:
    """The levels of those of the cases that are not closed, locked."""
    rows = await connection.execute(_LOCK_LEVELS, {"case_ids": list(case_ids)})
    return {
        row.case_id: Level(
            row.case_id, row.conversation_id, row.team, row.escalation_level, row.seq
        )
        for row in rows
    }


async def step(
    connection: AsyncConnection, steps: Sequence[EscalationStep], *, now: datetime
) -> None:
    """Store steps, and the level on each case; at most one per case and call."""
    if not steps:
        return
    names = ("case_id", "seq", "from_level", "to_level", "cause", "reason")
    await connection.execute(
        _STEP,
        {
            "now": now,
            **{name: [getattr(each, name) for each in steps] for name in names},
            "actor_id": [each.by.id if each.by else None for each in steps],
            "actor_name": [each.by.name if each.by else None for each in steps],
        },
    )


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[EscalationRow]:
    """All steps of a case, in order."""
    rows = await connection.execute(_OF_CASE, {"case_id": case_id})
    return [EscalationRow(**row._mapping) for row in rows]


async def unanswered_contacts(
    connection: AsyncConnection, authors: Mapping[UUID, str], *, now: datetime, within: timedelta
) -> dict[UUID, int]:
    """By case: how many mentions its author (by case) wrote within `within` without a reply since.

    Mentions that are being placed in this very transaction count once they are recorded.
    """
    rows = await connection.execute(
        _UNANSWERED,
        {
            "case_ids": list(authors),
            "author_ids": list(authors.values()),
            "since": now - within,
        },
    )
    return {row.case_id: row.mentions for row in rows}


async def note_replies(connection: AsyncConnection, sent_at: Mapping[UUID, datetime]) -> None:
    """Remember when somebody last wrote to the customer, by case."""
    if sent_at:
        await connection.execute(
            _NOTE_REPLIES, {"case_ids": list(sent_at), "sent_at": list(sent_at.values())}
        )


async def open_cases(
    connection: AsyncConnection, case_ids: Collection[UUID]
) -> dict[UUID, WorkedOn]:
    """Those of the cases that are worked on, locked."""
    if not case_ids:
        return {}
    rows = await connection.execute(_WORKED_ON, {"case_ids": sorted(case_ids)})
    return {row.case_id: WorkedOn(row.conversation_id, row.team) for row in rows}
