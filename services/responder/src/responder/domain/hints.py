"""What a writer and a reader should see beside a draft; hints advise and never block.

Many words and no progress (S98), two offers already (S96), a small voice made loud (S101), and
saying what everybody knows (S85).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from responder.domain.no_reply import OFFERS_BEFORE_OBSERVING
from responder.domain.words import Audience, Kind

TURNS_WITHOUT_PROGRESS = 3
_IDLE_KINDS = frozenset({"talk", "opinion", "news", "other"})
_WORD = re.compile(r"[^\W\d_]{4,}")
_LEAST_WORDS = 4
_MOSTLY = 0.6
_KNOWN_TO_ALL = re.compile(
    r"\b(?:neu(?: zu)? ?starten|neustart|aus- und (?:wieder )?ein(?:ge|zu)?schalt(?:en|et)|stecker|"
    r"bedienungsanleitung|wie (?:sie|du) sicher(?:lich)? wiss(?:en|t)|bekanntlich|natürlich wissen|"
    r"turn(?:ing)? it off and on|restart(?:ing)? (?:it|the)|plugged in|read the manual|"
    r"as you (?:surely |may )?know|obviously)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hint:
    """`code` is stable; `message` is for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The draft's surroundings. `turns` are our public replies since the last sign of progress."""

    customer_texts: Sequence[str]
    label: str
    mention_kind: str
    is_abusive: bool
    audience: int | None
    turns: int
    offers: int
    actions: int


def hints_for(
    text: str, kind: Kind, visibility: Audience, situation: Situation
) -> tuple[Hint, ...]:
    """Everything worth a second thought, in the order in which to think it."""
    return tuple(_hints(text, kind, visibility, situation))


def _hints(text: str, kind: Kind, visibility: Audience, now: Situation) -> Iterator[Hint]:
    is_public = visibility is Audience.PUBLIC and kind is not Kind.NO_REPLY
    if is_public and now.turns >= TURNS_WITHOUT_PROGRESS:
        yield Hint(
            "no_progress",
            f"{now.turns} public replies without progress: do something, or move to private.",
        )
    if now.offers >= OFFERS_BEFORE_OBSERVING and kind is not Kind.NO_REPLY:
        yield Hint("two_offers", "Two offers were not taken up: observe, or ask a lead.")
    if is_public and now.label != "service" and _is_idle(now):
        yield Hint("amplifies", _amplifies(now.audience))
    if kind is Kind.PROGRESS and now.actions == 0:
        yield Hint("nothing_done", "Nothing is known to have been done in this case yet.")
    if kind is not Kind.NO_REPLY and _is_obvious(text, now.customer_texts):
        yield Hint("obvious", "This mostly says what the customer knows already.")


def _is_idle(now: Situation) -> bool:
    return now.is_abusive or now.mention_kind in _IDLE_KINDS


def _amplifies(audience: int | None) -> str:
    seen = "" if audience is None else f" Its author has {audience} followers."
    return f"This comment asks for nothing; an answer shows it to all of ours.{seen}"


def _is_obvious(text: str, customer_texts: Sequence[str]) -> bool:
    if _KNOWN_TO_ALL.search(text):
        return True
    words = {word.casefold() for word in _WORD.findall(text)}
    theirs = {word.casefold() for said in customer_texts for word in _WORD.findall(said)}
    return len(words) >= _LEAST_WORDS and len(words & theirs) >= _MOSTLY * len(words)
