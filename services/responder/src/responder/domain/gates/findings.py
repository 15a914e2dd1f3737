"""What a gate says of a reply, and how seriously an account takes each rule (S93).

A rule finds; the policy of the account decides whether that is a note, needs a confirmation or
blocks. Nothing here lifts anything: that takes a person and a reason.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


class Level(enum.StrEnum):
    """How much a finding weighs: it is shown; a reader must say yes to it; it stops the reply."""

    NOTE = "note"
    CONFIRM = "confirm"
    BLOCK = "block"


_HARDER: Mapping[Level, Level] = {
    Level.NOTE: Level.CONFIRM,
    Level.CONFIRM: Level.BLOCK,
    Level.BLOCK: Level.BLOCK,
}


class Address(enum.StrEnum):
    """How an account addresses people: as they do, or always in one way (S91, S93)."""

    MIRROR = "mirror"
    DU = "du"
    SIE = "sie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A place in the text that a rule objects to; `start` and `end` count code points.

    `way_out` says what the author can do instead.
    """

    rule: str
    level: Level
    start: int
    end: int
    message: str
    way_out: str

    @property
    def family(self) -> str:
        return self.rule.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An account's voice and thresholds (S93).

    `levels` names a rule (`tone.irony`) or a family (`tone`); the rule wins. Number formats are
    masks: `#` is a digit, `@` a letter, everything else itself. `own_contacts` are the company's
    own numbers, addresses and mail addresses, which are nobody's personal data.
    """

    levels: Mapping[str, Level] = field(default_factory=dict)
    similar_confirm: float = 0.6
    similar_block: float = 0.85
    address: Address = Address.MIRROR
    order_formats: tuple[str, ...] = ()
    customer_formats: tuple[str, ...] = ()
    own_contacts: tuple[str, ...] = ()
    boilerplate: tuple[str, ...] = ()

    def judge(self, finding: Finding) -> Finding:
        """The finding at the level that this account gives its rule."""
        level = self.levels.get(finding.rule) or self.levels.get(finding.family)
        return replace(finding, level=level) if level else finding


def harder(finding: Finding) -> Finding:
    """One step stricter: in a crisis (S26) and for corrections (S99)."""
    return replace(finding, level=_HARDER[finding.level])
