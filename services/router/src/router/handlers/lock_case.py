"""Lock one case for a person's command: seen by them, and in the version that they saw."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError, PreconditionFailedError
from router.storage import cases
from router.storage.cases import LockedCase


async def lock_case(uow: UnitOfWork, case_id: UUID, *, teams: Collection[str] | None) -> LockedCase:
    """The case with its row locked. `teams` are those whose cases the person may see, None: all.

    Raises NotFoundError also for a case that they may not see: they learn nothing of it.
    """
    case = (await cases.lock(uow.connection, [case_id], teams=teams)).get(case_id)
    if case is None:
        raise NotFoundError("no such case")
    return case


def refuse_stale(case: LockedCase, *, expected: int | None) -> None:
    """PreconditionFailedError when the person saw another version; None asks nothing."""
    if expected is not None and expected != case.version:
        raise PreconditionFailedError(
            "the case has changed since you saw it", details={"version": case.version}
        )
