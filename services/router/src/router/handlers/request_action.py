"""Ask another system to do something for a customer, within what a role may give (S103)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError
from common.events.envelope import new_event
from common.events.router_company import ActionRequested
from common.ids import IdFactory, derived_id
from common.observability import metrics
from common.timers import store as timers
from common.timers.store import NewTimer
from router.domain.actions import acting_role, checked, kind_of
from router.domain.configuration import Configuration
from router.domain.states import CaseState
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.lock_case import lock_case, refuse_stale
from router.storage import actions
from router.storage.actions import NewAction

ACTION_TIMER = "action_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAction:
    """What a person wants to be done, and the roles they have."""

    name: str
    parameters: Mapping[str, Any]
    roles: Collection[str]


async def request_action(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    wanted: WantedAction,
    *,
    new_id: IdFactory,
) -> UUID:
    """The id of the action, which now waits for its system; it is due at a moment.

    Raises NotFoundError (case, action), InvalidInputError (parameters), ForbiddenError (role or
    limit: who may is told), ConflictError for a closed case, PreconditionFailedError.
    """
    kind = kind_of(configuration.actions, wanted.name)
    parameters = checked(kind, wanted.parameters)
    case = await lock_case(uow, command.case_id, teams=command.teams)
    refuse_stale(case, expected=command.expected_version)
    if case.state is CaseState.CLOSED:
        raise ConflictError("nothing is done in a closed case", code="case_is_closed")
    had = await actions.had(uow.connection, case.case_id, kind.name)
    role = acting_role(kind, wanted.roles, wanted=parameters, had=had)
    action = NewAction(
        action_id=new_id(),
        case_id=case.case_id,
        conversation_id=case.conversation_id,
        name=kind.name,
        system=kind.system,
        parameters=parameters,
        requested_at=uow.now,
        requested_by=command.by,
        requested_as=role,
        configuration_version=configuration.version,
        due_at=uow.now + kind.confirm_within,
    )
    await actions.add(uow.connection, action)
    await timers.arm(uow.connection, [_due(action)])
    _publish(uow, action)
    return action.action_id


def _due(action: NewAction) -> NewTimer:
    return NewTimer(
        owner_id=action.action_id,
        conversation_id=action.conversation_id,
        kind=ACTION_TIMER,
        due_at=action.due_at,
    )


def _publish(uow: UnitOfWork, action: NewAction) -> None:
    uow.publish(
        new_event(
            ActionRequested(
                action_id=action.action_id,
                case_id=action.case_id,
                conversation_id=action.conversation_id,
                action=action.name,
                system=action.system,
                parameters=dict(action.parameters),
                actor=case_events.actor(action.requested_by),
                role=action.requested_as,
                due_at=action.due_at,
                configuration_version=action.configuration_version,
            ),
            id=derived_id("router", "action_requested", action.action_id),
            subject=action.action_id,
            time=uow.now,
        )
    )
    metrics.ROUTER_ACTIONS_TOTAL.labels("requested").inc()
