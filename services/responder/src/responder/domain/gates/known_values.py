"""Values learned in private, found again in a public text however they are written (S63).

Compared without case, spaces and punctuation, umlauts written out or bare; telephone numbers by
their number, dates by their day, mail addresses by their parts, names also by the family name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from responder.domain.gates.dates import written_dates
from responder.domain.gates.language import fold
from responder.domain.gates.reply import PhoneFinder

_BARE = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_LEAST_DIGITS = 7
_LEAST_LETTERS = 3
_DIGIT_RUN = re.compile(r"\d(?:[ \u00a0./()-]{0,3}\d)*")
_NO_NAME = frozenset({"gmbh", "ag", "kg", "von", "van", "der", "dr", "prof", "herr", "frau"})


def known_values(
    text: str, values: tuple[str, ...], *, phones: PhoneFinder
) -> Iterator[tuple[int, int]]:
    """Where the text says one of the values."""
    if not values:
        return
    forms = [(squeeze, _Squeezed(text, squeeze)) for squeeze in (_written_out, _bare)]
    dates = [(d.start, d.end, (d.day, d.month, d.year)) for d in written_dates(text) if d.year]
    numbers = list(phones(text)) if any(map(str.isdigit, text)) else []
    for value in values:
        for piece in pieces_of(value):
            for squeeze, form in forms:
                for wanted in _streets(_letters(squeeze(piece))):
                    yield from form.find(wanted, len(piece))
        wanted_dates = {(d.day, d.month, d.year) for d in written_dates(value) if d.year}
        yield from ((start, end) for start, end, day in dates if day in wanted_dates)
        if sum(map(str.isdigit, value)) >= _LEAST_DIGITS:
            own = {phone.number for phone in phones(value)}
            yield from ((p.start, p.end) for p in numbers if p.number in own)
            yield from _digits(text, value)


@lru_cache(maxsize=4096)
def pieces_of(value: str) -> tuple[str, ...]:
    """The whole value, the parts of an address, and a name's family name."""
    found = [value.strip()]
    parts = [part.strip() for part in re.split(r"[,;\n]", value) if part.strip()]
    if len(parts) > 1:
        found += [p for p in parts if any(map(str.isdigit, p)) and len(_letters(p)) >= 6]
    names = value.replace(",", " ").split()
    is_name = 1 < len(names) <= 4 and all(re.fullmatch(r"[^\W\d_]['’\w-]*\.?", n) for n in names)
    if is_name and all(n[:1].isupper() or n.lower() in _NO_NAME for n in names):
        family = names[0] if "," in value else names[-1]
        if len(family) >= _LEAST_LETTERS and family.lower() not in _NO_NAME:
            found.append(family)
    return tuple(dict.fromkeys(p for p in found if len(_letters(p)) >= _LEAST_LETTERS))


class _Squeezed:
    """A text reduced to letters and digits that still knows where each of them stood."""

    def __init__(self, text: str, squeeze: Callable[[str], str]) -> None:
        self._text = text
        self._places: list[int] = []
        kept: list[str] = []
        for place, character in enumerate(text):
            for sign in squeeze(character):
                if sign.isalnum():
                    kept.append(sign)
                    self._places.append(place)
        self._kept = "".join(kept)

    def find(self, wanted: str, length: int) -> Iterator[tuple[int, int]]:
        """Places of `wanted` that begin and end with a word and are not stretched too far."""
        at = self._kept.find(wanted) if wanted else -1
        while at >= 0:
            start = self._places[at]
            end = self._places[at + len(wanted) - 1] + 1
            # A name in the genitive keeps its name: Kurbels.
            if wanted.isalpha() and self._text[end : end + 1] in ("s", "S"):
                end += 1
            if self._stands_alone(start, end) and end - start <= 2 * length + 4:
                yield start, end
            at = self._kept.find(wanted, at + 1)

    def _stands_alone(self, start: int, end: int) -> bool:
        before, after = self._text[start - 1 : start], self._text[end : end + 1]
        return not (start > 0 and before.isalnum()) and not after.isalnum()


@lru_cache(maxsize=4096)
def _written_out(text: str) -> str:
    return fold(text)


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    return text.casefold().translate(_BARE)


def _streets(wanted: str) -> Iterator[str]:
    """Hauptstrasse12 is also Hauptstr12, and the other way round."""
    yield wanted
    if re.search(r"str(?:asse)?\d", wanted):
        longer = re.sub(r"str(?:asse)?(?=\d)", "strasse", wanted)
        yield longer if longer != wanted else re.sub(r"strasse(?=\d)", "str", wanted)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _digits(text: str, value: str) -> Iterator[tuple[int, int]]:
    """Runs of digits that are the value's own, or most of them: a number without its prefix."""
    own = "".join(filter(str.isdigit, value)).lstrip("0")
    for match in _DIGIT_RUN.finditer(text):
        run = "".join(filter(str.isdigit, match.group())).lstrip("0")
        if len(run) >= _LEAST_DIGITS and (run in own or own in run):
            yield match.start(), match.end()
