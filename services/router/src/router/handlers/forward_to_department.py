"""What the responder promised to forward becomes a question to the department (S44, S83).

The customer is told that we forward it, so this must not fail silently: where the department does
not exist or cannot be asked, the case comes back to who forwarded it, at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from common.db.unit_of_work import UnitOfWork
from common.errors import DomainError
from common.events.envelope import Event
from common.events.responder import ForwardRequested
from common.ids import derived_id
from router.domain.claims import Person
from router.domain.departments import QUESTION_LENGTH, Priority
from router.domain.follow_ups import FollowUp, Source
from router.handlers.ask_department import NewToken, Wish, ask_department
from router.handlers.claim_case import CaseCommand
from router.handlers.plan_follow_up import Planned, plan
from router.storage import cases, department_queries, follow_ups
from router.storage.configurations import Configurations

_SOON = timedelta(seconds=1)


async def forward_to_departments(
    configurations: Configurations,
    new_token: NewToken,
    uow: UnitOfWork,
    events: Sequence[Event[ForwardRequested]],
) -> None:
    """Ask for each; a forward that was asked before changes nothing."""
    for event in events:
        await _forward(configurations, new_token, uow, event)


async def _forward(
    configurations: Configurations,
    new_token: NewToken,
    uow: UnitOfWork,
    event: Event[ForwardRequested],
) -> None:
    said = event.data
    query_id = derived_id("router", "forward", said.forward_id)
    if await department_queries.one(uow.connection, query_id, teams=None) is not None:
        return
    case_id = (await cases.survivors(uow.connection, [said.case_id])).get(
        said.case_id, said.case_id
    )
    by = Person(said.actor.id, said.actor.name)
    post = await department_queries.post_of(uow.connection, case_id)
    wish = Wish(
        department=said.department,
        text=said.matter[:QUESTION_LENGTH],
        link=post.link or f"urn:uuid:{case_id}",
        reach=post.reach or 0,
        priority=Priority.NORMAL.value,
        deadline_hours=None,
        is_free_wording_allowed=True,
        issue_id=None,
    )
    command = CaseCommand(case_id=case_id, by=by, teams=None)
    try:
        # Whatever it refuses, it refuses before it writes or publishes anything.
        await ask_department(
            configurations, uow, command, wish, new_id=lambda: query_id, new_token=new_token
        )
    except DomainError as error:
        await _give_back(configurations, uow, event, command, why=error.code)


async def _give_back(
    configurations: Configurations,
    uow: UnitOfWork,
    event: Event[ForwardRequested],
    command: CaseCommand,
    *,
    why: str,
) -> None:
    """Whoever promised it must do it in another way: a follow-up that is due now."""
    case = (await cases.lock(uow.connection, [command.case_id])).get(command.case_id)
    follow_up_id = derived_id("router", "forward_failed", event.data.forward_id)
    if case is None or await follow_ups.lock(uow.connection, [follow_up_id]):
        return
    follow_up = FollowUp(
        follow_up_id=follow_up_id,
        case_id=case.case_id,
        source=Source.PROMISE,
        reason=f"The forward to {event.data.department} was not possible ({why}).",
        owner=command.by,
        due_at=uow.now + _SOON,
    )
    await plan(
        await configurations.in_force(uow.connection),
        uow,
        [
            Planned(
                follow_up=follow_up,
                conversation_id=case.conversation_id,
                team=case.team,
                cause=event,
            )
        ],
    )
