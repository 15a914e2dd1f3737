"""Another system has done an action, will not do it, or says nothing in time (S103)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, NotFoundError
from common.events.envelope import Event, new_event
from common.events.router_company import ActionConfirmed, ActionOverdue, ActionRefused
from common.ids import derived_id
from common.observability import metrics
from common.timers import store as timers
from common.timers.store import DueTimer
from router.domain.actions import ActionState, ActionStep, after, is_repetition
from router.domain.claims import Person
from router.handlers import case_events
from router.handlers.request_action import ACTION_TIMER
from router.storage import actions
from router.storage.actions import ActionAnswer, ActionRow


async def answer_action(
    uow: UnitOfWork,
    action_id: UUID,
    step: ActionStep,
    *,
    by: Person,
    reference: str | None,
    note: str | None,
) -> ActionRow:
    """The action after the answer. Saying the same again changes nothing.

    Raises NotFoundError, InvalidInputError (a refusal needs its reason), ConflictError where the
    other answer was given before.
    """
    if step is ActionStep.REFUSE and not (note or "").strip():
        raise InvalidInputError("say why it is refused", code="note_missing")
    action = (await actions.lock(uow.connection, [action_id])).get(action_id)
    if action is None:
        raise NotFoundError("no such action")
    if is_repetition(action.state, step):
        return action
    said = ActionAnswer(
        state=after(action.state, step), by=by, at=uow.now, reference=reference, note=note
    )
    await actions.answer(uow.connection, action_id, said)
    await timers.cancel(uow.connection, [action_id], [ACTION_TIMER])
    uow.publish(_answered(action, said))
    metrics.ROUTER_ACTIONS_TOTAL.labels(said.state.value).inc()
    return (await actions.lock(uow.connection, [action_id]))[action_id]


async def tell_overdue_actions(uow: UnitOfWork, due: Sequence[DueTimer]) -> None:
    """Say of each action that nobody has answered in time; it is awaited all the same."""
    locked = await actions.lock(uow.connection, [timer.owner_id for timer in due])
    late = [
        (locked[timer.owner_id], timer)
        for timer in due
        if timer.owner_id in locked and locked[timer.owner_id].state is ActionState.REQUESTED
    ]
    await actions.mark_overdue(
        uow.connection, [action.action_id for action, _ in late], now=uow.now
    )
    for action, timer in late:
        uow.publish(
            new_event(
                ActionOverdue(
                    action_id=action.action_id,
                    case_id=action.case_id,
                    conversation_id=action.conversation_id,
                    action=action.name,
                    system=action.system,
                    due_at=action.due_at,
                    overdue_at=uow.now,
                ),
                id=timer.occurrence_id,
                subject=action.action_id,
                time=uow.now,
            )
        )
    metrics.ROUTER_ACTIONS_TOTAL.labels("overdue").inc(len(late))


def _answered(
    action: ActionRow, said: ActionAnswer
) -> Event[ActionConfirmed] | Event[ActionRefused]:
    event_id = derived_id("router", "action_answered", action.action_id)
    was_in_time = said.at <= action.due_at
    actor = case_events.actor(said.by)
    if said.state is ActionState.CONFIRMED:
        return new_event(
            ActionConfirmed(
                action_id=action.action_id,
                case_id=action.case_id,
                conversation_id=action.conversation_id,
                action=action.name,
                system=action.system,
                actor=actor,
                confirmed_at=said.at,
                was_in_time=was_in_time,
                reference=said.reference,
                note=said.note,
            ),
            id=event_id,
            subject=action.action_id,
            time=said.at,
        )
    return new_event(
        ActionRefused(
            action_id=action.action_id,
            case_id=action.case_id,
            conversation_id=action.conversation_id,
            action=action.name,
            system=action.system,
            actor=actor,
            refused_at=said.at,
            was_in_time=was_in_time,
            note=said.note or "",
            reference=said.reference,
        ),
        id=event_id,
        subject=action.action_id,
        time=said.at,
    )
