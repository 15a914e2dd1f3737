"""Signals, needs and what the author already tried: said beside the learned labels.

Patterns stand in observations.toml. They advise people and choose a team; they never change the
label, and no insult takes a need away (S21).
"""

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files

from classifier.domain.labels import Concern, Kind, Label, Need, Signal

_READ = tomllib.loads(
    (files("classifier.gateways.model") / "observations.toml").read_text(encoding="utf-8")
)
_SIGNALS = {name: re.compile("|".join(found)) for name, found in _READ["signals"].items()}
_PIECES = {name: tuple(pieces) for name, pieces in _READ["pieces"].items()}
_NEEDS = {name: re.compile("|".join(found)) for name, found in _READ["needs"].items()}
_TRIED = [re.compile(found) for found in _READ["tried"]["steps"]]
_HELPED = re.compile("|".join(_READ["tried"]["helped"]))
_CLAUSE_END = re.compile(r"[.!?;…\n]|,\s*(?:aber|doch|but|jedoch|however)\b|\s(?:aber|but)\s|$")
_MOST_TRIED = 5
_LONGEST_TRIED = 200
_BY_WORDS = (Signal.ADDRESSED_TO_MANAGEMENT, Signal.PRESS, Signal.CRISIS)


def signals_of(
    low: str, *, label: Label, kind: Kind, abusive: bool, is_to_others: bool = False
) -> frozenset[Signal]:
    """What else the post tells (S18, S20, S22 to S25). `low` is the post in lower case.

    `no_dialogue` and `no_concern` are only ever said where there is no service matter: anger is
    not trolling. What somebody says to somebody else is no dialogue of ours (`is_to_others`).
    """
    found = {signal for signal in _BY_WORDS if _speaks(signal.value, low)}
    if label is Label.SERVICE:
        return frozenset(found)
    if not is_to_others and (
        _speaks("refuses_dialogue", low)
        or (abusive and kind in (Kind.OPINION, Kind.TALK) and "?" not in low)
    ):
        found.add(Signal.NO_DIALOGUE)
    if kind is Kind.OPINION or (
        kind is Kind.TALK and not is_to_others and _speaks("general_criticism", low)
    ):
        found.add(Signal.NO_CONCERN)
    if not abusive and (kind is Kind.PRAISE or _is_delighted(low, kind)):
        found.add(Signal.ENGAGEMENT_OPPORTUNITY)
    return frozenset(found)


def _speaks(name: str, low: str) -> bool:
    # No generator: this runs for every post, and most stop at the first loop's end.
    for piece in _PIECES[name]:
        if piece in low:
            return _SIGNALS[name].search(low) is not None
    return False


def _is_delighted(low: str, kind: Kind) -> bool:
    return kind is not Kind.NEWS and _speaks("delight", low)


def needs_of(low: str, concerns: Sequence[Concern]) -> frozenset[Need]:
    """What it takes to answer a service matter (S19); nothing means that anyone can, in public."""
    found = {need for need in Need if need.value in _NEEDS and _NEEDS[need.value].search(low)}
    if any(concern.department for concern in concerns):
        found.add(Need.DEPARTMENT)
    return frozenset(found)


def already_tried(text: str, low: str) -> tuple[str, ...]:
    """The author's own words for what did not help (S84), in order, each up to its clause's end.

    `low` is `text` in lower case with every character still in its place.
    """
    spans: list[tuple[int, int]] = []
    for pattern in _TRIED:
        for match in pattern.finditer(low):
            end = _CLAUSE_END.search(low, match.end())
            stop = min(end.start() if end else len(low), match.start() + _LONGEST_TRIED)
            spans.append((match.start(), max(stop, match.end())))
    kept: list[tuple[int, int]] = []
    for start, stop in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, stop))
    lasting = [(start, stop) for start, stop in kept if not _HELPED.search(low, start, stop)]
    return tuple(text[start:stop].strip(" ,") for start, stop in lasting[:_MOST_TRIED])
