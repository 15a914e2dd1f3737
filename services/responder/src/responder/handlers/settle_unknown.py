"""What becomes of a dispatch of which nobody knows whether it reached the network (R2).

Three ways lead on, and none sends: a lease that ran out makes it unknown, reading the thread back
may find it, a person may decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import ConflictError, NotFoundError
from common.ids import IdFactory
from common.observability.logging import get_logger
from responder.domain import dispatches as rules
from responder.domain import drafts as person_rules
from responder.domain.channels import ReadBack
from responder.domain.dispatches import Dispatch, Ending, Frozen, Outcome
from responder.domain.persons import Person
from responder.domain.read_back import find_reply, what_was_found
from responder.gateways.channel import (
    ANY_NETWORK,
    Channel,
    Channels,
    Finding,
    ThreadUnreadableError,
)
from responder.handlers.announce_outcome import announce
from responder.storage import dispatches, settling

# How long after the attempt a network may still publish what it had taken in.
_WINDOW = timedelta(minutes=10)
_READ_BACK = Person("read_back", "read-back")
_BATCH = 100
# How long what a dead dispatcher had begun may take to show, before somebody looks for it.
_SETTLE = timedelta(seconds=2)
_log = get_logger()


async def expire_leases(uow: UnitOfWork, *, ids: IdFactory, repeatable: Sequence[str] = ()) -> int:
    """Sendings whose dispatcher never came back become unknown; returns how many.

    On the `repeatable` networks they wait for another attempt, which looks first.
    """
    late = await settling.expire_leases(
        uow.connection, limit=_BATCH, repeatable=repeatable, pause=_SETTLE
    )
    for dispatch in late:
        await announce(uow, dispatch, ids=ids)
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

    Raises NotFoundError, ConflictError `not_unknown` or `post_taken`, ForbiddenError for service
    accounts.
    """
    person_rules.require_human(by)
    dispatch = await dispatches.lock_dispatch(uow.connection, dispatch_id)
    if dispatch is None:
        raise NotFoundError("no such dispatch")
    rules.require_unknown(dispatch)
    await _require_own_post(uow, dispatch.content.network, outcome.platform_id)
    settled = await settling.resolve(
        uow.connection, dispatch_id, outcome=outcome, by=by, resolution=reason
    )
    assert settled is not None, "locked above"
    await announce(uow, settled, ids=ids)
    return settled


async def _require_own_post(uow: UnitOfWork, network: str, platform_id: str | None) -> None:
    """One post is no proof of two replies, for a person as for the read-back."""
    wanted = [platform_id] if platform_id is not None else []
    if await settling.taken_platform_ids(uow.connection, network, platform_ids=wanted):
        raise ConflictError(
            "the ledger holds this post for another reply: give the id of the post that carries"
            " this one, or `failed` if there is none",
            code="post_taken",
        )


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
            due = await settling.claim_to_look_up(
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
            if channel.read_back is not ReadBack.NONE
        ]
        return None if ANY_NETWORK in readable else readable

    async def _look_up(self, dispatch: Dispatch) -> int:
        channel = self._channels.find(dispatch.content.network)
        if channel is None or dispatch.sending_at is None:
            return 0
        if dispatch.frozen is not None and channel.capabilities.read_back is ReadBack.BY_ID:
            return await self._look_by_id(dispatch, channel, dispatch.frozen)
        try:
            posts = await channel.read_thread(dispatch.content)
        except ThreadUnreadableError as error:
            _log.info("thread_unreadable", dispatch_id=str(dispatch.dispatch_id), why=str(error))
            await self._note(dispatch, [{"looked": "thread", "unreadable": str(error)}])
            return 0
        async with self._units.begin() as uow:
            taken = await settling.taken_platform_ids(
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
            if post is not None:
                return await self._settle(uow, dispatch, post.platform_id, "found in the thread")
            near = what_was_found(dispatch.content, posts, taken=taken)
            await settling.note_findings(uow.connection, dispatch.dispatch_id, near)
        return 0

    async def _look_by_id(self, dispatch: Dispatch, channel: Channel, frozen: Frozen) -> int:
        found = await channel.find(frozen, account=dispatch.content.account)
        if found.finding is not Finding.PRESENT or found.platform_id is None:
            await self._note(dispatch, [{"looked": "by_id", "found": found.finding.value}])
            return 0
        async with self._units.begin() as uow:
            return await self._settle(uow, dispatch, found.platform_id, "found by its own id")

    async def _settle(self, uow: UnitOfWork, dispatch: Dispatch, platform_id: str, how: str) -> int:
        settled = await settling.resolve(
            uow.connection,
            dispatch.dispatch_id,
            outcome=Outcome(ending=Ending.SENT, platform_id=platform_id),
            by=_READ_BACK,
            resolution=how,
        )
        if settled is None:
            return 0
        await announce(uow, settled, ids=self._ids)
        return 1

    async def _note(self, dispatch: Dispatch, findings: Sequence[Mapping[str, Any]]) -> None:
        async with self._units.begin() as uow:
            await settling.note_findings(uow.connection, dispatch.dispatch_id, findings)
