"""Send what is due, once (R2): claim and commit; call the network outside any transaction; record.

A process that dies between claim and record leaves a lease behind; when it runs out the outcome is
unknown. Nothing here ever sends again what may have been sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, perf_counter

from common.db.unit_of_work import UnitOfWorkFactory, is_transient
from common.ids import IdFactory
from common.observability import metrics
from common.observability.logging import get_logger
from responder.domain.dispatches import Dispatch, Ending, Outcome, judge
from responder.gateways.channel import Channels
from responder.handlers.announce_outcome import announce
from responder.storage import dispatches
from responder.storage.dispatches import PlatformIdTakenError

LEASE = timedelta(seconds=60)
# Whoever has less of the lease left than this no longer starts a call: a process that was frozen
# in between must not send what somebody has decided on meanwhile.
_LEAST_LEFT_S = 30.0
_RECORD_TRIES = 6
_RECORD_PAUSE_S = 0.2
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A dispatch that is ours until `until` (monotonic seconds of this process)."""

    dispatch: Dispatch
    until: float


class SendReplies:
    """Claims due dispatches and delivers them; any number of these work side by side."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        channels: Channels,
        *,
        ids: IdFactory,
        lease: timedelta = LEASE,
    ) -> None:
        self._units = units
        self._channels = channels
        self._ids = ids
        self._lease = lease

    async def claim(self, limit: int) -> Sequence[Claimed]:
        """At most `limit` dispatches, now `sending` and committed as such."""
        until = monotonic() + self._lease.total_seconds()
        async with self._units.begin() as uow:
            due = await dispatches.claim_due(uow.connection, limit=limit, lease=self._lease)
        return [Claimed(dispatch, until) for dispatch in due]

    async def deliver(self, claimed: Claimed) -> Dispatch | None:
        """Call the network and record what is known; None where the lease ran out meanwhile.

        Raises only what the database raises after several tries; the dispatch then becomes
        unknown by its lease.
        """
        dispatch = claimed.dispatch
        outcome = await self._call(claimed)
        recorded = await self._record(dispatch, outcome)
        if recorded is None:
            # For the person who will have to decide: what we learned too late to write down.
            _log.warning(
                "dispatch_outcome_came_too_late",
                dispatch_id=str(dispatch.dispatch_id),
                outcome=outcome.ending.value,
            )
        return recorded

    async def _call(self, claimed: Claimed) -> Outcome:
        dispatch = claimed.dispatch
        if dispatch.content.hash != dispatch.content_hash:
            return Outcome(ending=Ending.REFUSED, error="other_bytes")
        channel = self._channels.find(dispatch.content.network)
        if channel is None:
            return Outcome(ending=Ending.REFUSED, error="no_channel")
        if claimed.until - monotonic() < min(_LEAST_LEFT_S, self._lease.total_seconds() / 2):
            return Outcome(ending=Ending.HELD_OFF, error="lease_nearly_over")
        began = perf_counter()
        try:
            return await channel.send(dispatch.content, idempotency_key=dispatch.idempotency_key)
        finally:
            metrics.RESPONDER_DISPATCH_SECONDS.labels(dispatch.content.network).observe(
                perf_counter() - began
            )

    async def _record(self, dispatch: Dispatch, outcome: Outcome) -> Dispatch | None:
        try:
            return await self._write_down(dispatch, outcome)
        except PlatformIdTakenError:
            return await self._write_down(
                dispatch, Outcome(ending=Ending.UNCLEAR, error="platform_id_taken")
            )

    async def _write_down(self, dispatch: Dispatch, outcome: Outcome) -> Dispatch | None:
        verdict = judge(outcome, attempt=dispatch.attempt)
        for attempt in range(1, _RECORD_TRIES + 1):
            try:
                async with self._units.begin() as uow:
                    recorded = await dispatches.record_outcome(
                        uow.connection, dispatch, outcome=outcome, verdict=verdict
                    )
                    if recorded is not None:
                        announce(uow, recorded, ids=self._ids)
                return recorded
            except Exception as error:
                # Worth some patience: an outcome that is not written down costs a person's time.
                if attempt == _RECORD_TRIES or not is_transient(error):
                    raise
                await asyncio.sleep(_RECORD_PAUSE_S * 2**attempt)
        raise AssertionError("the loop returns or raises")
