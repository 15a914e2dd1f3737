"""Presence: a person says that they look at a case or type in it, for a few seconds at a time.

Only who may work on the case is shown, so the case is looked up first. Nothing of it is history:
no event, no version, no lock on the case.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from router.domain.claims import Person
from router.storage import presence, queue
from router.storage.presence import PresenceRow

LEASE = timedelta(seconds=30)
_KEPT = timedelta(minutes=5)


class Activity(enum.StrEnum):
    """What somebody does at a case."""

    LOOKING = "looking"
    TYPING = "typing"


async def note_presence(
    uow: UnitOfWork,
    case_id: UUID,
    activity: Activity,
    *,
    by: Person,
    teams: Collection[str] | None,
) -> list[PresenceRow]:
    """Note it for 30 s; who is there, the person themself included. Raises NotFoundError."""
    if await queue.one(uow.connection, case_id, teams) is None:
        raise NotFoundError("no such case")
    await presence.prune(uow.connection, kept=_KEPT)
    await presence.note(uow.connection, case_id, by, activity.value, lease=LEASE)
    return await presence.of_case(uow.connection, case_id)


async def end_presence(uow: UnitOfWork, case_id: UUID, *, by: Person) -> None:
    """The person has gone; who was not there is gone, too."""
    await presence.leave(uow.connection, case_id, by.id)
