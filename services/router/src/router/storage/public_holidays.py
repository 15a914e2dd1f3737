"""Public holidays by country and federal state, from the `holidays` package (S33).

A working calendar keeps the dates themselves, so a later version of the package changes no
deadline that was computed before.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import lru_cache

import holidays

YEARS = range(2020, 2041)
"""The years a calendar knows; a deadline beyond them sees no holiday."""


@lru_cache(maxsize=64)
def holidays_of(country: str, state: str | None) -> frozenset[date]:
    """The public holidays of these years; ValueError for an unknown country or state."""
    if country not in known_countries():
        raise ValueError("unknown country")
    if state is not None and state not in known_states(country):
        raise ValueError("unknown federal state")
    found = holidays.country_holidays(country, subdiv=state, years=YEARS)
    return frozenset(found.keys())


@lru_cache(maxsize=1)
def known_countries() -> Collection[str]:
    """ISO 3166-1 alpha-2 codes."""
    return frozenset(holidays.list_supported_countries(include_aliases=False))


def known_states(country: str) -> Collection[str]:
    """The codes of a country's parts (BW, BY ... for DE)."""
    return holidays.list_supported_countries(include_aliases=False)[country]
