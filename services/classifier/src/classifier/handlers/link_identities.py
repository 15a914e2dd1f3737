"""People say which authors on different networks are one person, so that contacts add up (S12)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from classifier.storage import identities
from classifier.storage.identities import Member
from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.events.classifier import IdentityLinked
from common.events.envelope import new_event
from common.events.parts import Actor
from common.ids import IdFactory


async def link_identities(
    uow: UnitOfWork, members: Sequence[Member], *, by: Actor, reason: str, new_id: IdFactory
) -> tuple[UUID, list[Member]]:
    """The person's id and all authors who are that person now."""
    person = await identities.link(
        uow.connection, members, person_id=new_id(), actor_id=by.id, at=uow.now
    )
    now = await identities.members(uow.connection, person)
    _publish(uow, person, now, by=by, reason=reason, event_id=new_id())
    return person, now


async def unlink_identities(
    uow: UnitOfWork, person: UUID, *, by: Actor, reason: str, new_id: IdFactory
) -> None:
    """Take a person apart. Raises NotFoundError where nobody was linked."""
    if not await identities.unlink(uow.connection, person):
        raise NotFoundError("no such person")
    _publish(uow, person, [], by=by, reason=reason, event_id=new_id())


def _publish(
    uow: UnitOfWork,
    person: UUID,
    members: Sequence[Member],
    *,
    by: Actor,
    reason: str,
    event_id: UUID,
) -> None:
    data = IdentityLinked(stream_id=person, members=tuple(members), actor=by, reason=reason)
    uow.publish(new_event(data, id=event_id, subject=person, time=uow.now))
