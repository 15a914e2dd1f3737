"""A department query and the case that answers for it: locked in one order, back to its asker."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from router.domain.claims import Person
from router.domain.configuration import Configuration
from router.domain.people import person_or_deputy
from router.domain.states import CaseState, CaseStep, allows
from router.handlers.move_case import move_cases, step
from router.handlers.watch_cases import LOOK_AGAIN, watch_cases
from router.storage import cases, department_queries
from router.storage.cases import LockedCase
from router.storage.configurations import Configurations
from router.storage.department_queries import QueryRow

UNKNOWN = "no such department query"


async def locked_query(
    uow: UnitOfWork, query_id: UUID, *, teams: Collection[str] | None
) -> QueryRow:
    """The query, its case locked before it."""
    seen = await department_queries.one(uow.connection, query_id, teams=teams)
    if seen is None:
        raise NotFoundError(UNKNOWN)
    await locked_case(uow, seen)
    return (await department_queries.lock(uow.connection, [query_id]))[query_id]


async def locked_case(uow: UnitOfWork, query: QueryRow) -> LockedCase:
    """The case that answers for the query: its own, or the one that this was merged into."""
    goes_on = await cases.survivors(uow.connection, [query.case_id])
    wanted = goes_on.get(query.case_id, query.case_id)
    return (await cases.lock(uow.connection, {wanted, query.case_id}))[wanted]


async def back_to_asker(
    configurations: Configurations,
    uow: UnitOfWork,
    query: QueryRow,
    *,
    reason: str,
    occasion: UUID,
) -> None:
    """The case waits for the asker now, or for who stands in for them (S32, S68)."""
    configuration = await configurations.in_force(uow.connection)
    case = await locked_case(uow, query)
    if allows(case.state, CaseStep.DEPARTMENT_ANSWERED):
        move = step(case, CaseStep.DEPARTMENT_ANSWERED, reason=reason, occasion=occasion)
        if move.to.state is CaseState.OPEN:
            owner = _whom(configuration, query.asked_by, uow)
            move = replace(move, to=replace(move.to, owner=owner))
        await move_cases(uow, [move])
    await watch_cases(
        configuration,
        uow,
        [case.case_id],
        terms=configuration.clocks.look_again,
        reason=LOOK_AGAIN,
    )


def _whom(configuration: Configuration, asker: Person, uow: UnitOfWork) -> Person:
    if asker.id not in configuration.people:
        return asker
    present = person_or_deputy(configuration.people, asker.id, now=uow.now)
    return asker if present is None else Person(present.id, present.name)
