"""What a company sets, as the decisions read it: rules, rotas, clocks, own accounts (S119).

The document people write, and its validation, is storage/configuration_document.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from router.domain.clocks import ClockTerms
from router.domain.rota import Member
from router.domain.routing import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One version of it. `own_accounts` maps (network, handle in lower case) to own or partner."""

    version: int
    teams: frozenset[str]
    rules: tuple[Rule, ...]
    rotas: Mapping[str, tuple[Member, ...]]
    first_reaction: ClockTerms
    own_accounts: Mapping[tuple[str, str], str]
    default_lease: timedelta
    longest_lease: timedelta
