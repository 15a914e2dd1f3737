"""A new version of the configuration: running clocks follow it, and lose nothing (SPEC list, 6).

Walks through the open clocks once per version, slice by slice, one replica at a time. A clock
whose terms have changed gets a re-plan entry with old and new deadline and the version.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from router.domain.clock_ledger import EntryKind
from router.domain.clocks import (
    ANSWER,
    DEPARTMENT,
    FIRST_REACTION,
    Clock,
    ClockState,
    ClockTerms,
)
from router.domain.configuration import Configuration
from router.handlers.change_clock import terms_in_force
from router.handlers.clock_steps import step, take_steps
from router.storage import clocks, department_queries, sweep
from router.storage import configurations as configurations_of
from router.storage.clocks import CaseClock
from router.storage.configuration_document import parse
from router.storage.configurations import Configurations

SLICE = 500
_WALK = "replan"


async def replan_clocks(configurations: Configurations, units: UnitOfWorkFactory) -> int:
    """One slice of the walk; how many clocks it looked at. Nothing to do costs one query."""
    async with units.begin() as uow:
        configuration = await configurations.in_force(uow.connection)
        taken = await sweep.take(uow.connection, _WALK, now=uow.now)
        if taken is None or (taken[0] is None and taken[1] == configuration.version):
            return 0
        position, begun_for = taken
        if begun_for != configuration.version:
            position = None  # a newer version: from the beginning
        ids = await clocks.open_after(
            uow.connection, position, kinds=[FIRST_REACTION, ANSWER, DEPARTMENT], limit=SLICE
        )
        locked = await clocks.lock(uow.connection, ids)
        await _replan(configuration, uow, list(locked.values()))
        await sweep.move(
            uow.connection,
            _WALK,
            position=ids[-1] if len(ids) == SLICE else None,
            number=configuration.version,
            now=uow.now,
        )
    return len(ids)


async def _replan(
    configuration: Configuration, uow: UnitOfWork, cases: Sequence[CaseClock]
) -> None:
    versions = {case.clock.configuration_version for case in cases}
    earlier = await _earlier(uow, versions - {configuration.version, None})
    asked = await department_queries.departments_of(
        uow.connection, [case.clock.clock_id for case in cases if case.clock.kind == DEPARTMENT]
    )
    changes = []
    for case in cases:
        base = earlier.get(case.clock.configuration_version or 0)
        department = asked.get(case.clock.clock_id)
        terms = base and _new_terms(base, configuration, case.clock, department=department)
        if terms is not None:
            changes.append(
                step(
                    case,
                    EntryKind.REPLAN,
                    at=uow.now,
                    reason=f"Version {configuration.version} of the configuration.",
                    terms=terms,
                    configuration_version=configuration.version,
                )
            )
    await take_steps(uow, changes)


async def _earlier(uow: UnitOfWork, versions: Collection[int | None]) -> dict[int, Configuration]:
    found = {}
    for version in versions:
        stored = await configurations_of.stored(uow.connection, version)
        if stored is not None:
            found[stored.version] = parse(stored.document).configuration(stored.version)
    return found


def _new_terms(
    base: Configuration, now: Configuration, clock: Clock, *, department: str | None
) -> ClockTerms | None:
    """The terms that a clock planned under `base` gets; None where they have not changed.

    A clock that a person gave another time keeps that time.
    """
    if clock.state not in {ClockState.RUNNING, ClockState.PAUSED}:
        return None
    old, new = (terms_in_force(each, clock.kind, department=department) for each in (base, now))
    if old is None or new is None or old.fingerprint == new.fingerprint:
        return None
    is_own = clock.terms.duration != old.duration
    return replace(new, duration=clock.terms.duration) if is_own else new
