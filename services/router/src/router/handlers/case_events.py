"""The facts about a case that several use cases tell, each with an id that repeats for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.events.catalog import TYPE_OF
from common.events.envelope import Event, new_event
from common.events.parts import Actor, Part
from common.events.router import (
    CaseClosed,
    CaseOwnerChanged,
    CaseReleased,
    CaseStateChanged,
    IssueSettled,
    MentionMoved,
)
from common.ids import derived_id
from router.domain.claims import Claim, Person
from router.domain.closing import Closing
from router.domain.issues import IssueResult
from router.domain.states import CaseStep
from router.domain.steps import Standing
from router.storage.case_accounts import AccountedCase
from router.storage.cases import LockedCase
from router.storage.dispositions import Destination, Disposition
from router.storage.issues import SettledIssue


def actor(person: Person) -> Actor:
    """A person as the wire names one."""
    return Actor(id=person.id, name=person.name)


def somebody(person: Person | None) -> Actor | None:
    """The same for one who may be nobody."""
    return None if person is None else actor(person)


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells what happened to one case on one occasion; ids derive from the occasion's."""

    case: LockedCase
    occasion: UUID
    now: datetime
    cause: Event[Any] | None = None

    def tell(self, fact: Part) -> Event[Any]:
        """Any fact about the case, at most one of its kind per occasion."""
        return new_event(
            fact,
            id=derived_id("router", TYPE_OF[type(fact)], self.occasion, self.case.case_id),
            subject=self.case.case_id,
            time=self.now,
            cause=self.cause,
        )

    def released(self, claim: Claim, *, reason: str) -> Event[Any]:
        """The claim ended."""
        return self.tell(
            CaseReleased(
                case_id=self.case.case_id,
                conversation_id=self.case.conversation_id,
                actor=actor(claim.holder),
                reason=reason,
                team=self.case.team,
            )
        )

    def state_changed(
        self, to: Standing, step: CaseStep, *, reason: str, actor: Person | None
    ) -> Event[Any]:
        """The case stands elsewhere."""
        return self.tell(
            CaseStateChanged(
                case_id=self.case.case_id,
                conversation_id=self.case.conversation_id,
                from_state=self.case.state.value,
                to_state=to.state.value,
                step=step.value,
                reason=reason,
                team=self.case.team,
                actor=somebody(actor),
                owner=somebody(to.owner),
                returns_at=to.returns_at,
            )
        )

    def owner_changed(
        self, owner: Person | None, *, reason: str, actor: Person | None
    ) -> Event[Any]:
        """Somebody else is responsible (S35)."""
        return self.tell(
            CaseOwnerChanged(
                case_id=self.case.case_id,
                conversation_id=self.case.conversation_id,
                team=self.case.team,
                previous=somebody(self.case.standing.owner),
                owner=somebody(owner),
                reason=reason,
                actor=somebody(actor),
            )
        )

    def closed(self, account: Closing | AccountedCase, *, by: Person) -> Event[Any]:
        """The final state, with its account (S107)."""
        return self.tell(
            CaseClosed(
                case_id=self.case.case_id,
                conversation_id=self.case.conversation_id,
                actor=actor(by),
                outcome=str(account.outcome),
                cause=account.cause,
                summary=account.summary,
                closed_at=self.now,
                team=self.case.team,
                fault=str(account.fault),
            )
        )


def issue_settled(
    case: LockedCase, issue: SettledIssue, *, event: Event[Any], by: Person, now: datetime
) -> Event[IssueSettled]:
    """An issue ended together with its case, by the decision that `event` tells of."""
    return new_event(
        IssueSettled(
            issue_id=issue.issue_id,
            case_id=issue.case_id,
            conversation_id=case.conversation_id,
            team=case.team,
            topic=issue.topic,
            result=IssueResult.DROPPED.value,
            note=event.data.reason,
            actor=actor(by),
        ),
        id=derived_id("router", "issue_settled", issue.issue_id, event.id),
        subject=case.case_id,
        time=now,
        cause=event,
    )


def mention_moved(
    before: Disposition,
    to: Destination,
    *,
    actor: Actor,
    id: UUID,
    now: datetime,
    cause: Event[Any] | None = None,
) -> Event[MentionMoved]:
    """A mention is in another place now, because a person says so."""
    return new_event(
        MentionMoved(
            mention_id=before.mention_id,
            conversation_id=before.conversation_id,
            from_place=before.place.value,
            to_place=to.place.value,
            from_case_id=before.case_id,
            case_id=to.case_id,
            rule=to.rule,
            reason=to.reason,
            actor=actor,
        ),
        id=id,
        subject=before.mention_id,
        time=now,
        cause=cause,
    )
