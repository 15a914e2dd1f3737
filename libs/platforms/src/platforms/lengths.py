"""How networks count the length of a text. What looks like one sign may be seven code points."""

from __future__ import annotations

import regex

from platforms.adapter import Limit, Unit

_GRAPHEME = regex.compile(r"\X")


def code_points(text: str) -> int:
    """As Python counts."""
    return len(text)


def utf16_units(text: str) -> int:
    """As JavaScript and Java count: signs beyond U+FFFF are two."""
    return len(text.encode("utf-16-le")) // 2


def utf8_bytes(text: str) -> int:
    """Bytes on the wire."""
    return len(text.encode("utf-8"))


def graphemes(text: str) -> int:
    """What a person sees as one sign (UAX 29): a family emoji is one, 25 bytes or not."""
    return sum(1 for _ in _GRAPHEME.finditer(text))


COUNTERS = {
    Unit.CODE_POINTS: code_points,
    Unit.UTF16_UNITS: utf16_units,
    Unit.UTF8_BYTES: utf8_bytes,
    Unit.GRAPHEMES: graphemes,
}


def limit(unit: Unit, most: int) -> Limit:
    """At most so many of these units."""
    return Limit(unit, most, COUNTERS[unit])
