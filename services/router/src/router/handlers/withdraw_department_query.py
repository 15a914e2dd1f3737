"""A question that nobody waits for any more, or that never arrived: back to its asker (S68)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError
from common.events.envelope import new_event
from common.events.router import DepartmentQueryUndelivered, DepartmentQueryWithdrawn
from common.ids import IdFactory, derived_id
from router.domain import departments
from router.domain.claims import Person
from router.domain.clock_ledger import EntryKind
from router.domain.department_letters import OutgoingMessage
from router.domain.departments import MessageKind, QueryState, QueryStep
from router.handlers import case_events, clock_steps
from router.handlers.ask_department import messages_for
from router.handlers.asked_case import back_to_asker, locked_query
from router.storage import clocks, department_messages, department_queries, department_query_changes
from router.storage.configurations import Configurations

WITHDRAWN = "The question to the department was withdrawn."
UNREACHED = "The department could not be reached."


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Who takes which question back, and why."""

    query_id: UUID
    by: Person
    teams: Collection[str] | None
    reason: str


async def withdraw_department_query(
    configurations: Configurations,
    uow: UnitOfWork,
    withdrawal: Withdrawal,
    *,
    new_id: IdFactory,
) -> None:
    """Nobody waits any more; who was asked in writing is told.

    Raises NotFoundError, ConflictError where it is answered already, InvalidInputError.
    """
    reason = withdrawal.reason.strip()
    if not reason:
        raise InvalidInputError("the reason must not be empty", code="reason_missing")
    query = await locked_query(uow, withdrawal.query_id, teams=withdrawal.teams)
    departments.after(query.state, QueryStep.WITHDRAW)
    await department_query_changes.withdraw(uow.connection, query.query_id)
    configuration = await configurations.in_force(uow.connection)
    asked = configuration.departments.get(query.department)
    if asked is not None:
        letters = messages_for(asked, query.query_id, [MessageKind.WITHDRAWAL])
        await department_messages.add(uow.connection, letters, at=uow.now)
    locked = await clocks.lock(uow.connection, [query.query_id])
    waived = [
        clock_steps.step(each, EntryKind.WAIVE, at=uow.now, reason=reason, by=withdrawal.by)
        for each in locked.values()
        if each.clock.awaits_reaction
    ]
    await clock_steps.take_steps(uow, waived)
    occasion = new_id()
    still_open = await department_queries.open_of_cases(uow.connection, [query.case_id])
    if query.case_id not in still_open:
        await back_to_asker(configurations, uow, query, reason=WITHDRAWN, occasion=occasion)
    uow.publish(
        new_event(
            DepartmentQueryWithdrawn(
                query_id=query.query_id,
                case_id=query.case_id,
                conversation_id=query.conversation_id,
                department=query.department,
                actor=case_events.actor(withdrawal.by),
                reason=reason,
            ),
            id=occasion,
            subject=query.case_id,
            time=uow.now,
        )
    )


async def undelivered(
    configurations: Configurations, uow: UnitOfWork, message: OutgoingMessage, error: str
) -> None:
    """A question never reached its department: its asker must find another way; the clock runs."""
    query = await locked_query(uow, message.query_id, teams=None)
    if message.kind != MessageKind.QUESTION or query.state is not QueryState.ASKED:
        return
    occasion = derived_id("router", "department_query_undelivered", message.message_id)
    await back_to_asker(configurations, uow, query, reason=UNREACHED, occasion=occasion)
    uow.publish(
        new_event(
            DepartmentQueryUndelivered(
                query_id=query.query_id,
                case_id=query.case_id,
                conversation_id=query.conversation_id,
                department=query.department,
                error=error,
                failed_at=uow.now,
            ),
            id=occasion,
            subject=query.case_id,
            time=uow.now,
        )
    )
