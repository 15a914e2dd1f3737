"""What a rule may ask about a mention, as checks that decide and that explain themselves (S37).

A condition is data; `checks_of` makes functions of it, once per version of the configuration. Which
rule decides is routing.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from router.domain.calendars import Calendar
from router.domain.opening import is_open

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
