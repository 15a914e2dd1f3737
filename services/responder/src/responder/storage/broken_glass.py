"""Replies that left unread because a lead broke the glass, listed until somebody looked (S58)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.drafts import Draft
from responder.domain.persons import Person

_MAY = text("select break_glass = 'leads' from deployment_policy")
_INSERT = text(
    """
    insert into break_glass(draft_id, revision, content_hash, reason, actor_id, actor_name)
    values (:draft_id, :revision, :content_hash, :reason, :actor_id, :actor_name)
    """
)
_SELECT = (
    "select g.*, d.case_id, d.conversation_id from break_glass g join draft d using (draft_id)"
)
_FIND = text(
    _SELECT
    + """
     where (:all or g.reviewed_at is null)
       and (cast(:after_at as timestamptz) is null
            or (g.used_at, g.draft_id) > (:after_at, cast(:after_id as uuid)))
     order by g.used_at, g.draft_id limit :limit
    """
)
_USE = text(_SELECT + " where g.draft_id = :draft_id and g.revision = :revision")
# A draft may have left unread more than once; each use is looked at, by somebody else, the oldest
# first.
_TO_REVIEW = text(
    _SELECT
    + """
     where g.draft_id = :draft_id
     order by g.reviewed_at is not null, g.actor_id = :by_id, g.revision limit 1
    """
)
_REVIEW = text(
    """
    update break_glass set finding = :finding, reviewed_by_id = :by_id, reviewed_by_name = :by_name,
           reviewed_at = now()
     where draft_id = :draft_id and revision = :revision and reviewed_at is null
    """
)
_OVERDUE = text(
    "select count(*) from break_glass where reviewed_at is null and review_due_at <= now()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenGlass:
    """One use. `finding` is what the second person said afterwards."""

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    revision: int
    content_hash: bytes
    reason: str
    actor: Person
    used_at: datetime
    review_due_at: datetime
    finding: str | None
    reviewed_by: Person | None
    reviewed_at: datetime | None


async def is_allowed(connection: AsyncConnection) -> bool:
    """Whether this deployment lets leads break the glass; only `migrate` can say so."""
    return bool((await connection.execute(_MAY)).scalar_one())


async def insert(connection: AsyncConnection, draft: Draft, *, actor: Person, reason: str) -> None:
    """Let the submitted wording pass without a reader; refused by the guard where it is off."""
    await connection.execute(
        _INSERT,
        {
            "draft_id": draft.draft_id,
            "revision": draft.latest.number,
            "content_hash": draft.latest.content_hash,
            "reason": reason,
            "actor_id": actor.id,
            "actor_name": actor.name,
        },
    )


async def find(
    connection: AsyncConnection,
    *,
    include_reviewed: bool,
    after: tuple[Any, Any] | None,
    limit: int,
) -> Sequence[BrokenGlass]:
    """Uses in order of time; those not yet looked at unless all are wanted."""
    rows = await connection.execute(
        _FIND,
        {
            "all": include_reviewed,
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [_use(row) for row in rows]


async def use_of(connection: AsyncConnection, draft_id: UUID, *, revision: int) -> BrokenGlass:
    """The use for this wording, which is there."""
    rows = await connection.execute(_USE, {"draft_id": draft_id, "revision": revision})
    return _use(rows.one())


async def to_review(
    connection: AsyncConnection, draft_id: UUID, *, by: Person
) -> BrokenGlass | None:
    """The use of the draft that this person should look at next; one of the past without any."""
    rows = await connection.execute(_TO_REVIEW, {"draft_id": draft_id, "by_id": by.id})
    row = rows.one_or_none()
    return _use(row) if row else None


async def record_review(
    connection: AsyncConnection, use: BrokenGlass, *, by: Person, finding: str
) -> None:
    """What a second person found; once, and never the one who broke it (guard)."""
    await connection.execute(
        _REVIEW,
        {
            "draft_id": use.draft_id,
            "revision": use.revision,
            "by_id": by.id,
            "by_name": by.name,
            "finding": finding,
        },
    )


async def count_overdue(connection: AsyncConnection) -> int:
    """Uses that nobody looked at within their day."""
    return int((await connection.execute(_OVERDUE)).scalar_one())


def _use(row: Row[Any]) -> BrokenGlass:
    return BrokenGlass(
        draft_id=row.draft_id,
        case_id=row.case_id,
        conversation_id=row.conversation_id,
        revision=row.revision,
        content_hash=bytes(row.content_hash),
        reason=row.reason,
        actor=Person(row.actor_id, row.actor_name),
        used_at=row.used_at,
        review_due_at=row.review_due_at,
        finding=row.finding,
        reviewed_by=Person(row.reviewed_by_id, row.reviewed_by_name) if row.reviewed_at else None,
        reviewed_at=row.reviewed_at,
    )
