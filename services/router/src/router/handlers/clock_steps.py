"""Steps of clocks, written: ledger line, row, timers, the case's next dates, and the events.

Every use case that starts, pauses or ends a clock comes through here, so that a clock and its
timers can never say different things. The caller holds the locks of case and clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event
from common.observability import metrics
from common.timers import store as timers
from common.timers.store import NewTimer
from router.domain.claims import Person
from router.domain.clock_ledger import Entry, EntryKind, apply
from router.domain.clocks import (
    FIRST_REACTION,
    FOLLOW_UP,
    ClockState,
    ClockTerms,
    stop,
)
from router.handlers import clock_events
from router.storage import clock_changes, clocks
from router.storage.clock_changes import Change
from router.storage.clocks import CaseClock, NewClock

_REARMING = frozenset({EntryKind.RESUME, EntryKind.REPLAN})
_SILENCING = frozenset({EntryKind.PAUSE, EntryKind.STOP, EntryKind.WAIVE})


def new_clock(
    *,
    clock_id: UUID,
    case: tuple[UUID, UUID],
    kind: str,
    terms: ClockTerms,
    version: int,
    started_at: datetime,
    **more: Any,
) -> NewClock:
    """A clock with its deadlines computed. `case` is (case_id, conversation_id)."""
    return NewClock(
        clock_id=clock_id,
        case_id=case[0],
        conversation_id=case[1],
        kind=kind,
        terms=terms,
        posted_at=more.pop("posted_at", started_at),
        started_at=started_at,
        warn_at=terms.warn_at(started_at),
        due_at=terms.due_at(started_at),
        configuration_version=version,
        **more,
    )


async def start_clocks(
    uow: UnitOfWork, new: Sequence[NewClock], *, teams: Mapping[UUID, str] | None = None
) -> None:
    """Store clocks that begin, and arm their timers.

    With `teams` (by case) each is told; without, the event that began it tells of it.
    """
    if not new:
        return
    await clocks.start(uow.connection, new, now=uow.now)
    await timers.arm(uow.connection, [timer for clock in new for timer in _timers_of_new(clock)])
    for kind, number in Counter(clock.kind for clock in new).items():
        metrics.ROUTER_CLOCKS_STARTED_TOTAL.labels(kind).inc(number)
    if teams is not None:
        await clocks.refresh_cases(uow.connection, [clock.case_id for clock in new])
        uow.publish(
            *(
                clock_events.started(clock, team=teams[clock.case_id], now=uow.now)
                for clock in new
                if clock.kind != FOLLOW_UP
            )
        )


def step(case: CaseClock, kind: EntryKind, *, at: datetime, reason: str, **more: Any) -> Change:
    """One entry applied; `by` (a Person) may stand among `more`. Raises as `apply` does."""
    by: Person | None = more.pop("by", None)
    dispatch_id: UUID | None = more.pop("dispatch_id", None)
    entry = Entry(
        kind=kind,
        at=at,
        reason=reason,
        actor_id=by.id if by else None,
        actor_name=by.name if by else None,
        **more,
    )
    effect = stop(case.clock, sent_at=at) if kind is EntryKind.STOP else None
    return Change(
        before=case,
        after=apply(case.clock, entry),
        entry=entry,
        stop=effect,
        dispatch_id=dispatch_id,
    )


def follow_on(change: Change) -> CaseClock:
    """The clock after a change, for the next one in the same transaction."""
    before = change.before
    return CaseClock(before.case_id, before.conversation_id, before.team, change.after)


async def take_steps(
    uow: UnitOfWork,
    changes: Sequence[Change],
    *,
    causes: Mapping[UUID, Event[Any]] | None = None,
) -> None:
    """Write changes, one per clock, in the order of their events. `causes`: by case."""
    if not changes:
        return
    await clock_changes.save(uow.connection, changes, now=uow.now)
    await _set_timers(uow, changes)
    await clocks.refresh_cases(uow.connection, [change.before.case_id for change in changes])
    for change in changes:
        cause = causes.get(change.before.case_id) if causes else None
        uow.publish(*clock_events.of(change, now=uow.now, cause=cause))
        _count(change)


async def _set_timers(uow: UnitOfWork, changes: Sequence[Change]) -> None:
    silent = [change for change in changes if change.entry.kind in _SILENCING]
    await timers.cancel(
        uow.connection, [change.after.clock_id for change in silent], _kinds_of(silent)
    )
    moved = [follow_on(change) for change in changes if change.entry.kind in _REARMING]
    await timers.arm(uow.connection, [timer for case in moved for timer in timers_of_running(case)])


def _kinds_of(changes: Sequence[Change]) -> list[str]:
    kinds = {change.after.kind for change in changes}
    return [f"{kind}_{bell}" for kind in sorted(kinds) for bell in ("warn", "breach")]


def timers_of_running(case: CaseClock) -> list[NewTimer]:
    """The timers that a running clock needs; none for any other."""
    clock = case.clock
    if clock.state is not ClockState.RUNNING:
        return []
    wanted = {"breach": clock.due_at}
    if clock.warned_at is None:
        wanted["warn"] = clock.warn_at
    return [
        NewTimer(
            owner_id=clock.clock_id,
            conversation_id=case.conversation_id,
            kind=f"{clock.kind}_{bell}",
            due_at=due_at,
        )
        for bell, due_at in wanted.items()
        if due_at is not None
    ]


def _timers_of_new(clock: NewClock) -> tuple[NewTimer, NewTimer]:
    return (
        NewTimer(
            owner_id=clock.clock_id,
            conversation_id=clock.conversation_id,
            kind=f"{clock.kind}_warn",
            due_at=clock.warn_at,
        ),
        NewTimer(
            owner_id=clock.clock_id,
            conversation_id=clock.conversation_id,
            kind=f"{clock.kind}_breach",
            due_at=clock.due_at,
        ),
    )


def _count(change: Change) -> None:
    kind, entry = change.after.kind, change.entry.kind
    if entry is EntryKind.WARN:
        metrics.ROUTER_CLOCKS_WARNED_TOTAL.labels(kind).inc()
    elif entry is EntryKind.BREACH:
        metrics.ROUTER_CLOCKS_BREACHED_TOTAL.labels(kind).inc()
    elif entry is EntryKind.STOP and change.stop is not None:
        outcome = "met" if change.stop.was_met else "missed"
        metrics.ROUTER_CLOCKS_STOPPED_TOTAL.labels(kind, outcome).inc()
        if kind == FIRST_REACTION:
            metrics.ROUTER_FIRST_REACTION_SECONDS.observe(change.stop.seconds_since_detected)
