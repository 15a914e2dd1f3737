"""A person switches crisis mode on or off, for a topic or for everything (S26)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from classifier.handlers.wire import CRISES_STREAM
from classifier.storage import crises
from classifier.storage.crises import Switch
from common.db.unit_of_work import UnitOfWork
from common.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PreconditionFailedError,
)
from common.events.classifier import CrisisSwitched
from common.events.envelope import new_event
from common.events.parts import Actor
from common.ids import derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants; switched on, only `approvers` may approve (ids: `issuer|subject`)."""

    is_on: bool
    reason: str
    approvers: Sequence[str] = ()


async def answer_proposal(uow: UnitOfWork, crisis_id: UUID, wish: Wish, *, by: Actor) -> Switch:
    """Switch on what the system proposed, or off again; off also turns a proposal down.

    Raises NotFoundError for an unknown crisis, ConflictError for one that is over.
    """
    crisis = await crises.lock(uow.connection, crisis_id)
    if crisis is None:
        raise NotFoundError("no such crisis")
    if crisis.ended_at is not None:
        raise ConflictError(f"this crisis is over ({crisis.state})", code="crisis_over")
    version, _ = await crises.switches(uow.connection)
    switch = await _switch(
        uow, wish, topic=crisis.topic, crisis_id=crisis_id, version=version, by=by
    )
    await crises.set_state(uow.connection, crisis_id, "on" if wish.is_on else "off", at=uow.now)
    return switch


async def set_crisis_mode(
    uow: UnitOfWork, topic: str | None, wish: Wish, *, by: Actor, expected_version: int
) -> Switch:
    """Switch a topic or everything (None), whatever the system thinks.

    Raises PreconditionFailedError when a switch was set since the person looked, ConflictError
    where it stands as wished already.
    """
    version, switches = await crises.switches(uow.connection)
    if version != expected_version:
        raise PreconditionFailedError(
            "a switch was set since you looked", details={"current_version": version}
        )
    current = next((s for s in switches if s.topic == topic), None)
    if not wish.is_on and (current is None or not current.is_on):
        raise ConflictError("crisis mode is off already", code="is_off")
    goes_on = current is not None and current.is_on
    crisis_id = (
        current.crisis_id if current and goes_on else derived_id("crisis", version + 1, topic)
    )
    if await crises.lock(uow.connection, crisis_id) is not None:
        state = "on" if wish.is_on else "off"
        await crises.set_state(uow.connection, crisis_id, state, at=uow.now)
    return await _switch(uow, wish, topic=topic, crisis_id=crisis_id, version=version, by=by)


async def _switch(
    uow: UnitOfWork, wish: Wish, *, topic: str | None, crisis_id: UUID, version: int, by: Actor
) -> Switch:
    if wish.is_on and not wish.approvers:
        raise InvalidInputError(
            "crisis mode needs at least one named approver", code="approvers_missing"
        )
    switch = Switch(
        version=version + 1,
        crisis_id=crisis_id,
        topic=topic,
        is_on=wish.is_on,
        approvers=tuple(wish.approvers),
        reason=wish.reason,
        actor_name=by.name,
        switched_at=uow.now,
    )
    if not await crises.add_switch(uow.connection, switch, actor_id=by.id):
        raise PreconditionFailedError("a switch was set by somebody else meanwhile")
    data = CrisisSwitched(
        stream_id=CRISES_STREAM,
        crisis_id=crisis_id,
        topic=topic,
        is_on=wish.is_on,
        actor=by,
        reason=wish.reason,
        switched_at=uow.now,
        approvers=tuple(wish.approvers),
    )
    event_id = derived_id("crisis_switched", switch.version)
    uow.publish(new_event(data, id=event_id, subject=crisis_id, time=uow.now))
    return switch
