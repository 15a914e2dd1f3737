"""What a company sets, as the decisions read it: rules, rotas, people, clocks, accounts (S119).

The document people write, and its validation, is storage/configuration_document.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from router.domain.actions import ActionKind
from router.domain.case_policy import DEFAULT_CASE_POLICY, CasePolicy
from router.domain.clocks import ClockPolicy, ClockTerms
from router.domain.departments import Department
from router.domain.escalation import EscalationPolicy
from router.domain.people import Colleague
from router.domain.rota import Rota
from router.domain.routing import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One version of it. `own_accounts` maps (network, handle in lower case) to own or partner.

    `public_replies_need` names the certificate for public replies (S41); None asks for none.
    `cases`: how long cases wait for others, and when a closed one is reopened.
    """

    version: int
    teams: frozenset[str]
    rules: RuleSet
    rotas: Mapping[str, Rota]
    first_reaction: ClockTerms
    clocks: ClockPolicy
    escalation: EscalationPolicy
    own_accounts: Mapping[tuple[str, str], str]
    default_lease: timedelta
    longest_lease: timedelta
    people: Mapping[str, Colleague] = field(default_factory=dict)
    departments: Mapping[str, Department] = field(default_factory=dict)
    topics: frozenset[str] = frozenset()
    actions: Mapping[str, ActionKind] = field(default_factory=dict)
    public_replies_need: str | None = None
    cases: CasePolicy = DEFAULT_CASE_POLICY
