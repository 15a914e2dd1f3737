"""A person corrected the label of a mention: it goes where it belongs now (S16 to S21).

The same decisions as for a new mention, asked again. What people have worked on stays theirs: a
mention leaves its case only if it is alone in it and nobody has answered it. Every mention stays
in exactly one place, and a correction that changes nothing moves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any
from uuid import UUID

import msgspec

from common.db.unit_of_work import UnitOfWork
from common.errors import RetryableError
from common.events.classifier import MentionClassified, MentionReclassified
from common.events.envelope import Event
from common.events.router import CaseHandedOver
from common.ids import derived_id
from common.observability import metrics
from router.domain.claims import Person
from router.domain.clocks import FIRST_REACTION
from router.domain.closing import CAUSE_LENGTH, SUMMARY_LENGTH, Closing, Fault, Outcome
from router.domain.configuration import Configuration
from router.domain.issues import IssueResult
from router.domain.placing import OWN_POST_RULE, Place, own_post_rule, routing_rule
from router.domain.routing import NON_SERVICE, Facts, Rule, graver
from router.domain.states import CaseState, CaseStep, allows
from router.handlers import case_events, clock_events
from router.handlers.clock_steps import new_clock, start_clocks
from router.handlers.close_case import close_all
from router.handlers.hear_customers import hear_customers
from router.handlers.move_case import move_cases, step
from router.handlers.owed import awaited_first_reactions, end_clocks
from router.handlers.place_mentions import lock_and_begin, place_mentions, store
from router.handlers.placement_batch import Candidate, facts_of
from router.storage import cases, dispositions, issues, placed_cases
from router.storage.cases import LockedCase
from router.storage.configurations import Configurations
from router.storage.dispositions import Destination, Disposition

_CAUSE = "corrected label"
_MATTER_AGAIN = "A person says that it is a matter for service."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Correction:
    """One corrected mention: what it says now, which rule holds, and who said so."""

    event: Event[MentionReclassified]
    data: MentionClassified
    facts: Facts
    rule: Rule
    configuration: Configuration

    @property
    def mention_id(self) -> UUID:
        return self.data.mention.mention_id

    @property
    def by(self) -> Person:
        return Person(self.event.data.actor.id, self.event.data.actor.name)

    @property
    def reason(self) -> str:
        return self.event.data.reason.strip() or _CAUSE


async def reclassify_mentions(
    configurations: Configurations, uow: UnitOfWork, events: Sequence[Event[MentionReclassified]]
) -> None:
    """Move each corrected mention to where it belongs, one after the other.

    Corrections are made by people, so there are few. A mention that was never placed (its own
    event is among the dead letters) is placed now. Raises RetryableError as placing does.
    """
    configuration = await configurations.in_force(uow.connection)
    for event in events:
        before = await _known(uow, event)
        if before is None:
            await place_mentions(configurations, uow, [_as_classified(event)])
            continue
        known = msgspec.json.decode(before.body, type=MentionClassified)
        if known.classification == event.data.classification:
            continue
        correction = _correction(configuration, event, known)
        body = msgspec.json.encode(correction.data).decode()
        await dispositions.correct(uow.connection, before.mention_id, body)
        if before.case_id is None:
            await _into_its_place(uow, correction, before)
        else:
            await _within_its_case(uow, correction, before, before.case_id)


async def _known(uow: UnitOfWork, event: Event[MentionReclassified]) -> Disposition | None:
    """Where the mention is; its conversation's cases are locked before it, as everywhere."""
    await placed_cases.lock_conversations(uow.connection, [event.data.mention.conversation_id])
    return await dispositions.lock(uow.connection, event.data.mention.mention_id)


def _as_classified(event: Event[MentionReclassified]) -> Event[MentionClassified]:
    said = event.data
    data = MentionClassified(mention=said.mention, classification=said.classification)
    return replace(event, data=data)  # type: ignore[arg-type, return-value]  # another fact's data


def _correction(
    configuration: Configuration, event: Event[MentionReclassified], known: MentionClassified
) -> _Correction:
    mention, said = known.mention, event.data.classification
    data = MentionClassified(mention=mention, classification=said)
    facts = facts_of(data)
    rule = own_post_rule(
        configuration,
        network=mention.network,
        handle=mention.author.handle,
        is_classified_own=said.own_post,
    ) or routing_rule(configuration, facts)
    return _Correction(event=event, data=data, facts=facts, rule=rule, configuration=configuration)


async def _into_its_place(uow: UnitOfWork, it: _Correction, before: Disposition) -> None:
    """A mention without a case: parked, an own post, or into a case after all."""
    place = _place_of(it.rule)
    if place is before.place:
        return
    if place is not Place.CASE:
        await _move(uow, it, before, place, None)
        return
    candidate = Candidate(
        it.data,
        it.facts,
        it.rule,
        derived_id("router", "reclassified", it.event.id),
        it.event,
        (it.mention_id, it.event.id),
        lifted_at=uow.now,
    )
    batch = await lock_and_begin(uow, it.configuration, [candidate])
    case_id = batch.into_case(candidate)
    await store(uow, batch)
    await _move(uow, it, before, Place.CASE, case_id)
    await hear_customers(it.configuration, uow, batch.spoken)


async def _within_its_case(
    uow: UnitOfWork, it: _Correction, before: Disposition, case_id: UUID
) -> None:
    case = (await cases.lock(uow.connection, [case_id])).get(case_id)
    if case is None:
        raise RetryableError("the mention's case is not to be found")
    place = _place_of(it.rule)
    if place is not Place.CASE and _is_untouched(case):
        await _take_out(uow, it, before, case, place)
        return
    was = case.decision
    alone = it.facts if case.mentions == 1 else None
    found = await dispositions.decisions_of(uow.connection, case_id)
    decision = reduce(graver, found, NON_SERVICE)
    await placed_cases.relabel(uow.connection, case_id, decision, alone=alone)
    if decision == NON_SERVICE:
        await end_clocks(uow, [case_id], reason=it.reason, by=it.by, kinds=(FIRST_REACTION,))
    elif was == NON_SERVICE:
        await _now_a_matter(uow, it, case)
    await _to_its_team(uow, it, case)


def _is_untouched(case: LockedCase) -> bool:
    """Alone in its case, and nobody has answered it or works on it."""
    return (
        case.mentions == 1
        and case.state is CaseState.OPEN
        and not case.was_answered
        and allows(case.state, CaseStep.EMPTY)
    )


async def _take_out(
    uow: UnitOfWork, it: _Correction, before: Disposition, case: LockedCase, place: Place
) -> None:
    """The case closes, empty; it owed nothing but what the wrong label said."""
    await issues.settle_all(
        uow.connection,
        [case.case_id],
        result=IssueResult.DROPPED,
        note=it.reason,
        by=it.by,
        at=uow.now,
    )
    account = Closing(
        Outcome.MOVED, _CAUSE[:CAUSE_LENGTH], it.reason[:SUMMARY_LENGTH], Fault.NOBODY
    )
    await close_all(
        uow,
        [case],
        account,
        by=it.by,
        occasion=it.event.id,
        closing_step=CaseStep.EMPTY,
    )
    await placed_cases.take_out(uow.connection, case.case_id)
    await _move(uow, it, before, place, None)


async def _now_a_matter(uow: UnitOfWork, it: _Correction, case: LockedCase) -> None:
    """The customer waits for us after all: from this word on, as when a mention is lifted."""
    if allows(case.state, CaseStep.REOPEN) and case.merged_into is None:
        await cases.reopen(uow.connection, {case.case_id: uow.now})
        move = step(case, CaseStep.REOPEN, reason=_MATTER_AGAIN, occasion=it.event.id, actor=it.by)
        await move_cases(uow, [move], cause=it.event)
    if it.facts.decision not in it.configuration.first_reaction.decisions or case.was_answered:
        return
    if case.case_id in await awaited_first_reactions(uow, [case.case_id]):
        return
    clock = new_clock(
        clock_id=clock_events.clock_id_of(case.case_id, FIRST_REACTION, it.event.id),
        case=(case.case_id, case.conversation_id),
        kind=FIRST_REACTION,
        terms=it.configuration.first_reaction,
        version=it.configuration.version,
        started_at=uow.now,
        posted_at=it.data.mention.posted_at,
        reason=_MATTER_AGAIN,
    )
    await start_clocks(uow, [clock], teams={case.case_id: case.team})


async def _to_its_team(uow: UnitOfWork, it: _Correction, case: LockedCase) -> None:
    """Where nobody has taken the case yet, the team follows the label."""
    team = it.rule.team
    is_free = case.state is CaseState.OPEN and case.standing.owner is None
    if team is None or team == case.team or case.mentions != 1 or not is_free:
        return
    await cases.hand_over(uow.connection, case.case_id, team=team)
    uow.publish(
        case_events.Teller(case, occasion=it.event.id, now=uow.now, cause=it.event).tell(
            CaseHandedOver(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                from_team=case.team,
                team=team,
                reason=it.reason,
                actor=it.event.data.actor,
            )
        )
    )


async def _move(
    uow: UnitOfWork, it: _Correction, before: Disposition, place: Place, case_id: UUID | None
) -> None:
    to = Destination(place=place, case_id=case_id, rule=it.rule.name, reason=it.rule.reason)
    await dispositions.move(
        uow.connection,
        before.mention_id,
        to,
        configuration_version=it.configuration.version,
        by=it.by,
        at=uow.now,
    )
    event: Event[Any] = case_events.mention_moved(
        before,
        replace(to, reason=it.reason),
        actor=it.event.data.actor,
        id=derived_id("router", "mention_moved", it.event.id),
        now=uow.now,
        cause=it.event,
    )
    uow.publish(event)
    metrics.ROUTER_MENTIONS_MOVED_TOTAL.labels(before.place.value, place.value).inc()


def _place_of(rule: Rule) -> Place:
    if rule.name == OWN_POST_RULE:
        return Place.OWN_POST
    return Place.PARKED if rule.parks else Place.CASE
