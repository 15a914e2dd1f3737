"""Routing rules: an ordered list of conditions, the first that holds decides (S28, S37).

A rule names a team, a rota that names the team, or the parking place. Rules are configuration;
this module only reads them. A set of rules is compiled once per version, because placing asks it
for every mention; what `explain` says is told by the same checks. Whether a mention's conversation
has a case already is decided in placing.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.errors import ConfigurationError
from router.domain.calendars import Calendar
from router.domain.opening import is_open

SERVICE = "service"
TRIAGE = "triage"
NON_SERVICE = "non_service"
NORMAL = "normal"

_URGENCY_OF_DECISION = {NON_SERVICE: 0, TRIAGE: 1, SERVICE: 2}
_NOBODY = UUID(int=0)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Bounds = tuple[int | None, int | None]


@dataclass(slots=True, kw_only=True)
class Facts:
    """What rules may ask about a mention.

    `is_addressed` says that the company was written to: on its account or by @-mention. `found_at`
    is when it was detected, so that a rule says the same about it at any later time.
    """

    decision: str
    kind: str
    abusive: bool
    urgent: bool
    is_addressed: bool
    language: str
    network: str
    account: str | None
    label: str = ""
    signals: Collection[str] = ()
    needs: Collection[str] = ()
    topics: Collection[str] = ()
    departments: Collection[str] = ()
    repeat_contacts: int = 0
    reach: int = 0
    found_at: datetime = _LONG_AGO
    mention_id: UUID = _NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """All that is given must hold; an empty set or None asks nothing."""

    label: frozenset[str] = frozenset()
    decision: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    signals: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    needs_nothing: bool | None = None
    topics: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    language: frozenset[str] = frozenset()
    network: frozenset[str] = frozenset()
    account: frozenset[str] = frozenset()
    abusive: bool | None = None
    urgent: bool | None = None
    is_addressed: bool | None = None
    repeat_contacts: Bounds | None = None
    reach: Bounds | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    open: Calendar | None = None
    closed: Calendar | None = None
    share_percent: float | None = None

    def holds(self, facts: Facts, *, rule: str = "") -> bool:
        """Whether all of it holds; `rule` is the name that seeds the share."""
        return all(check.holds(facts) for check in checks_of(self, rule))


@dataclass(frozen=True, slots=True)
class Check:
    """One part of a condition: its name in the document, what it wants, and how it looks."""

    name: str
    wanted: Any
    holds: Callable[[Facts], bool]
    found: Callable[[Facts], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Exactly one of `team` and `rota` names who gets the case; neither means parked."""

    name: str
    reason: str
    when: Condition = field(default_factory=Condition)
    team: str | None = None
    rota: str | None = None
    priority: str = NORMAL
    skills: frozenset[str] = frozenset()

    @property
    def parks(self) -> bool:
        return self.team is None and self.rota is None


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """The first part of a rule's condition that did not hold: JSON types."""

    condition: str
    wanted: Any
    found: Any


@dataclass(frozen=True, slots=True)
class TriedRule:
    """What became of a rule; `failed` is None where it held."""

    rule: Rule
    failed: FailedCheck | None


class RuleSet:
    """Rules, compiled: per decision only those that may hold, with their checks, cheapest first."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._checks = {rule.name: checks_of(rule.when, rule.name) for rule in self.rules}
        self._by_decision = {
            decision: self._compiled(decision, self.rules) for decision in _URGENCY_OF_DECISION
        }
        self._opening = {
            decision: self._compiled(decision, [rule for rule in self.rules if not rule.parks])
            for decision in _URGENCY_OF_DECISION
        }

    def first_match(self, facts: Facts) -> Rule:
        """The rule that decides.

        Raises ConfigurationError where none does; a validated configuration ends with a rule that
        holds for everything.
        """
        return _first(self._by_decision.get(facts.decision, ()), facts)

    def first_that_opens(self, facts: Facts) -> Rule:
        """The same among the rules that park nothing."""
        return _first(self._opening.get(facts.decision, ()), facts)

    def explain(self, facts: Facts) -> list[TriedRule]:
        """Every rule that was tried, in order, up to the one that held."""
        tried = []
        for rule in self.rules:
            failed = next((c for c in self._checks[rule.name] if not c.holds(facts)), None)
            told = FailedCheck(failed.name, failed.wanted, failed.found(facts)) if failed else None
            tried.append(TriedRule(rule, told))
            if told is None:
                break
        return tried

    def _compiled(
        self, decision: str, rules: Iterable[Rule]
    ) -> tuple[tuple[Rule, tuple[Callable[[Facts], bool], ...]], ...]:
        return tuple(
            (rule, tuple(c.holds for c in self._checks[rule.name] if c.name != "decision"))
            for rule in rules
            if not rule.when.decision or decision in rule.when.decision
        )


def first_match(rules: Sequence[Rule], facts: Facts) -> Rule:
    """The rule of a list that decides; as `RuleSet.first_match`, for a single question."""
    return RuleSet(rules).first_match(facts)


def graver(one: str, other: str) -> str:
    """The decision that asks for more: service before triage before non_service."""
    return max(one, other, key=lambda decision: _URGENCY_OF_DECISION.get(decision, 0))


def share_of(rule: str, mention_id: UUID) -> float:
    """Where a mention lies for a rule, in percent (0 included, 100 not): the same for ever.

    Another rule's shares are independent of it: half of the rest is half of the rest.
    """
    digest = hashlib.blake2b(mention_id.bytes, digest_size=8, key=rule.encode()[:64]).digest()
    return int.from_bytes(digest, "big") / 2**64 * 100


def checks_of(when: Condition, rule: str) -> tuple[Check, ...]:
    """The parts of a condition that ask something; the share last, it costs most."""
    checks = [
        *_words(when),
        *_sets(when),
        *_flags(when),
        *_numbers(when),
    ]
    checks += _hours(when)
    if when.share_percent is not None:
        checks.append(_share(when.share_percent, rule))
    return tuple(checks)


def _first(
    compiled: tuple[tuple[Rule, tuple[Callable[[Facts], bool], ...]], ...], facts: Facts
) -> Rule:
    for rule, checks in compiled:
        for holds in checks:
            if not holds(facts):
                break
        else:
            return rule
    raise ConfigurationError("no routing rule holds for a mention; the last must hold for all")


def _words(when: Condition) -> list[Check]:
    """One value that must be among the wanted ones."""

    def one_of(name: str, wanted: frozenset[str], read: Callable[[Facts], str | None]) -> Check:
        return Check(name, sorted(wanted), lambda facts: read(facts) in wanted, read)

    asked = [
        ("decision", when.decision, lambda facts: facts.decision),
        ("label", when.label, lambda facts: facts.label),
        ("kind", when.kind, lambda facts: facts.kind),
        ("language", when.language, lambda facts: facts.language),
        ("network", when.network, lambda facts: facts.network),
        ("account", when.account, lambda facts: facts.account),
    ]
    return [one_of(name, wanted, read) for name, wanted, read in asked if wanted]


def _sets(when: Condition) -> list[Check]:
    """Several values of which one must be among the wanted ones."""

    def any_of(
        name: str, wanted: frozenset[str], read: Callable[[Facts], Collection[str]]
    ) -> Check:
        return Check(
            name,
            sorted(wanted),
            lambda facts: not wanted.isdisjoint(read(facts)),
            lambda facts: sorted(read(facts)),
        )

    asked = [
        ("signal", when.signals, lambda facts: facts.signals),
        ("need", when.needs, lambda facts: facts.needs),
        ("topic", when.topics, lambda facts: facts.topics),
        ("department", when.departments, lambda facts: facts.departments),
    ]
    checks = [any_of(name, wanted, read) for name, wanted, read in asked if wanted]
    if when.needs_nothing is not None:
        wants = when.needs_nothing
        checks.append(
            Check(
                "needs_nothing",
                wants,
                lambda facts: (not facts.needs) is wants,
                lambda facts: not facts.needs,
            )
        )
    return checks


def _flags(when: Condition) -> list[Check]:
    def is_so(name: str, wanted: bool, read: Callable[[Facts], bool]) -> Check:
        return Check(name, wanted, lambda facts: read(facts) is wanted, read)

    asked = [
        ("abusive", when.abusive, lambda facts: facts.abusive),
        ("urgent", when.urgent, lambda facts: facts.urgent),
        ("addressed", when.is_addressed, lambda facts: facts.is_addressed),
    ]
    return [is_so(name, wanted, read) for name, wanted, read in asked if wanted is not None]


def _numbers(when: Condition) -> list[Check]:
    checks = []
    if when.repeat_contacts is not None:
        checks.append(
            _within("repeat_contacts", when.repeat_contacts, lambda facts: facts.repeat_contacts)
        )
    if when.reach is not None:
        checks.append(_within("reach", when.reach, lambda facts: facts.reach))
    if when.begins_at is not None:
        begins = when.begins_at
        checks.append(
            Check("from", begins.isoformat(), lambda facts: facts.found_at >= begins, _found_at)
        )
    if when.ends_at is not None:
        ends = when.ends_at
        checks.append(
            Check("until", ends.isoformat(), lambda facts: facts.found_at < ends, _found_at)
        )
    return checks


def _hours(when: Condition) -> list[Check]:
    """Working time by a calendar: what it finds is whether the office was open."""

    def asks(name: str, calendar: Calendar, wanted: bool) -> Check:
        def read(facts: Facts) -> bool:
            return is_open(calendar, facts.found_at)

        return Check(name, calendar.name, lambda facts: read(facts) is wanted, read)

    asked = [("open", when.open, True), ("closed", when.closed, False)]
    return [asks(name, calendar, wanted) for name, calendar, wanted in asked if calendar]


def _within(name: str, bounds: Bounds, read: Callable[[Facts], int]) -> Check:
    least, most = bounds
    wanted = {"at_least": least, "at_most": most}
    return Check(
        name,
        {key: value for key, value in wanted.items() if value is not None},
        lambda facts: (
            (least is None or read(facts) >= least) and (most is None or read(facts) <= most)
        ),
        read,
    )


def _share(percent: float, rule: str) -> Check:
    return Check(
        "share_percent",
        percent,
        lambda facts: share_of(rule, facts.mention_id) < percent,
        lambda facts: round(share_of(rule, facts.mention_id), 3),
    )


def _found_at(facts: Facts) -> str:
    return facts.found_at.isoformat()
