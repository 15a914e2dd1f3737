"""The configuration's rotas and routing rules: who gets a case, and when (S31, S37)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from router.domain.calendars import Calendar
from router.domain.people import Needs
from router.domain.rota import HEAVIEST, Member, Rota
from router.domain.routing import NON_SERVICE, Condition, Rule
from router.storage.configuration_clocks import DecisionWord
from router.storage.configuration_part import (
    ConfigurationPart,
    Day,
    Name,
    Text,
    begins_before_end,
    first_moment,
    last_moment,
)
from router.storage.configuration_people import RoleWord

KindWord = Literal[
    "question",
    "problem",
    "complaint",
    "request",
    "followup",
    "wish",
    "praise",
    "opinion",
    "news",
    "talk",
    "other",
]
LabelWord = Literal["service", "non_service"]
SignalWord = Literal[
    "no_dialogue",
    "no_concern",
    "crisis",
    "addressed_to_management",
    "press",
    "engagement_opportunity",
    "other",
]
NeedWord = Literal["customer_db", "personal_data", "department", "other"]
Word = Annotated[str, Field(min_length=1, max_length=100)]


class RangeDocument(ConfigurationPart):
    """`at_least` and `at_most`, both included; one of them may be left out."""

    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most, or both")
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            raise ValueError("at_least is more than at_most")
        return self

    def bounds(self) -> tuple[int | None, int | None]:
        return self.at_least, self.at_most


class ConditionDocument(ConfigurationPart):
    """All that is given must hold; a list holds when one of its words does.

    `topic` and `department` ask the concerns, `reach` the author's followers (0 where nobody
    knows), `from` and `until` the day on which the mention was found, `share_percent` lets this
    part of the mentions through that got so far. `open` and `closed` name calendars: it was found
    inside or outside of the working time.
    """

    label: tuple[LabelWord, ...] = ()
    decision: tuple[DecisionWord, ...] = ()
    kind: tuple[KindWord, ...] = ()
    signal: tuple[SignalWord, ...] = ()
    need: tuple[NeedWord, ...] = ()
    needs_nothing: bool | None = None
    topic: tuple[Name, ...] = ()
    department: tuple[Name, ...] = ()
    language: tuple[Word, ...] = ()
    network: tuple[Word, ...] = ()
    account: tuple[Word, ...] = ()
    abusive: bool | None = None
    urgent: bool | None = None
    addressed: bool | None = None
    repeat_contacts: RangeDocument | None = None
    reach: RangeDocument | None = None
    begins: Day | None = Field(None, alias="from")
    ends: Day | None = Field(None, alias="until")
    open: Name | None = None
    closed: Name | None = None
    share_percent: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        begins_before_end(self.begins, self.ends, "the rule")
        return self

    def condition(self, zone: ZoneInfo, calendars: Mapping[str, Calendar]) -> Condition:
        return Condition(
            label=frozenset(self.label),
            decision=frozenset(self.decision),
            kind=frozenset(self.kind),
            signals=frozenset(self.signal),
            needs=frozenset(self.need),
            needs_nothing=self.needs_nothing,
            topics=frozenset(self.topic),
            departments=frozenset(self.department),
            language=frozenset(self.language),
            network=frozenset(self.network),
            account=frozenset(self.account),
            abusive=self.abusive,
            urgent=self.urgent,
            is_addressed=self.addressed,
            repeat_contacts=self.repeat_contacts.bounds() if self.repeat_contacts else None,
            reach=self.reach.bounds() if self.reach else None,
            begins_at=None if self.begins is None else first_moment(self.begins, zone),
            ends_at=None if self.ends is None else last_moment(self.ends, zone),
            open=None if self.open is None else calendars[self.open],
            closed=None if self.closed is None else calendars[self.closed],
            share_percent=self.share_percent,
        )


class RuleDocument(ConfigurationPart):
    """Exactly one of `team`, `rota` and `place` says where the mention goes.

    `skills` are what a person must have to be offered its cases.
    """

    name: Name
    when: ConditionDocument = ConditionDocument()
    team: Name | None = None
    rota: Name | None = None
    place: Literal["parked"] | None = None
    priority: Literal["normal", "high"] = "normal"
    skills: tuple[Name, ...] = ()
    reason: Text

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(target is not None for target in (self.team, self.rota, self.place)) != 1:
            raise ValueError(f"rule {self.name} needs exactly one of team, rota, place")
        if self.place and self.when.decision != (NON_SERVICE,):
            # SPEC policy: service and triage always open a case.
            raise ValueError(f"rule {self.name} parks, so it must ask for decision: [non_service]")
        return self

    def rule(self, zone: ZoneInfo, calendars: Mapping[str, Calendar]) -> Rule:
        return Rule(
            name=self.name,
            reason=self.reason,
            when=self.when.condition(zone, calendars),
            team=self.team,
            rota=self.rota,
            priority=self.priority,
            skills=frozenset(self.skills),
        )


class RotaMemberDocument(ConfigurationPart):
    team: Name
    weight: Annotated[int, Field(ge=1, le=HEAVIEST)] = 1


class NeedsDocument(ConfigurationPart):
    """What the duty asks of a person."""

    skills: tuple[Name, ...] = ()
    certificates: tuple[Name, ...] = ()

    def needs(self) -> Needs:
        return Needs(frozenset(self.skills), frozenset(self.certificates))


class OfferDocument(ConfigurationPart):
    """A case is offered to one person for `minutes`, and to `most` persons in all."""

    minutes: Annotated[float, Field(gt=0, le=1440)] = 2
    most: Annotated[int, Field(ge=1, le=50)] = 6


class RotaDocument(ConfigurationPart):
    """Teams that take turns, and how their people on duty are offered what comes in (S31).

    On duty is who has `role` and what the duty `needs`, unless they are away.
    """

    role: RoleWord = "triage"
    teams: Annotated[tuple[RotaMemberDocument, ...], Field(min_length=1, max_length=100)]
    needs: NeedsDocument = NeedsDocument()
    offer: OfferDocument = OfferDocument()

    def rota(self, name: str) -> Rota:
        return Rota(
            name=name,
            members=tuple(Member(each.team, each.weight) for each in self.teams),
            role=self.role,
            needs=self.needs.needs(),
            offered_for=timedelta(minutes=self.offer.minutes),
            most_offers=self.offer.most,
        )
