"""The configuration as people write it: shape, cross-checks, and its way to the domain (S119).

A document that passes here can decide about every mention. It reads no file but the packaged
default, and knows neither the table nor the API.
"""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from common.errors import ConfigurationError
from router.domain.clocks import ClockTerms
from router.domain.configuration import Configuration
from router.domain.rota import Member
from router.domain.routing import NON_SERVICE, Condition, Rule

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Text = Annotated[str, Field(min_length=1, max_length=300)]
DecisionWord = Literal["service", "non_service", "triage"]
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


class _Part(BaseModel):
    """Unknown fields are refused: a misspelt condition would otherwise hold for everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TeamDocument(_Part):
    name: Name
    title: Text


class PersonDocument(_Part):
    """`capacity` is the share of a full-time week; `deputy_of` is another person's id."""

    id: Text
    name: Text
    position: Name
    teams: Annotated[tuple[Name, ...], Field(min_length=1)]
    capacity: Annotated[float, Field(gt=0, le=1)] = 1.0
    deputy_of: str | None = None


class FirstReactionDocument(_Part):
    """The clock of S47 and S48; it starts for mentions with one of `decisions`."""

    minutes: Annotated[float, Field(gt=0, le=10_080)] = 10
    warn_at_percent: Annotated[float, Field(gt=0, lt=100)] = 70
    decisions: tuple[DecisionWord, ...] = ("service", "triage")


class ClocksDocument(_Part):
    first_reaction: FirstReactionDocument = FirstReactionDocument()


class ClaimsDocument(_Part):
    lease_seconds: Annotated[int, Field(ge=30, le=86_400)] = 900
    longest_lease_seconds: Annotated[int, Field(ge=30, le=86_400)] = 3600

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.lease_seconds > self.longest_lease_seconds:
            raise ValueError("lease_seconds is longer than longest_lease_seconds")
        return self


class OwnAccountDocument(_Part):
    network: Name
    handle: Text
    relation: Literal["own", "partner"] = "own"


class RotaMemberDocument(_Part):
    team: Name
    weight: Annotated[int, Field(ge=1, le=100)] = 1


class ConditionDocument(_Part):
    """All that is given must hold; a list holds when one of its words does."""

    decision: tuple[DecisionWord, ...] = ()
    kind: tuple[KindWord, ...] = ()
    language: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    abusive: bool | None = None
    urgent: bool | None = None
    addressed: bool | None = None

    def condition(self) -> Condition:
        return Condition(
            decision=frozenset(self.decision),
            kind=frozenset(self.kind),
            language=frozenset(self.language),
            network=frozenset(self.network),
            account=frozenset(self.account),
            abusive=self.abusive,
            urgent=self.urgent,
            is_addressed=self.addressed,
        )


class RuleDocument(_Part):
    """Exactly one of `team`, `rota` and `place` says where the mention goes."""

    name: Name
    when: ConditionDocument = ConditionDocument()
    team: Name | None = None
    rota: Name | None = None
    place: Literal["parked"] | None = None
    reason: Text

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(target is not None for target in (self.team, self.rota, self.place)) != 1:
            raise ValueError(f"rule {self.name} needs exactly one of team, rota, place")
        if self.place and self.when.decision != (NON_SERVICE,):
            # SPEC policy: service and triage always open a case.
            raise ValueError(f"rule {self.name} parks, so it must ask for decision: [non_service]")
        return self

    def rule(self) -> Rule:
        return Rule(
            name=self.name,
            reason=self.reason,
            when=self.when.condition(),
            team=self.team,
            rota=self.rota,
        )


class ConfigurationDocument(_Part):
    """Everything that a company sets for the router."""

    company: Text
    teams: Annotated[tuple[TeamDocument, ...], Field(min_length=1, max_length=100)]
    people: Annotated[tuple[PersonDocument, ...], Field(max_length=10_000)] = ()
    clocks: ClocksDocument = ClocksDocument()
    claims: ClaimsDocument = ClaimsDocument()
    own_accounts: Annotated[tuple[OwnAccountDocument, ...], Field(max_length=10_000)] = ()
    rotas: dict[Name, Annotated[tuple[RotaMemberDocument, ...], Field(min_length=1)]] = {}
    rules: Annotated[tuple[RuleDocument, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        problems = [
            *_repeated("team", [team.name for team in self.teams]),
            *_repeated("rule", [rule.name for rule in self.rules]),
            *_repeated("person", [person.id for person in self.people]),
            *self._unknown_names(),
        ]
        if self.rules[-1].when.condition() != Condition():
            problems.append("the last rule must hold for everything (no conditions)")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _unknown_names(self) -> list[str]:
        teams = {team.name for team in self.teams}
        people = {person.id for person in self.people}
        wanted = [(f"rule {rule.name}", rule.team) for rule in self.rules if rule.team]
        wanted += [(f"person {p.name}", team) for p in self.people for team in p.teams]
        wanted += [(f"rota {name}", m.team) for name, ms in self.rotas.items() for m in ms]
        problems = [f"{who}: unknown team {team}" for who, team in wanted if team not in teams]
        problems += [
            f"rule {rule.name}: unknown rota {rule.rota}"
            for rule in self.rules
            if rule.rota and rule.rota not in self.rotas
        ]
        problems += [
            f"person {person.name}: deputy of an unknown person"
            for person in self.people
            if person.deputy_of and person.deputy_of not in people
        ]
        for name, members in self.rotas.items():
            problems += _repeated(f"team in rota {name}:", [member.team for member in members])
        return problems

    def configuration(self, version: int) -> Configuration:
        """What the decisions read."""
        first_reaction = self.clocks.first_reaction
        return Configuration(
            version=version,
            teams=frozenset(team.name for team in self.teams),
            rules=tuple(rule.rule() for rule in self.rules),
            rotas={
                name: tuple(Member(member.team, member.weight) for member in members)
                for name, members in self.rotas.items()
            },
            first_reaction=ClockTerms(
                duration=timedelta(minutes=first_reaction.minutes),
                warn_share=first_reaction.warn_at_percent / 100,
                decisions=frozenset(first_reaction.decisions),
            ),
            own_accounts={
                (account.network, account.handle.lower().removeprefix("@")): account.relation
                for account in self.own_accounts
            },
            default_lease=timedelta(seconds=self.claims.lease_seconds),
            longest_lease=timedelta(seconds=self.claims.longest_lease_seconds),
        )


def parse(document: object) -> ConfigurationDocument:
    """A validated document; ConfigurationError lists everything that is wrong with it."""
    try:
        return ConfigurationDocument.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError("; ".join(problems_of(error))) from error


def problems_of(error: ValidationError) -> list[str]:
    """Each problem with its place in the document, without the values."""
    return [
        f"{'.'.join(str(step) for step in problem['loc']) or 'document'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]


def packaged_default() -> ConfigurationDocument:
    """The Motorrad AG of the specification, as shipped."""
    source = files("router").joinpath("default_configuration.yaml").read_text("utf-8")
    return parse(yaml.safe_load(source))


def _repeated(what: str, names: list[str]) -> list[str]:
    return [
        f"{what} {name} is named twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
