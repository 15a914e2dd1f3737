"""Ask a department: a complete question, its clock, its letter, and a case that waits (S38, S67).

Several queries of one case run side by side, each with a clock and a deadline of its own. Whoever
asks becomes responsible for the case: the answer comes back to them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.events.envelope import Event, new_event
from common.events.router import DepartmentQueryAsked, DepartmentQueryReminded
from common.ids import IdFactory, derived_id
from common.timers.store import DueTimer
from router.domain import departments
from router.domain.claims import Person, refuse_other_holder
from router.domain.clocks import DEPARTMENT, ClockTerms
from router.domain.configuration import Configuration
from router.domain.departments import Channel, Department, MessageKind, QueryState
from router.domain.states import CaseStep
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.clock_steps import new_clock, start_clocks
from router.handlers.lock_case import lock_case, refuse_stale
from router.handlers.move_case import move_cases, step
from router.handlers.ring_clocks import warn_clocks
from router.storage import department_messages, department_queries, department_query_changes, issues
from router.storage.cases import LockedCase
from router.storage.clocks import NewClock
from router.storage.configurations import Configurations
from router.storage.department_messages import NewMessage
from router.storage.department_queries import Post, QueryRow
from router.storage.department_query_changes import NewQuery

NewToken = Callable[[], str]
"""Makes a secret that an answer by mail must carry: `q-` and at least 20 letters and digits."""

_REASON = "A department was asked."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to know, from whom, until when (None: what the configuration says)."""

    department: str
    text: str
    link: str | None
    reach: int | None
    priority: str
    deadline_hours: float | None
    is_free_wording_allowed: bool
    issue_id: UUID | None


async def ask_department(
    configurations: Configurations,
    uow: UnitOfWork,
    command: CaseCommand,
    wish: Wish,
    *,
    new_id: IdFactory,
    new_token: NewToken,
) -> UUID:
    """Ask; the id of the query. Its clock runs from now on, and the case waits.

    Raises NotFoundError (case, department, issue), InvalidInputError where link or reach is
    unknown, ConflictError (somebody else holds the case, or it is closed), PreconditionFailedError.
    """
    configuration = await configurations.in_force(uow.connection)
    department = departments.department(configuration.departments, wish.department)
    case = await lock_case(uow, command.case_id, teams=command.teams)
    refuse_other_holder(case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    if wish.issue_id is not None:
        await _refuse_foreign_issue(uow, case.case_id, wish.issue_id)
    query_id = new_id()
    move = step(case, CaseStep.ASK_DEPARTMENT, reason=_REASON, occasion=query_id, actor=command.by)
    query, clock = _begin(
        configuration,
        case,
        _Asked(wish, department, command.by, uow.now, query_id, new_token()),
        await department_queries.post_of(uow.connection, case.case_id),
    )
    await department_query_changes.add(uow.connection, query)
    await department_messages.add(
        uow.connection,
        messages_for(department, query_id, [MessageKind.QUESTION]),
        at=uow.now,
    )
    await start_clocks(uow, [clock], teams={case.case_id: case.team})
    await move_cases(uow, [replace(move, to=replace(move.to, owner=command.by))])
    uow.publish(
        new_event(
            DepartmentQueryAsked(
                query_id=query_id,
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                department=department.id,
                question=query.question.text,
                link=query.question.link,
                reach=query.question.reach,
                priority=query.question.priority.value,
                due_at=query.due_at,
                actor=case_events.actor(command.by),
                is_free_wording_allowed=wish.is_free_wording_allowed,
                issue_id=wish.issue_id,
            ),
            id=derived_id("router", "department_query_asked", query_id),
            subject=case.case_id,
            time=uow.now,
        )
    )
    return query_id


async def remind_departments(
    configurations: Configurations, uow: UnitOfWork, timers: Sequence[DueTimer]
) -> None:
    """The time of department clocks is nearly over: warn our own, remind contact and deputy (S51).

    A clock's id is its query's, so that one timer finds both.
    """
    await warn_clocks(uow, timers)
    locked = await department_queries.lock(uow.connection, [timer.owner_id for timer in timers])
    waiting = [
        query
        for query in locked.values()
        if query.state is QueryState.ASKED and query.reminded_at is None
    ]
    if not waiting:
        return
    directory = (await configurations.in_force(uow.connection)).departments
    for query in waiting:
        department = directory.get(query.department)
        kinds = [MessageKind.REMINDER, MessageKind.DEPUTY_REMINDER]
        messages = [] if department is None else messages_for(department, query.query_id, kinds)
        await department_messages.add(uow.connection, messages, at=uow.now)
        uow.publish(*(_reminded(query, kind, uow) for kind in _told(department, messages)))
    await department_query_changes.reminded(
        uow.connection, [query.query_id for query in waiting], at=uow.now
    )


def messages_for(
    department: Department, query_id: UUID, kinds: Collection[MessageKind]
) -> list[NewMessage]:
    """What is to be sent; nothing to a department that looks for its queries itself.

    A reminder goes to the contact person where there is one, the deputy's to the deputy.
    """
    if department.channel is Channel.API:
        return []
    messages = []
    for kind in kinds:
        name, address = department.contact.name, department.address
        if kind is MessageKind.DEPUTY_REMINDER:
            if department.deputy is None:
                continue
            name = department.deputy.name
            address = department.deputy.address
        elif kind is MessageKind.REMINDER and department.channel is Channel.MAIL:
            address = department.contact.address or address
        if department.channel is Channel.WEBHOOK:
            address = department.address
        if address is not None:
            messages.append(
                NewMessage(
                    message_id=derived_id("router", "department_message", query_id, kind),
                    query_id=query_id,
                    kind=kind,
                    channel=department.channel,
                    address=address,
                    recipient=name,
                    department_name=department.name,
                )
            )
    return messages


@dataclass(frozen=True, slots=True)
class _Asked:
    wish: Wish
    department: Department
    by: Person
    at: datetime
    query_id: UUID
    token: str


def _begin(
    configuration: Configuration, case: LockedCase, asked: _Asked, post: Post
) -> tuple[NewQuery, NewClock]:
    wish = asked.wish
    clock = new_clock(
        clock_id=asked.query_id,
        case=(case.case_id, case.conversation_id),
        kind=DEPARTMENT,
        terms=_terms(
            departments.terms_of(configuration.clocks.department, asked.department),
            wish.deadline_hours,
        ),
        version=configuration.version,
        started_at=asked.at,
        subject_id=asked.query_id,
        reason=_REASON,
        actor_id=asked.by.id,
        actor_name=asked.by.name,
    )
    query = NewQuery(
        query_id=asked.query_id,
        case_id=case.case_id,
        conversation_id=case.conversation_id,
        issue_id=wish.issue_id,
        department=wish.department,
        question=departments.question(
            wish.text,
            link=wish.link or post.link,
            reach=post.reach if wish.reach is None else wish.reach,
            priority=wish.priority,
        ),
        is_free_wording_allowed=wish.is_free_wording_allowed,
        configuration_version=configuration.version,
        asked_by=asked.by,
        asked_at=asked.at,
        remind_at=clock.warn_at,
        due_at=clock.due_at,
        reply_token=asked.token,
    )
    return query, clock


def _terms(usual: ClockTerms, hours: float | None) -> ClockTerms:
    """The configured terms, or the same kind of hours with another length."""
    return usual if hours is None else replace(usual, duration=timedelta(hours=hours))


async def _refuse_foreign_issue(uow: UnitOfWork, case_id: UUID, issue_id: UUID) -> None:
    if all(issue.issue_id != issue_id for issue in await issues.of_case(uow.connection, case_id)):
        raise NotFoundError("no such issue in this case")


def _told(department: Department | None, messages: Sequence[NewMessage]) -> list[str]:
    """Whom a reminder reaches. Who looks for its queries itself sees it there."""
    if department is None or department.channel is Channel.API:
        return ["contact"]
    words = {MessageKind.REMINDER: "contact", MessageKind.DEPUTY_REMINDER: "deputy"}
    return [words[message.kind] for message in messages]


def _reminded(query: QueryRow, recipient: str, uow: UnitOfWork) -> Event[DepartmentQueryReminded]:
    return new_event(
        DepartmentQueryReminded(
            query_id=query.query_id,
            case_id=query.case_id,
            conversation_id=query.conversation_id,
            department=query.department,
            recipient=recipient,
            due_at=query.due_at,
            reminded_at=uow.now,
        ),
        id=derived_id("router", "department_query_reminded", query.query_id, recipient),
        subject=query.case_id,
        time=uow.now,
    )
