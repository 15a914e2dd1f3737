"""A department's answer brings the case back to whoever asked, with a choice (S51, S68).

It counts when it arrives here. A second answer to the same question is refused, a repetition of
the same mail or webhook is not even noticed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, NotFoundError
from common.events.envelope import Event, new_event
from common.events.router import DepartmentQueryAnswered, NextStepChosen
from common.ids import IdFactory
from router.domain import departments
from router.domain.claims import Person
from router.domain.clock_ledger import EntryKind
from router.domain.departments import NextStep, QueryState, QueryStep, may_see
from router.domain.states import CaseStep
from router.handlers import case_events, clock_steps
from router.handlers.asked_case import UNKNOWN, back_to_asker, locked_case, locked_query
from router.handlers.move_case import move_cases, step
from router.storage import clocks, department_queries, department_query_changes
from router.storage.configurations import Configurations
from router.storage.department_queries import QueryRow

ANSWERED = "The department answered."
WAITS = "Another department still owes its answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer as it came; `departments`, `teams`: whose queries its sender may see (None: all).

    `message_key` names the mail or webhook that brought it.
    """

    query_id: UUID
    text: str
    answered_by: str
    via: str
    departments: Collection[str] | None
    teams: Collection[str] | None
    message_key: str | None = None


async def answer_department_query(
    configurations: Configurations, uow: UnitOfWork, received: Received, *, new_id: IdFactory
) -> bool:
    """Take the answer; False for a mail or webhook that was taken before.

    A second mail about the same question is added to the answer. Raises NotFoundError,
    InvalidInputError for an empty answer, ConflictError where it is answered already.
    """
    said = departments.answer(received.text)
    query = await locked_query(uow, received.query_id, teams=received.teams)
    if not may_see(query.department, departments=received.departments):
        raise NotFoundError(UNKNOWN)
    key = received.message_key
    if key is not None and not await department_query_changes.first_seen(
        uow.connection, key, query.query_id, at=uow.now
    ):
        return False
    if query.state is QueryState.ANSWERED and received.via == "mail":
        await department_query_changes.add_to_answer(uow.connection, query.query_id, said)
    else:
        departments.after(query.state, QueryStep.ANSWER)
        await department_query_changes.answer(
            uow.connection,
            query.query_id,
            said,
            answered_by=received.answered_by,
            via=received.via,
            at=uow.now,
        )
        await _stop_clock(uow, query.query_id)
    occasion = new_id()
    await back_to_asker(configurations, uow, query, reason=ANSWERED, occasion=occasion)
    uow.publish(_answered(query, received, said, now=uow.now, id=occasion))
    return True


async def choose_next_step(
    uow: UnitOfWork,
    query_id: UUID,
    next_step: NextStep,
    *,
    by: Person,
    teams: Collection[str] | None,
    new_id: IdFactory,
) -> None:
    """Record what is done with the answer; `wait` lets the case wait for the other departments.

    Raises NotFoundError, ConflictError (no answer yet, chosen already, nothing to wait for).
    """
    query = await locked_query(uow, query_id, teams=teams)
    if query.state is not QueryState.ANSWERED:
        raise ConflictError("there is no answer yet", code="query_is_not_answered")
    if query.next_step is not None:
        raise ConflictError(
            f"{query.next_step_by_name} has chosen already: {query.next_step}",
            code="next_step_is_chosen",
        )
    occasion = new_id()
    await department_query_changes.choose(uow.connection, query_id, next_step, by=by, at=uow.now)
    if next_step is NextStep.WAIT:
        open_ones = await department_queries.open_of_cases(uow.connection, [query.case_id])
        if query.case_id not in open_ones:
            raise ConflictError("no other department owes an answer", code="nothing_to_wait_for")
        case = await locked_case(uow, query)
        await move_cases(
            uow, [step(case, CaseStep.ASK_DEPARTMENT, reason=WAITS, occasion=occasion, actor=by)]
        )
    uow.publish(
        new_event(
            NextStepChosen(
                query_id=query.query_id,
                case_id=query.case_id,
                conversation_id=query.conversation_id,
                next_step=next_step.value,
                actor=case_events.actor(by),
            ),
            id=occasion,
            subject=query.case_id,
            time=uow.now,
        )
    )


async def _stop_clock(uow: UnitOfWork, query_id: UUID) -> None:
    locked = await clocks.lock(uow.connection, [query_id])
    await clock_steps.take_steps(
        uow,
        [
            clock_steps.step(each, EntryKind.STOP, at=uow.now, reason=ANSWERED)
            for each in locked.values()
            if each.clock.awaits_reaction
        ],
    )


def _answered(
    query: QueryRow, received: Received, said: str, *, now: datetime, id: UUID
) -> Event[DepartmentQueryAnswered]:
    return new_event(
        DepartmentQueryAnswered(
            query_id=query.query_id,
            case_id=query.case_id,
            conversation_id=query.conversation_id,
            department=query.department,
            answer=said,
            answered_by=received.answered_by,
            via=received.via,
            answered_at=now,
            due_at=query.due_at,
            was_in_time=departments.was_in_time(answered_at=now, due_at=query.due_at),
            asked_by=case_events.actor(query.asked_by),
        ),
        id=id,
        subject=query.case_id,
        time=now,
    )
