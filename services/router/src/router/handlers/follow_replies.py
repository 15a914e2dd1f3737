"""What a sent reply, or the decision to send none, does to the case (S65, S70, S94 to S97).

Clocks are somebody else's (they hear of the same events); here it is who has the next word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event
from common.events.responder import NoReplyDecided, ReplySent
from router.domain.case_policy import CasePolicy
from router.domain.claims import Person
from router.domain.clocks import ANSWER, FIRST_REACTION
from router.domain.closing import CAUSE_LENGTH, SUMMARY_LENGTH, Closing, Fault, Outcome
from router.domain.issues import IssueResult
from router.domain.offers import OUTCOME_KIND, is_offer, outcome_of, wait_until
from router.domain.states import CaseState, CaseStep, allows
from router.handlers import case_events
from router.handlers.close_case import close_all
from router.handlers.move_case import Move, move_cases, step
from router.handlers.owed import end_clocks, owed_by
from router.storage import cases, issues
from router.storage.cases import LockedCase
from router.storage.configurations import Configurations

_ASKED = "The customer was asked: their turn."
_OBSERVED = "Two persons decided not to answer; the case is observed."


async def follow_replies(
    configurations: Configurations, uow: UnitOfWork, events: Sequence[Event[ReplySent]]
) -> None:
    """Let questions and lead-ins wait for the customer, and remember outcomes that were told.

    A reply in the conversation of a merged case counts for the case that goes on.
    """
    offers = [event for event in events if is_offer(event.data.kind.value)]
    outcomes = [event for event in events if event.data.kind.value == OUTCOME_KIND]
    if not offers and not outcomes:
        return
    locked = await _lock_surviving(uow, [event.data.case_id for event in (*offers, *outcomes)])
    told: dict[UUID, datetime] = {}
    for event in outcomes:
        case = locked.get(event.data.case_id)
        if case is not None:
            told[case.case_id] = event.data.sent_at
    await cases.record_outcomes_sent(uow.connection, told)
    policy = (await configurations.in_force(uow.connection)).cases
    for event in offers:
        case = locked.get(event.data.case_id)
        if case is None or not allows(case.state, CaseStep.WAIT_CUSTOMER):
            continue
        move = _wait(policy, uow, case, event)
        await move_cases(uow, [move], cause=event)
        after = replace(case, standing=move.to)
        locked = {key: after if at.case_id == case.case_id else at for key, at in locked.items()}


async def follow_no_replies(
    configurations: Configurations, uow: UnitOfWork, events: Sequence[Event[NoReplyDecided]]
) -> None:
    """Close or observe the cases that two persons decided not to answer; clocks are waived (S94).

    What a department or a follow-up still owes keeps the case from closing: it is observed.
    """
    policy = (await configurations.in_force(uow.connection)).cases
    for event in events:
        said = event.data
        locked = await _lock_surviving(uow, [said.case_id])
        case = locked.get(said.case_id)
        if case is None or not allows(case.state, CaseStep.CLOSE):
            continue
        by = Person(said.approver.id, said.approver.name)
        outcome = outcome_of(said.disposition.value)
        owed = (await owed_by(uow, [case]))[case.case_id]
        if outcome is None or owed.open_queries or owed.follow_ups_without_result:
            await _observe(policy, uow, case, event, by)
        else:
            await _close(uow, case, event, by, outcome)


async def _observe(
    policy: CasePolicy, uow: UnitOfWork, case: LockedCase, event: Event[NoReplyDecided], by: Person
) -> None:
    await end_clocks(
        uow, [case.case_id], reason=event.data.reason, by=by, kinds=(FIRST_REACTION, ANSWER)
    )
    if not allows(case.state, CaseStep.OBSERVE):
        return
    move = step(
        case,
        CaseStep.OBSERVE,
        reason=_OBSERVED,
        occasion=event.id,
        actor=by,
        returns_at=uow.now + policy.observe_for,
    )
    await move_cases(uow, [move], cause=event)


async def _close(
    uow: UnitOfWork,
    case: LockedCase,
    event: Event[NoReplyDecided],
    by: Person,
    outcome: Outcome,
) -> None:
    said = event.data
    settled = await issues.settle_all(
        uow.connection,
        [case.case_id],
        result=IssueResult.DROPPED,
        note=said.reason,
        by=by,
        at=uow.now,
    )
    for issue in settled:
        uow.publish(case_events.issue_settled(case, issue, event=event, by=by, now=uow.now))
    account = Closing(
        outcome,
        said.disposition.value[:CAUSE_LENGTH],
        (said.reason.strip() or said.disposition.value)[:SUMMARY_LENGTH],
        Fault.UNKNOWN,
    )
    await close_all(uow, [case], account, by=by, occasion=event.id)


def _wait(policy: CasePolicy, uow: UnitOfWork, case: LockedCase, event: Event[ReplySent]) -> Move:
    authors = event.data.authors
    by = Person(authors[0].id, authors[0].name) if authors else None
    until = wait_until(policy, sent_at=event.data.sent_at, now=uow.now)
    move = step(
        case,
        CaseStep.WAIT_CUSTOMER,
        reason=_ASKED,
        occasion=event.id,
        actor=by,
        returns_at=until,
    )
    offers = case.standing.offers_unanswered + 1
    owner = move.to.owner or by if move.to.state is CaseState.WAITING_CUSTOMER else move.to.owner
    return replace(move, to=replace(move.to, offers_unanswered=offers, owner=owner))


async def _lock_surviving(uow: UnitOfWork, case_ids: Sequence[UUID]) -> Mapping[UUID, LockedCase]:
    """The cases that answer for these, locked, by the id that was asked for."""
    goes_on = await cases.survivors(uow.connection, case_ids)
    wanted = {case_id: goes_on.get(case_id, case_id) for case_id in case_ids}
    locked = await cases.lock(uow.connection, set(wanted.values()))
    return {asked: locked[found] for asked, found in wanted.items() if found in locked}
