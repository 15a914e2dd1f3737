"""The fold of a batch of mentions into rows and events; the database is not asked here.

One mention after the other, in order, so that two mentions of one conversation in the same batch
make one case. Ids are derived from the mention: a database that was set back and hears the same
mentions again comes to the same cases, and whoever consumes us recognises the events (R10).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from common.events.classifier import MentionClassified
from common.events.envelope import Event, new_event
from common.events.parts import Part, RunningClock
from common.events.router import CaseContinued, CaseOpened, MentionParked, OwnPostRecorded
from common.events.vocabulary import ClockKind
from common.ids import derived_id
from router.domain.clocks import FIRST_REACTION
from router.domain.configuration import Configuration
from router.domain.duty import DutyBook, Turn
from router.domain.placing import (
    OPEN_CONVERSATION_REASON,
    OPEN_CONVERSATION_RULE,
    REOPENED_REASON,
    REOPENED_RULE,
    Place,
    Way,
    may_reopen,
    returning_step,
    way,
)
from router.domain.rota import RotaState
from router.domain.routing import Facts, Rule, graver
from router.domain.states import CaseState, CaseStep
from router.handlers import clock_events
from router.handlers.clock_steps import new_clock
from router.handlers.hear_customers import Spoken
from router.handlers.move_case import Move, step
from router.handlers.offer_cases import Offering, new_offer, offered
from router.storage.clocks import NewClock
from router.storage.dispositions import NewDisposition
from router.storage.duty_offers import NewOffer
from router.storage.issues import NewIssue
from router.storage.placed_cases import Continuation, Conversation, NewCase, OpenCase

_WHY = {
    Way.CONTINUED: (OPEN_CONVERSATION_RULE, OPEN_CONVERSATION_REASON),
    Way.REOPENED: (REOPENED_RULE, REOPENED_REASON),
}
_RETURN_REASONS = {
    CaseStep.CUSTOMER_RETURNED: "A further post came in the conversation.",
    CaseStep.REOPEN: "The matter goes on: a further post came in the conversation.",
}


@dataclass(slots=True)
class Candidate:
    """A classified mention and the rule for it. `event_id` names the event it will lead to.

    `identity` is what the id of a case derives from, should the mention open one. `lifted_at` is
    when a person said that a parked mention matters.
    """

    data: MentionClassified
    facts: Facts
    rule: Rule
    event_id: UUID
    cause: Event[Any] | None
    identity: tuple[object, ...]
    lifted_at: datetime | None = None


def facts_of(data: MentionClassified) -> Facts:
    """What rules may ask about a mention. Written to us means: on our account, or by @-mention."""
    mention, said = data.mention, data.classification
    return Facts(
        decision=said.decision.value,
        kind=said.kind.value,
        abusive=said.abusive,
        urgent=said.urgent,
        is_addressed=mention.account is not None or "mention" in mention.detected_via,
        language=said.language,
        network=mention.network,
        account=mention.account,
        label=said.label.value,
        signals=said.signals,
        needs=said.needs,
        topics=[concern.topic for concern in said.concerns],
        departments=[each.department for each in said.concerns if each.department],
        repeat_contacts=said.repeat_contacts,
        reach=mention.author.followers or 0,
        found_at=mention.detected_at,
        mention_id=mention.mention_id,
    )


@dataclass(slots=True)
class PlacementBatch:
    """What mentions come to; `conversations` and `rotas` are locked already."""

    configuration: Configuration
    conversations: dict[UUID, Conversation]
    rotas: dict[str, RotaState]
    now: datetime
    new_cases: list[NewCase] = field(default_factory=list)
    continuations: dict[UUID, Continuation] = field(default_factory=dict)
    dispositions: list[NewDisposition] = field(default_factory=list)
    clocks: list[NewClock] = field(default_factory=list)
    issues: list[NewIssue] = field(default_factory=list)
    moves: dict[UUID, Move] = field(default_factory=dict)
    reopened: dict[UUID, datetime] = field(default_factory=dict)
    events: list[Event[Any]] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    offers: list[tuple[NewOffer, UUID]] = field(default_factory=list)
    duty: DutyBook = field(init=False)

    def __post_init__(self) -> None:
        self.duty = DutyBook(self.configuration, self.rotas, self.now)

    def place(self, candidate: Candidate) -> None:
        """Give a mention its one place."""
        going = self._way(candidate)
        name, reason = candidate.rule.name, candidate.rule.reason
        if going is Way.OWN_POST:
            self._note_own_post(candidate)
            self._dispose(candidate, Place.OWN_POST, None, (name, reason))
        elif going is Way.PARKED:
            self._park(candidate)
            self._dispose(candidate, Place.PARKED, None, (name, reason))
        else:
            why = _WHY.get(going, (name, reason))
            self._dispose(candidate, Place.CASE, self.into_case(candidate), why)
        self.ways.append(going)

    def into_case(self, candidate: Candidate) -> UUID:
        """Let the mention join its conversation's case, reopen it, or open one.

        The id of the case that counts it, which is the conversation's own.
        """
        known = self.conversations.setdefault(
            candidate.data.mention.conversation_id, Conversation()
        )
        if known.open is None and known.closed is not None and self._may_reopen(candidate, known):
            known.open, known.closed = known.closed, None
        if known.open is None:
            return self._open(candidate, known)
        return self._continue(candidate, known.open)

    def _way(self, candidate: Candidate) -> Way:
        known = self.conversations.get(candidate.data.mention.conversation_id)
        if known is None:
            return way(candidate.rule, has_open_case=False, may_reopen=False)
        return way(
            candidate.rule,
            has_open_case=known.open is not None,
            may_reopen=self._may_reopen(candidate, known),
        )

    def _may_reopen(self, candidate: Candidate, known: Conversation) -> bool:
        row = known.closed.locked if known.closed else None
        return (
            row is not None
            and row.closed_at is not None
            and may_reopen(
                self.configuration.cases,
                closed_at=row.closed_at,
                outcome=row.outcome,
                detected_at=candidate.data.mention.detected_at,
            )
        )

    def _open(self, candidate: Candidate, known: Conversation) -> UUID:
        mention, facts, rule = candidate.data.mention, candidate.facts, candidate.rule
        case_id = derived_id("router", "case", *candidate.identity)
        turn = self.duty.turn(rule.rota, skills=rule.skills) if rule.rota else None
        team = turn.team if turn else rule.team
        if team is None:
            raise ValueError("a rule that parks cannot open a case")
        clocks = self._start_clock(candidate, case_id, clock_events.first_reaction_id(case_id))
        linked = known.closed.case_id if known.closed else None
        self.new_cases.append(
            NewCase(
                case_id=case_id,
                conversation_id=mention.conversation_id,
                network=mention.network,
                account=mention.account,
                team=team,
                rule=rule.name,
                reason=rule.reason,
                decision=facts.decision,
                kind=facts.kind,
                abusive=facts.abusive,
                urgent=facts.urgent,
                language=facts.language,
                detected_at=mention.detected_at,
                due_at=clocks[0].due_at if clocks else None,
                rings_at=clocks[0].warn_at if clocks else None,
                customer_id=mention.author.id,
                linked_case_id=linked,
                topics=" ".join(facts.topics),
                priority=rule.priority,
                skills=" ".join(sorted(rule.skills)),
            )
        )
        known.open = OpenCase(
            case_id=case_id,
            home=case_id,
            team=team,
            decision=facts.decision,
            has_first_reaction=bool(clocks),
            customer_id=mention.author.id,
            locked=None,
        )
        self._note_issues(candidate, case_id)
        self._hear(candidate, known.open)
        self._publish(
            candidate,
            case_id,
            CaseOpened(
                case_id=case_id,
                conversation_id=mention.conversation_id,
                mention=mention,
                classification=candidate.data.classification,
                team=team,
                reason=rule.reason,
                rule=rule.name,
                configuration_version=self.configuration.version,
                clocks=clocks,
                linked_case_id=linked,
            ),
        )
        if turn is not None:
            self._offer(candidate, case_id, turn)
        return case_id

    def _continue(self, candidate: Candidate, case: OpenCase) -> UUID:
        mention, facts = candidate.data.mention, candidate.facts
        is_reopened = self._return(candidate, case)
        clocks: tuple[RunningClock, ...] = ()
        if not case.has_first_reaction:
            clocks = self._start_clock(candidate, case.case_id, self._clock_id(candidate, case))
        case.decision = graver(case.decision, facts.decision)
        case.has_first_reaction = case.has_first_reaction or bool(clocks)
        self._add(candidate, case, clocks)
        self._note_issues(candidate, case.home)
        self._hear(candidate, case)
        self._publish(
            candidate,
            case.home,
            CaseContinued(
                case_id=case.home,
                conversation_id=mention.conversation_id,
                mention=mention,
                classification=candidate.data.classification,
                team=case.team,
                clocks=clocks,
                is_reopened=is_reopened,
                surviving_case_id=None if case.home == case.case_id else case.case_id,
            ),
        )
        return case.home

    def _return(self, candidate: Candidate, case: OpenCase) -> bool:
        """Let the post end what its case waits for, at most once a batch; whether it reopens it."""
        row = case.locked
        if row is None or case.case_id in self.moves:
            return False
        is_by_customer = case.customer_id in (None, candidate.data.mention.author.id)
        wanted = returning_step(
            row.state, decision=candidate.facts.decision, is_by_customer=is_by_customer
        )
        if row.state is CaseState.CLOSED:
            wanted = CaseStep.REOPEN  # the rules let it open a case: whatever it is, it goes on
        if wanted is None:
            return False
        move = step(row, wanted, reason=_RETURN_REASONS[wanted], occasion=candidate.event_id)
        if move.to == row.standing:
            return False
        self.moves[case.case_id] = move
        if wanted is not CaseStep.REOPEN:
            return False
        self.reopened[case.case_id] = candidate.data.mention.detected_at
        return True

    def _clock_id(self, candidate: Candidate, case: OpenCase) -> UUID:
        if case.case_id not in self.reopened and (
            case.locked is None or case.locked.reopened_at is None
        ):
            return clock_events.first_reaction_id(case.case_id)
        return clock_events.clock_id_of(
            case.case_id, FIRST_REACTION, candidate.data.mention.mention_id
        )

    def _add(self, candidate: Candidate, case: OpenCase, clocks: tuple[RunningClock, ...]) -> None:
        detected_at, facts = candidate.data.mention.detected_at, candidate.facts
        added = self._addition(case.case_id, detected_at)
        self._addition(case.home, detected_at).mentions += 1
        added.last_mention_at = max(added.last_mention_at, detected_at)
        added.decision = case.decision
        added.abusive |= facts.abusive
        added.urgent |= facts.urgent
        added.due_at = clocks[0].due_at if clocks else added.due_at
        if case.customer_id not in (None, candidate.data.mention.author.id):
            added.bystanders += 1

    def _addition(self, case_id: UUID, detected_at: datetime) -> Continuation:
        known = self.continuations.get(case_id)
        if known is None:
            known = Continuation(case_id=case_id, last_mention_at=detected_at)
            self.continuations[case_id] = known
        return known

    def _note_issues(self, candidate: Candidate, case_id: UUID) -> None:
        """The concerns of a mention become issues of its case (S27)."""
        mention_id = candidate.data.mention.mention_id
        for number, concern in enumerate(candidate.data.classification.concerns):
            self.issues.append(
                NewIssue(
                    issue_id=derived_id("router", "issue", mention_id, number),
                    case_id=case_id,
                    mention_id=mention_id,
                    topic=concern.topic,
                    text=concern.text,
                    department=concern.department,
                )
            )

    def _start_clock(
        self, candidate: Candidate, case_id: UUID, clock_id: UUID
    ) -> tuple[RunningClock, ...]:
        """The first-reaction clock, if the mention's decision starts one: from detection (S47).

        Where a person lifts a mention that was parked, it starts with their word.
        """
        terms = self.configuration.first_reaction
        if candidate.facts.decision not in terms.decisions and candidate.lifted_at is None:
            return ()
        mention = candidate.data.mention
        clock = new_clock(
            clock_id=clock_id,
            case=(case_id, mention.conversation_id),
            kind=FIRST_REACTION,
            terms=terms,
            version=self.configuration.version,
            started_at=candidate.lifted_at or mention.detected_at,
            posted_at=mention.posted_at,
        )
        self.clocks.append(clock)
        return (
            RunningClock(
                kind=ClockKind.FIRST_REACTION,
                started_at=clock.started_at,
                warn_at=clock.warn_at,
                due_at=clock.due_at,
            ),
        )

    def _hear(self, candidate: Candidate, case: OpenCase) -> None:
        """What the case's customer said, for its clocks; other people's posts are not theirs."""
        mention = candidate.data.mention
        if case.customer_id not in (None, mention.author.id):
            return
        self.spoken.append(
            Spoken(
                case_id=case.case_id,
                conversation_id=mention.conversation_id,
                team=case.team,
                mention_id=mention.mention_id,
                author_id=mention.author.id,
                decision=candidate.facts.decision,
                posted_at=mention.posted_at,
                detected_at=mention.detected_at,
                repeated=candidate.data.classification.repeat_contacts,
                opens_case=case.locked is None,
            )
        )

    def _park(self, candidate: Candidate) -> None:
        mention = candidate.data.mention
        self._publish(
            candidate,
            mention.mention_id,
            MentionParked(
                mention_id=mention.mention_id,
                conversation_id=mention.conversation_id,
                reason=candidate.rule.reason,
                rule=candidate.rule.name,
                configuration_version=self.configuration.version,
            ),
        )

    def _note_own_post(self, candidate: Candidate) -> None:
        mention = candidate.data.mention
        self._publish(
            candidate,
            mention.mention_id,
            OwnPostRecorded(
                mention_id=mention.mention_id,
                conversation_id=mention.conversation_id,
                reason=candidate.rule.reason,
            ),
        )

    def _dispose(
        self, candidate: Candidate, place: Place, case_id: UUID | None, why: tuple[str, str]
    ) -> None:
        mention = candidate.data.mention
        rule, reason = why
        self.dispositions.append(
            NewDisposition(
                mention_id=mention.mention_id,
                conversation_id=mention.conversation_id,
                place=place,
                case_id=case_id,
                rule=rule,
                reason=reason,
                detected_at=mention.detected_at,
                body=msgspec.json.encode(candidate.data).decode(),
            )
        )

    def _offer(self, candidate: Candidate, case_id: UUID, turn: Turn) -> None:
        """The case of a rota is offered to the person whose turn it is (S31)."""
        rule, conversation_id = candidate.rule, candidate.data.mention.conversation_id
        about = Offering(case_id, 1, rule.rota or "", rule.skills)
        offer = new_offer(self.configuration, turn, about, now=self.now)
        self.offers.append((offer, conversation_id))
        event = offered(
            offer,
            conversation_id,
            version=self.configuration.version,
            now=self.now,
            cause=candidate.cause,
        )
        if event is not None:
            self.events.append(event)

    def _publish(self, candidate: Candidate, subject: UUID, fact: Part) -> None:
        self.events.append(
            new_event(
                fact, id=candidate.event_id, subject=subject, time=self.now, cause=candidate.cause
            )
        )
