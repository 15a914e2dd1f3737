"""The configuration as people write it: its sections, and its way to the domain (S119).

A document that passes here can decide about every mention. It reads no file but the packaged
default, and knows neither the table nor the API. The sections' shapes stand in the other
configuration_*.py, what makes sense together in configuration_checks.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, ValidationError, model_validator

from common.errors import ConfigurationError
from router.domain.calendars import Calendar
from router.domain.configuration import Configuration
from router.domain.departments import Channel, Contact, Department
from router.domain.routing import RuleSet
from router.storage.configuration_actions import ActionDocument
from router.storage.configuration_calendars import (
    CalendarDocument,
    ClocksDocument,
    EscalationDocument,
)
from router.storage.configuration_checks import KEYS, Problem, Sections, nonsense, problems_of
from router.storage.configuration_clocks import CasesDocument, ClaimsDocument
from router.storage.configuration_directory import (
    ContactDocument,
    DepartmentDocument,
    TopicDocument,
)
from router.storage.configuration_part import ConfigurationPart, Name, Text, Zone
from router.storage.configuration_people import PersonDocument, TeamDocument
from router.storage.configuration_rules import RotaDocument, RuleDocument


class OwnAccountDocument(ConfigurationPart):
    network: Name
    handle: Text
    relation: Literal["own", "partner"] = "own"


class ConfigurationDocument(ConfigurationPart):
    """Everything that a company sets for the router."""

    company: Text
    timezone: Zone = "Europe/Berlin"
    public_replies_need: Name | None = None
    teams: Annotated[tuple[TeamDocument, ...], Field(min_length=1, max_length=100)]
    people: Annotated[tuple[PersonDocument, ...], Field(max_length=10_000)] = ()
    departments: Annotated[tuple[DepartmentDocument, ...], Field(max_length=1000)] = ()
    topics: Annotated[tuple[TopicDocument, ...], Field(max_length=1000)] = ()
    calendars: Annotated[dict[Name, CalendarDocument], Field(default_factory=dict)]
    clocks: ClocksDocument = ClocksDocument()
    escalation: EscalationDocument = EscalationDocument()
    claims: ClaimsDocument = ClaimsDocument()
    cases: CasesDocument = CasesDocument()
    own_accounts: Annotated[tuple[OwnAccountDocument, ...], Field(max_length=10_000)] = ()
    rotas: Annotated[dict[Name, RotaDocument], Field(default_factory=dict)]
    rules: Annotated[tuple[RuleDocument, ...], Field(min_length=1, max_length=1000)]
    actions: Annotated[tuple[ActionDocument, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        parts = {section: _items(section, getattr(self, section)) for section in _SHAPES}
        problems = nonsense(Sections(parts | {"clocks": [("clocks", self.clocks)]}))
        if problems:
            raise ValueError("; ".join(map(str, problems)))
        return self

    def configuration(self, version: int) -> Configuration:
        """What the decisions read."""
        zone = ZoneInfo(self.timezone)
        calendars = self.working_calendars()
        return Configuration(
            version=version,
            teams=frozenset(team.name for team in self.teams),
            people={person.id: person.colleague(zone, calendars) for person in self.people},
            departments={each.id: _department(each, calendars) for each in self.departments},
            topics=frozenset(topic.id for topic in self.topics),
            rules=RuleSet([rule.rule(zone, calendars) for rule in self.rules]),
            rotas={name: rota.rota(name) for name, rota in self.rotas.items()},
            actions={action.name: action.action() for action in self.actions},
            public_replies_need=self.public_replies_need,
            first_reaction=self.clocks.first_reaction_terms(calendars),
            clocks=self.clocks.policy(calendars),
            escalation=self.escalation.policy(),
            own_accounts={
                (account.network, account.handle.lower().removeprefix("@")): account.relation
                for account in self.own_accounts
            },
            default_lease=timedelta(seconds=self.claims.lease_seconds),
            longest_lease=timedelta(seconds=self.claims.longest_lease_seconds),
            cases=self.cases.policy(),
        )

    def working_calendars(self) -> Mapping[str, Calendar]:
        """The calendars by name, with their holidays."""
        return {name: each.calendar(name) for name, each in self.calendars.items()}

    def dumped(self) -> dict[str, Any]:
        """The document as JSON values: what is stored, compared and shown."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def parse(document: object) -> ConfigurationDocument:
    """A validated document; ConfigurationError lists everything that is wrong with it."""
    try:
        return ConfigurationDocument.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError("; ".join(map(str, problems_in(document)))) from error


def problems_in(document: object) -> list[Problem]:
    """Everything that is wrong with a document, by path; empty where it can be put in force."""
    try:
        ConfigurationDocument.model_validate(document)
    except ValidationError as error:
        of_shape = [each for each in problems_of(error) if each.path != "document"]
        if not isinstance(document, Mapping):
            return problems_of(error)
        return [*of_shape, *nonsense(_what_validates(document))]
    return []


@lru_cache(maxsize=1)
def packaged_default() -> ConfigurationDocument:
    """The Motorrad AG of the specification, as shipped."""
    source = files("router").joinpath("default_configuration.yaml").read_text("utf-8")
    return parse(yaml.safe_load(source))


def _items(section: str, parts: Any) -> list[tuple[str, Any]]:
    numbered = parts.items() if isinstance(parts, Mapping) else enumerate(parts)
    return [(f"{section}.{key}", part) for key, part in numbered]


# Sections whose items are checked for sense one by one, even where others are broken.
_SHAPES: Mapping[str, type[ConfigurationPart]] = {
    "teams": TeamDocument,
    "people": PersonDocument,
    "departments": DepartmentDocument,
    "topics": TopicDocument,
    "calendars": CalendarDocument,
    "rotas": RotaDocument,
    "rules": RuleDocument,
    "actions": ActionDocument,
}


def _what_validates(document: Mapping[str, Any]) -> Sections:
    found: dict[str, list[tuple[str, Any]]] = {}
    broken: dict[str, frozenset[str]] = {}
    for section, shape in _SHAPES.items():
        items = document.get(section, ())
        if not isinstance(items, Mapping | list | tuple):
            continue
        found[section] = []
        for path, item in _items(section, items):
            try:
                found[section].append((path, shape.model_validate(deepcopy(item))))
            except ValidationError:  # told already, by its shape
                name = item.get(KEYS.get(section, "")) if isinstance(item, Mapping) else None
                known = broken.get(section, frozenset())
                broken[section] = known | {str(name), path.removeprefix(f"{section}.")}
    with suppress(ValidationError):  # told already
        clocks = ClocksDocument.model_validate(deepcopy(document.get("clocks", {})))
        found["clocks"] = [("clocks", clocks)]
    return Sections(found, broken)


def _department(document: DepartmentDocument, calendars: Mapping[str, Calendar]) -> Department:
    return Department(
        id=document.id,
        name=document.name,
        channel=Channel(document.channel),
        address=document.address,
        contact=_contact(document.contact),
        deputy=None if document.deputy is None else _contact(document.deputy),
        calendar=calendars[document.calendar] if document.calendar else None,
    )


def _contact(document: ContactDocument) -> Contact:
    return Contact(document.name, document.address)
