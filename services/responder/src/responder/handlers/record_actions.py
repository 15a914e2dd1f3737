"""Keep what was done in a case, so that a progress report can say it (S69)."""

from __future__ import annotations

from collections.abc import Sequence

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event
from common.events.router import DepartmentQueryAnswered
from responder.storage import history
from responder.storage.history import Action


async def record_department_answers(
    uow: UnitOfWork, events: Sequence[Event[DepartmentQueryAnswered]]
) -> None:
    """That a department answered, and which; what it said may hold personal data and stays out."""
    actions = [
        Action(
            action_id=event.id,
            case_id=event.data.case_id,
            what="department_answered",
            detail=event.data.department,
            done_at=event.data.answered_at,
        )
        for event in events
    ]
    await history.record_actions(uow.connection, actions)
