"""Everything that is wrong with a configuration document, at once: path and reason (S119).

What validates is checked for sense even where other parts do not, so that nobody mends a document
one complaint at a time. Values are never repeated: they may be personal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from router.storage.configuration_rules import ConditionDocument

Found = tuple[str, Any]
"""A part that validated, and its path in the document."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Where in the document (`rules.3.when.kind`) and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def problems_of(error: ValidationError, *, under: str = "") -> list[Problem]:
    """Each problem with its place in the document, without the values."""
    return [
        Problem(
            ".".join(str(step) for step in (*filter(None, [under]), *problem["loc"])) or "document",
            problem["msg"].removeprefix("Value error, "),
        )
        for problem in error.errors(include_input=False, include_url=False)
    ]


KEYS: Mapping[str, str] = {
    "teams": "name",
    "rules": "name",
    "people": "id",
    "departments": "id",
    "topics": "id",
    "actions": "name",
}
"""What names a part of a section; rotas and calendars are named by their place."""


class Sections:
    """The parts of a document that validated, by section, each with its path.

    `broken` are names of parts that did not: they exist, and nobody is told otherwise.
    """

    def __init__(
        self,
        parts: Mapping[str, Sequence[Found]],
        broken: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._parts = parts
        self._broken = broken or {}

    def of(self, section: str) -> Sequence[Found]:
        return self._parts.get(section, ())

    def names(self, section: str) -> frozenset[str]:
        key = KEYS.get(section)
        named = (
            getattr(part, key) if key else path.removeprefix(f"{section}.")
            for path, part in self.of(section)
        )
        return frozenset(named) | self._broken.get(section, frozenset())


def nonsense(sections: Sections) -> list[Problem]:
    """What contradicts itself: names that are unknown or given twice, rules nothing reaches."""
    checks: tuple[Callable[[Sections], Iterator[Problem]], ...] = (
        _repeated_names,
        _teams,
        _people,
        _rotas,
        _rules,
        _directory,
        _calendars,
    )
    return [problem for check in checks for problem in check(sections)]


def _repeated_names(sections: Sections) -> Iterator[Problem]:
    for section, key in KEYS.items():
        seen: Counter[str] = Counter()
        for path, part in sections.of(section):
            name = getattr(part, key)
            seen[name] += 1
            if seen[name] == 2:
                yield Problem(f"{path}.{key}", f"{name} is named twice")


def _teams(sections: Sections) -> Iterator[Problem]:
    teams = sections.names("teams")
    for path, rule in sections.of("rules"):
        if rule.team is not None and rule.team not in teams:
            yield Problem(f"{path}.team", f"unknown team {rule.team}")
    for path, person in sections.of("people"):
        for number, team in enumerate(person.teams):
            if team not in teams:
                yield Problem(f"{path}.teams.{number}", f"unknown team {team}")
    for path, rota in sections.of("rotas"):
        for number, member in enumerate(rota.teams):
            if member.team not in teams:
                yield Problem(f"{path}.teams.{number}.team", f"unknown team {member.team}")


def _people(sections: Sections) -> Iterator[Problem]:
    people = sections.names("people")
    for path, person in sections.of("people"):
        for number, deputy in enumerate(person.deputies):
            where = f"{path}.deputies.{number}"
            if deputy == person.id:
                yield Problem(where, "nobody is their own deputy")
            elif deputy not in people:
                yield Problem(where, "deputy of an unknown id: no such person")


def _rotas(sections: Sections) -> Iterator[Problem]:
    skills = _skills(sections)
    learned = {each.name for _, p in sections.of("people") for each in p.certificates}
    for path, rota in sections.of("rotas"):
        for number, member in enumerate(rota.teams):
            if any(earlier.team == member.team for earlier in rota.teams[:number]):
                yield Problem(f"{path}.teams.{number}.team", f"{member.team} is named twice")
        for what, wanted, known in (
            ("skills", rota.needs.skills, skills),
            ("certificates", rota.needs.certificates, learned),
        ):
            for number, name in enumerate(wanted):
                if name not in known:
                    yield Problem(f"{path}.needs.{what}.{number}", f"nobody has {name}")


def _rules(sections: Sections) -> Iterator[Problem]:
    rotas = sections.names("rotas")
    skills = _skills(sections)
    topics, departments = sections.names("topics"), sections.names("departments")
    rules = sections.of("rules")
    for number, (path, rule) in enumerate(rules, 1):
        if rule.rota is not None and rule.rota not in rotas:
            yield Problem(f"{path}.rota", f"unknown rota {rule.rota}")
        for what, wanted, known in (
            ("skills", rule.skills, skills),
            ("when.topic", rule.when.topic, topics),
            ("when.department", rule.when.department, departments),
        ):
            for name in wanted:
                if name not in known:
                    yield Problem(f"{path}.{what}", f"there is no {name}")
        asks_nothing = rule.when == ConditionDocument()
        if number == len(rules) and not asks_nothing:
            yield Problem(f"{path}.when", "the last rule must hold for everything (no conditions)")
        if number < len(rules) and asks_nothing:
            yield Problem(f"{path}.when", "holds for everything: no rule after it is reached")


def _skills(sections: Sections) -> frozenset[str]:
    return frozenset(skill for _, person in sections.of("people") for skill in person.skills)


def _directory(sections: Sections) -> Iterator[Problem]:
    departments = sections.names("departments")
    for path, topic in sections.of("topics"):
        if topic.department is not None and topic.department not in departments:
            yield Problem(f"{path}.department", f"unknown department {topic.department}")


def _calendars(sections: Sections) -> Iterator[Problem]:
    known = sections.names("calendars")
    named = [
        (f"{path}.calendar", part.calendar)
        for section in ("people", "departments")
        for path, part in sections.of(section)
    ]
    for path, rule in sections.of("rules"):
        named += [(f"{path}.when.open", rule.when.open), (f"{path}.when.closed", rule.when.closed)]
    for path, clocks in sections.of("clocks"):
        named += [(f"{path}.{clock}.calendar", name) for clock, name in clocks.named_calendars()]
    for path, name in named:
        if name is not None and name not in known:
            yield Problem(path, f"unknown calendar {name}")
