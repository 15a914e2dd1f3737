"""German and English at the level that gates need: sentences, words, stems, which language.

No grammar and no model: what is here must be explainable to the agent whose reply it stops.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from responder.domain.gates.vocabulary import ENGLISH, GERMAN, STOPWORDS, SYNONYMS

_WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?")
_ABBREVIATION = re.compile(
    r"(?:\b(?:z|d|u|o|s|i|e|g|a|p|v)\.|\b(?:nr|str|tel|ca|bzw|evtl|inkl|ggf|usw|geb|dr|hr|fr|st"
    r"|mr|mrs|ms|no|max|min|vgl|bspw|zzgl)\.|\d\.)$",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?…]+[)\"'“”]*(?=\s|$)|\n+")
GREETING = re.compile(
    r"(?i)^\W*(?:hallo|hi|hey|moin|servus|guten (?:tag|morgen|abend)|liebe[rs]?"
    r"|sehr geehrte[rs]?|hello|dear|good (?:morning|day|evening"
    r"|afternoon))[^.!?,\n]{0,40}[,!.\n]\s*"
)
"""What a reply begins with: a greeting with its name and its mark."""

_CLAUSE = re.compile(r"[,;:–—]\s+|\s-\s|\s(?:und|oder|aber|sondern|denn|and|or|but)\s")
_FOLD = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "à": "a", "ç": "c"}
)
_BARE = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_SUFFIXES = (
    "ungen", "heiten", "keiten", "ung", "heit", "keit", "ends", "end", "ern", "est", "ing",
    "em", "er", "en", "es", "et", "te", "ed", "ly", "st", "e", "s", "n", "t",
)  # fmt: skip
_LEAST_STEM = 4
_LEAST_PART = 5


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the text and where it stands."""

    start: int
    end: int
    text: str


def sentences(text: str) -> list[Span]:
    """The sentences, without surrounding white space; abbreviations and `3.` end none."""
    return list(_sentences(text))


@lru_cache(maxsize=512)
def _sentences(text: str) -> tuple[Span, ...]:
    found, start = [], 0
    for end in _END.finditer(text):
        if text[end.start()] == "." and _ABBREVIATION.search(text[start : end.start() + 1]):
            continue
        found.append(_trimmed(text, start, end.end()))
        start = end.end()
    found.append(_trimmed(text, start, len(text)))
    return tuple(span for span in found if span.text)


def greeted(sentence: Span) -> Span:
    """The sentence without a greeting before it; a greeting alone stays what it is."""
    greeting = GREETING.match(sentence.text)
    if greeting is None or greeting.end() == len(sentence.text):
        return sentence
    return Span(sentence.start + greeting.end(), sentence.end, sentence.text[greeting.end() :])


def clauses(sentence: Span) -> list[Span]:
    """The parts of a sentence between commas and conjunctions, at their place in the text."""
    found, start = [], 0
    for cut in _CLAUSE.finditer(sentence.text):
        found.append(_trimmed(sentence.text, start, cut.start(), offset=sentence.start))
        start = cut.end()
    found.append(_trimmed(sentence.text, start, len(sentence.text), offset=sentence.start))
    return [span for span in found if span.text]


def _trimmed(text: str, start: int, end: int, *, offset: int = 0) -> Span:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    piece = piece.strip()
    return Span(offset + start, offset + start + len(piece), piece)


def words(text: str) -> list[str]:
    """The words in lower case, as they stand."""
    return [word.lower() for word in _WORD.findall(text)]


@lru_cache(maxsize=2048)
def lowered(text: str) -> str:
    """Lower case of the same length: patterns without a flag for case are several times faster."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def fold(text: str) -> str:
    """Lower case with umlauts written out: Müßig and muessig are the same."""
    return text.casefold().translate(_FOLD)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A crude stem of a German or English word; participles lose their `ge`.

    Umlauts fall to their vowel, so that Händler, Haendler and Handel come near each other.
    """
    bare = word.lower().translate(_BARE)
    bare = re.sub(r"(?<!q)([aou])e(?=[^aeiou])", r"\1", bare)
    if bare.startswith("ge") and len(bare) > 6 and bare.endswith(("t", "en")):
        bare = bare[2:]
    for _ in range(2):
        for suffix in _SUFFIXES:
            if bare.endswith(suffix) and len(bare) - len(suffix) >= _LEAST_STEM:
                bare = bare[: -len(suffix)]
                break
    return SYNONYMS.get(bare, bare)


def content_stems(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order; numbers count as words."""
    return [
        stem(word)
        for word in words(text)
        if word not in STOPWORDS and (len(word) >= 3 or any(map(str.isdigit, word)))
    ]


def are_akin(one: str, other: str) -> bool:
    """Whether two stems mean the same thing: equal, nearly, or part of a German compound."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    least = _LEAST_STEM if len(long) >= 2 * _LEAST_STEM else _LEAST_PART
    if len(short) < least or any(map(str.isdigit, short)):
        return False
    return long.startswith(short) or long.endswith(short)


def shared(one: Iterable[str], other: Sequence[str]) -> list[str]:
    """The stems of `one` that are akin to one of `other`."""
    return [a for a in one if any(are_akin(a, b) for b in other)]


def language_of(text: str) -> str | None:
    """`de`, `en`, or None where too little tells."""
    found = words(text)
    german = sum(word in GERMAN for word in found) + 2 * sum(c in "äöüßÄÖÜ" for c in text)
    english = sum(word in ENGLISH for word in found)
    if max(german, english) < 2 or abs(german - english) < max(2, 0.3 * max(german, english)):
        return None
    return "de" if german > english else "en"
