"""Routing rules: an ordered list of conditions, the first that holds decides (S28, S37).

A rule names a team, a rota that names the team, or the parking place. Rules are configuration;
this module only reads them. A set of rules is compiled once per version, because placing asks it
for every mention; what `explain` says is told by the same checks. Whether a mention's conversation
has a case already is decided in placing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.errors import ConfigurationError
from router.domain.conditions import Condition, Facts, checks_of

__all__ = ["Condition", "Facts", "Rule", "RuleSet", "TriedRule", "graver"]

SERVICE = "service"
TRIAGE = "triage"
NON_SERVICE = "non_service"
NORMAL = "normal"

_URGENCY_OF_DECISION = {NON_SERVICE: 0, TRIAGE: 1, SERVICE: 2}


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


def graver(one: str, other: str) -> str:
    """The decision that asks for more: service before triage before non_service."""
    return max(one, other, key=lambda decision: _URGENCY_OF_DECISION.get(decision, 0))


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
