"""Routing rules: an ordered list of conditions, the first that holds decides (S28, S37).

A rule names a team, a rota that names the team, or the parking place. Rules are configuration;
this module only reads them. Whether a mention's conversation has a case already is decided in
placing.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.errors import ConfigurationError

SERVICE = "service"
TRIAGE = "triage"
NON_SERVICE = "non_service"

_URGENCY_OF_DECISION = {NON_SERVICE: 0, TRIAGE: 1, SERVICE: 2}


@dataclass(slots=True, kw_only=True)
class Facts:
    """What rules may ask about a mention.

    `is_addressed` says that the company was written to: on its account or by @-mention.
    """

    decision: str
    kind: str
    abusive: bool
    urgent: bool
    is_addressed: bool
    language: str
    network: str
    account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """All that is given must hold; an empty set or None asks nothing."""

    decision: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    language: frozenset[str] = frozenset()
    network: frozenset[str] = frozenset()
    account: frozenset[str] = frozenset()
    abusive: bool | None = None
    urgent: bool | None = None
    is_addressed: bool | None = None

    def holds(self, facts: Facts) -> bool:
        return (
            (not self.decision or facts.decision in self.decision)
            and (not self.kind or facts.kind in self.kind)
            and (not self.language or facts.language in self.language)
            and (not self.network or facts.network in self.network)
            and (not self.account or facts.account in self.account)
            and (self.abusive is None or facts.abusive is self.abusive)
            and (self.urgent is None or facts.urgent is self.urgent)
            and (self.is_addressed is None or facts.is_addressed is self.is_addressed)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Exactly one of `team` and `rota` names who gets the case; neither means parked."""

    name: str
    reason: str
    when: Condition = field(default_factory=Condition)
    team: str | None = None
    rota: str | None = None

    @property
    def parks(self) -> bool:
        return self.team is None and self.rota is None


def first_match(rules: Sequence[Rule], facts: Facts) -> Rule:
    """The rule that decides.

    Raises ConfigurationError where none does; a validated configuration ends with a rule that
    holds for everything.
    """
    for rule in rules:
        if rule.when.holds(facts):
            return rule
    raise ConfigurationError("no routing rule holds for a mention; the last must hold for all")


def graver(one: str, other: str) -> str:
    """The decision that asks for more: service before triage before non_service."""
    return max(one, other, key=lambda decision: _URGENCY_OF_DECISION.get(decision, 0))
