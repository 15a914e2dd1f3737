"""Close a case with outcome, cause and summary, and let nothing of it ring afterwards (S107)."""

from __future__ import annotations

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import new_event
from common.events.router import CaseClosed
from common.ids import IdFactory
from common.observability import metrics
from common.timers import store as timers
from router.domain.claims import refuse_other_holder
from router.domain.closing import Closing, settle_first_reaction
from router.domain.states import CaseStep, after
from router.handlers import case_events
from router.handlers.claim_case import CLAIM_TIMER, CaseCommand
from router.handlers.lock_case import lock_case, refuse_stale
from router.handlers.place_mentions import FIRST_REACTION_TIMERS
from router.storage import cases, clocks


async def close_case(
    uow: UnitOfWork, command: CaseCommand, account: Closing, *, new_id: IdFactory
) -> None:
    """Bring the case to its final state.

    Raises NotFoundError, PreconditionFailedError, and ConflictError: it is closed already,
    somebody else holds it, or the outcome says that the customer got a word and none was sent.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, CaseStep.CLOSE)
    refuse_other_holder(case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    locked = await clocks.lock_first_reactions(uow.connection, [case.case_id])
    is_awaited = any(each.clock.awaits_reaction for each in locked.values())
    if settle_first_reaction(account.outcome, is_awaited=is_awaited):
        await clocks.waive(uow.connection, case.case_id)
    await cases.close(uow.connection, case.case_id, account, by=command.by, at=uow.now)
    await timers.cancel(uow.connection, [case.case_id], [*FIRST_REACTION_TIMERS, CLAIM_TIMER])
    uow.publish(
        new_event(
            CaseClosed(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                actor=case_events.actor(command.by),
                outcome=account.outcome.value,
                cause=account.cause,
                summary=account.summary,
                closed_at=uow.now,
                team=case.team,
            ),
            id=new_id(),
            subject=case.case_id,
            time=uow.now,
        )
    )
    metrics.ROUTER_CASES_CLOSED_TOTAL.labels(account.outcome.value).inc()
