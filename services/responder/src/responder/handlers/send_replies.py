"""Send what is due, once (R2): claim and commit; freeze and commit; call the network outside any
transaction; record.

A process that dies on the way leaves a lease behind. Where the network knows a repeat from a second
post, the next attempt first looks for the reply and then sends the frozen bytes again; everywhere
else the outcome is unknown and nothing is ever sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic, perf_counter

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory, is_transient
from common.ids import IdFactory
from common.observability import metrics
from common.observability.logging import get_logger
from responder.domain import circuits
from responder.domain.channels import ReadBack
from responder.domain.circuits import Pace
from responder.domain.dispatches import (
    Dispatch,
    Ending,
    Frozen,
    Outcome,
    Repeat,
    Strain,
    judge,
)
from responder.gateways.channel import Channel, Channels, Finding
from responder.handlers.announce_outcome import announce
from responder.storage import channel_accounts, claims, dispatches
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingRules:
    """How replies are sent here: how long a claim holds, how long they can be withdrawn after the
    approval, and how fast each account (network, name) may be."""

    lease: timedelta = LEASE
    undo: timedelta = timedelta(0)
    paces: Mapping[tuple[str, str], Pace] = field(default_factory=dict)


class SendReplies:
    """Claims due dispatches and delivers them; any number of these work side by side."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        channels: Channels,
        *,
        ids: IdFactory,
        rules: SendingRules | None = None,
    ) -> None:
        self._units = units
        self._channels = channels
        self._ids = ids
        self._rules = rules or SendingRules()

    async def claim(self, limit: int) -> Sequence[Claimed]:
        """At most `limit` dispatches, now `sending` and committed as such."""
        rules = self._rules
        until = monotonic() + rules.lease.total_seconds()
        async with self._units.begin() as uow:
            due = await claims.claim_due(
                uow.connection,
                limit=limit,
                lease=rules.lease,
                now=uow.now,
                undo=rules.undo,
                paces=rules.paces,
            )
        return [Claimed(dispatch, until) for dispatch in due]

    async def deliver(self, claimed: Claimed) -> Dispatch | None:
        """Call the network and record what is known; None where the lease ran out meanwhile.

        Raises only what the database raises after several tries; what becomes of the dispatch is
        then decided by its lease.
        """
        dispatch = claimed.dispatch
        outcome = await self._attempt(claimed)
        if outcome is None:
            return None
        recorded = await self._record(dispatch, outcome)
        if recorded is None:
            # For the person who will have to decide: what we learned too late to write down.
            _log.warning(
                "dispatch_outcome_came_too_late",
                dispatch_id=str(dispatch.dispatch_id),
                outcome=outcome.ending.value,
            )
        return recorded

    async def _attempt(self, claimed: Claimed) -> Outcome | None:
        """What the attempt came to; None where the claim is no longer ours."""
        dispatch = claimed.dispatch
        if dispatch.content.hash != dispatch.content_hash:
            return Outcome(ending=Ending.REFUSED, error="other_bytes")
        channel = self._channels.find(dispatch.content.network)
        if channel is None:
            return Outcome(ending=Ending.REFUSED, error="no_channel")
        if not self._has_time(claimed):
            return Outcome(ending=Ending.HELD_OFF, error="lease_nearly_over")
        began = perf_counter()
        try:
            frozen = await self._frozen(dispatch, channel)
            if frozen is None or isinstance(frozen, Outcome):
                return frozen
            if not self._has_time(claimed):
                return Outcome(ending=Ending.HELD_OFF, error="lease_nearly_over")
            return await self._call(dispatch, channel, frozen)
        finally:
            metrics.RESPONDER_DISPATCH_SECONDS.labels(dispatch.content.network).observe(
                perf_counter() - began
            )

    def _has_time(self, claimed: Claimed) -> bool:
        least = min(_LEAST_LEFT_S, self._rules.lease.total_seconds() / 2)
        return claimed.until - monotonic() >= least

    async def _frozen(self, dispatch: Dispatch, channel: Channel) -> Frozen | Outcome | None:
        """What is sent on every attempt, made at the first one and kept before anything leaves."""
        if dispatch.frozen is not None:
            return dispatch.frozen
        frozen = await channel.prepare(dispatch)
        if isinstance(frozen, Outcome) or not channel.capabilities.repeats_are_harmless:
            return frozen
        async with self._units.begin() as uow:
            is_ours = await dispatches.freeze(uow.connection, dispatch, frozen)
        return frozen if is_ours else None

    async def _call(self, dispatch: Dispatch, channel: Channel, frozen: Frozen) -> Outcome:
        account = dispatch.content.account
        outcome: Outcome | None = None
        if dispatch.is_in_doubt:
            outcome = await _look_first(channel, frozen, account)
        if outcome is None:
            outcome = await channel.send(frozen, account=account)
        if outcome.ending is not Ending.SENT or outcome.platform_id is None:
            return outcome
        seen = await channel.observe(frozen, outcome.platform_id, account=account)
        return replace(outcome, visibility=seen.visibility, reach=seen.reach)

    async def _record(self, dispatch: Dispatch, outcome: Outcome) -> Dispatch | None:
        try:
            return await self._write_down(dispatch, outcome)
        except PlatformIdTakenError:
            return await self._write_down(
                dispatch, Outcome(ending=Ending.UNCLEAR, error="platform_id_taken")
            )

    async def _write_down(self, dispatch: Dispatch, outcome: Outcome) -> Dispatch | None:
        channel = self._channels.find(dispatch.content.network)
        harmless = channel is not None and channel.capabilities.repeats_are_harmless
        verdict = judge(
            outcome,
            attempt=dispatch.attempt,
            repeat=Repeat.HARMLESS if harmless else Repeat.NEVER,
            before=dispatch,
        )
        if channel is not None and verdict.is_in_doubt and verdict.delay is not None:
            settled = max(verdict.delay, channel.capabilities.settles_within)
            verdict = replace(verdict, delay=settled)
        for attempt in range(1, _RECORD_TRIES + 1):
            try:
                async with self._units.begin() as uow:
                    recorded = await dispatches.record_outcome(
                        uow.connection, dispatch, outcome=outcome, verdict=verdict
                    )
                    if recorded is not None:
                        await announce(uow, recorded, ids=self._ids)
                    await _strain_account(uow, dispatch, outcome)
                return recorded
            except Exception as error:
                # Worth some patience: an outcome that is not written down costs a person's time.
                if attempt == _RECORD_TRIES or not is_transient(error):
                    raise
                await asyncio.sleep(_RECORD_PAUSE_S * 2**attempt)
        raise AssertionError("the loop returns or raises")


async def _look_first(channel: Channel, frozen: Frozen, account: str) -> Outcome | None:
    """An earlier attempt may have worked: SENT where it did, None where it may be made again."""
    found = await channel.find(frozen, account=account)
    if found.finding is Finding.PRESENT:
        return Outcome(ending=Ending.SENT, platform_id=found.platform_id)
    can = channel.capabilities
    if found.finding is Finding.CANNOT_TELL and can.read_back is ReadBack.BY_ID:
        # It could be looked for, only not now: rather later than twice.
        return Outcome(ending=Ending.HELD_OFF, error="cannot_look", strain=Strain.TROUBLE)
    return None


async def _strain_account(uow: UnitOfWork, dispatch: Dispatch, outcome: Outcome) -> None:
    """Let the account know what this attempt says about it; free where it says nothing new."""
    name = (dispatch.content.network, dispatch.content.account)
    if outcome.strain is Strain.NONE:
        proves = outcome.ending in (Ending.SENT, Ending.REFUSED)
        if not proves or not await channel_accounts.is_troubled(uow.connection, name):
            return
    (account,) = await channel_accounts.lock_accounts(uow.connection, [name])
    strained = circuits.after(account, outcome, now=uow.now)
    if strained != account:
        await channel_accounts.keep_account(uow.connection, strained)
        if strained.blocked_by is not account.blocked_by and strained.blocked_by is not None:
            _log.warning(
                "account_held_back",
                network=name[0],
                why=strained.blocked_by.value,
                error=outcome.error,
            )
