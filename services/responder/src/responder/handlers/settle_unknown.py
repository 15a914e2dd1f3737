"""What becomes of a dispatch of which nobody knows whether it reached the network (R2).

Three ways lead on, and none sends: a lease that ran out makes it unknown, reading the thread back
may find it, a person may decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import NotFoundError
from common.ids import IdFactory
from common.observability.logging import get_logger
from responder.domain import dispatches as rules
from responder.domain import drafts as person_rules
from responder.domain.channels import ReadBack
from responder.domain.dispatches import Dispatch, Ending, Outcome
from responder.domain.persons import Person
from responder.domain.read_back import find_reply
from responder.gateways.channel import ANY_NETWORK, Channels, ThreadUnreadableError
from responder.handlers.announce_outcome import announce
from responder.storage import dispatches

# How long after the attempt a network may still publish what it had taken in.
_WINDOW = timedelta(minutes=10)
_READ_BACK = Person("read_back", "read-back")
_BATCH = 100
_log = get_logger()


async def expire_leases(uow: UnitOfWork, *, ids: IdFactory) -> int:
    """Sendings whose dispatcher never came back become unknown; returns how many."""
    late = await dispatches.expire_leases(uow.connection, limit=_BATCH)
    for dispatch in late:
        announce(uow, dispatch, ids=ids)
    return len(late)


async def decide_outcome(
    uow: UnitOfWork,
    dispatch_id: UUID,
    *,
    outcome: Outcome,
    by: Person,
    reason: str,
    ids: IdFactory,
) -> Dispatch:
    """A person settles it: SENT with the platform's id, or REFUSED.

    Raises NotFoundError, ConflictError `not_unknown`, ForbiddenError for service accounts.
    """
    person_rules.require_human(by)
    dispatch = await dispatches.lock_dispatch(uow.connection, dispatch_id)
    if dispatch is None:
        raise NotFoundError("no such dispatch")
    rules.require_unknown(dispatch)
    settled = await dispatches.resolve(
        uow.connection, dispatch_id, outcome=outcome, by=by, resolution=reason
    )
    assert settled is not None, "locked above"
    announce(uow, settled, ids=ids)
    return settled


class ReadBackReplies:
    """Looks for unknown replies in the threads they were meant for."""

    def __init__(self, units: UnitOfWorkFactory, channels: Channels, *, ids: IdFactory) -> None:
        self._units = units
        self._channels = channels
        self._ids = ids

    async def __call__(self) -> int:
        """Look once for those that are due; returns how many were found to be sent.

        What is not found stays unknown: absence proves nothing (RELIABILITY 9.5).
        """
        async with self._units.begin() as uow:
            due = await dispatches.claim_to_look_up(
                uow.connection, networks=self._readable(), limit=_BATCH
            )
        found = 0
        for dispatch in due:
            found += await self._look_up(dispatch)
        return found

    def _readable(self) -> Sequence[str] | None:
        readable = [
            channel.network
            for channel in self._channels.all()
            if channel.read_back is ReadBack.THREAD
        ]
        return None if ANY_NETWORK in readable else readable

    async def _look_up(self, dispatch: Dispatch) -> int:
        channel = self._channels.find(dispatch.content.network)
        if channel is None or dispatch.sending_at is None:
            return 0
        try:
            posts = await channel.read_thread(dispatch.content)
        except ThreadUnreadableError as error:
            _log.info("thread_unreadable", dispatch_id=str(dispatch.dispatch_id), why=str(error))
            return 0
        async with self._units.begin() as uow:
            taken = await dispatches.taken_platform_ids(
                uow.connection,
                dispatch.content.network,
                platform_ids=[post.platform_id for post in posts],
            )
            post = find_reply(
                dispatch.content,
                posts,
                since=dispatch.sending_at,
                until=dispatch.sending_at + _WINDOW,
                taken=taken,
            )
            if post is None:
                return 0
            settled = await dispatches.resolve(
                uow.connection,
                dispatch.dispatch_id,
                outcome=Outcome(ending=Ending.SENT, platform_id=post.platform_id),
                by=_READ_BACK,
                resolution="found in the thread",
            )
            if settled is None:
                return 0
            announce(uow, settled, ids=self._ids)
        return 1
