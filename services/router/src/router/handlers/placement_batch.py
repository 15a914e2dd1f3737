"""The fold of a batch of mentions into rows and events; the database is not asked here.

One mention after the other, in order, so that two mentions of one conversation in the same batch
make one case. Ids are derived from the mention: a database that was set back and hears the same
mentions again comes to the same cases, and whoever consumes us recognises the events (R10).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
from router.domain.configuration import Configuration
from router.domain.placing import (
    OPEN_CONVERSATION_REASON,
    OPEN_CONVERSATION_RULE,
    Place,
    Way,
    way,
)
from router.domain.rota import RotaState, take_turns
from router.domain.routing import Facts, Rule, graver
from router.storage.cases import Continuation, NewCase, OpenCase
from router.storage.clocks import NewClock
from router.storage.dispositions import NewDisposition


@dataclass(slots=True)
class Candidate:
    """A classified mention and the rule for it. `event_id` names the event it will lead to."""

    data: MentionClassified
    facts: Facts
    rule: Rule
    event_id: UUID
    cause: Event[Any] | None


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
    """What mentions come to; `open_cases` (by conversation) and `rotas` are locked already."""

    configuration: Configuration
    open_cases: dict[UUID, OpenCase]
    rotas: dict[str, RotaState]
    now: datetime
    new_cases: list[NewCase] = field(default_factory=list)
    continuations: dict[UUID, Continuation] = field(default_factory=dict)
    dispositions: list[NewDisposition] = field(default_factory=list)
    clocks: list[NewClock] = field(default_factory=list)
    events: list[Event[Any]] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)

    def place(self, candidate: Candidate) -> None:
        """Give a mention its one place."""
        has_open_case = candidate.data.mention.conversation_id in self.open_cases
        going = way(candidate.rule, has_open_case=has_open_case)
        name, reason = candidate.rule.name, candidate.rule.reason
        if going is Way.OWN_POST:
            self._note_own_post(candidate)
            self._dispose(candidate, Place.OWN_POST, None, (name, reason))
        elif going is Way.PARKED:
            self._park(candidate)
            self._dispose(candidate, Place.PARKED, None, (name, reason))
        else:
            if going is Way.CONTINUED:
                name, reason = OPEN_CONVERSATION_RULE, OPEN_CONVERSATION_REASON
            self._dispose(candidate, Place.CASE, self.into_case(candidate), (name, reason))
        self.ways.append(going)

    def into_case(self, candidate: Candidate) -> UUID:
        """Let the mention continue its conversation's open case, or open one; the case's id."""
        case = self.open_cases.get(candidate.data.mention.conversation_id)
        return self._open(candidate) if case is None else self._continue(candidate, case)

    def _open(self, candidate: Candidate) -> UUID:
        mention, facts, rule = candidate.data.mention, candidate.facts, candidate.rule
        case_id = derived_id("router", "case", mention.mention_id)
        team = rule.team or self._next_of_rota(rule.rota)
        clocks = self._start_clock(candidate, case_id)
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
            )
        )
        self.open_cases[mention.conversation_id] = OpenCase(
            case_id, team, facts.decision, bool(clocks)
        )
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
            ),
        )
        return case_id

    def _continue(self, candidate: Candidate, case: OpenCase) -> UUID:
        mention, facts = candidate.data.mention, candidate.facts
        clocks = () if case.has_first_reaction else self._start_clock(candidate, case.case_id)
        decision = graver(case.decision, facts.decision)
        self._add(candidate, case.case_id, decision, clocks)
        self.open_cases[mention.conversation_id] = replace(
            case, decision=decision, has_first_reaction=case.has_first_reaction or bool(clocks)
        )
        self._publish(
            candidate,
            case.case_id,
            CaseContinued(
                case_id=case.case_id,
                conversation_id=mention.conversation_id,
                mention=mention,
                classification=candidate.data.classification,
                team=case.team,
                clocks=clocks,
            ),
        )
        return case.case_id

    def _add(
        self,
        candidate: Candidate,
        case_id: UUID,
        decision: str,
        clocks: tuple[RunningClock, ...],
    ) -> None:
        detected_at = candidate.data.mention.detected_at
        added = self.continuations.get(case_id)
        if added is None:
            added = self.continuations[case_id] = Continuation(
                case_id=case_id,
                mentions=0,
                last_mention_at=detected_at,
                decision=decision,
                abusive=False,
                urgent=False,
                due_at=None,
            )
        added.mentions += 1
        added.last_mention_at = max(added.last_mention_at, detected_at)
        added.decision = decision
        added.abusive |= candidate.facts.abusive
        added.urgent |= candidate.facts.urgent
        added.due_at = clocks[0].due_at if clocks else added.due_at

    def _start_clock(self, candidate: Candidate, case_id: UUID) -> tuple[RunningClock, ...]:
        """The first-reaction clock, if the mention's decision starts one: from detection (S47)."""
        terms = self.configuration.first_reaction
        if candidate.facts.decision not in terms.decisions:
            return ()
        mention = candidate.data.mention
        running = RunningClock(
            kind=ClockKind.FIRST_REACTION,
            started_at=mention.detected_at,
            warn_at=terms.warn_at(mention.detected_at),
            due_at=terms.due_at(mention.detected_at),
        )
        self.clocks.append(
            NewClock(
                case_id=case_id,
                conversation_id=mention.conversation_id,
                posted_at=mention.posted_at,
                started_at=running.started_at,
                warn_at=running.warn_at,
                due_at=running.due_at,
            )
        )
        return (running,)

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

    def _next_of_rota(self, name: str | None) -> str:
        if name is None:
            raise ValueError("a rule that parks cannot open a case")
        (team,), self.rotas[name] = take_turns(
            self.configuration.rotas[name].members, self.rotas[name], count=1
        )
        return team

    def _publish(self, candidate: Candidate, subject: UUID, fact: Part) -> None:
        self.events.append(
            new_event(
                fact, id=candidate.event_id, subject=subject, time=self.now, cause=candidate.cause
            )
        )
