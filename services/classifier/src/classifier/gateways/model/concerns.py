"""Cuts a post into its concerns (S27): clauses with a topic each, and who might know.

Topics are words in topics.toml, not code. It finds what a post is about, not whether it is a
matter for service, and learns nothing.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from classifier.domain.labels import Concern
from classifier.gateways.model.tokens import Token

GENERAL = "general"
# A clause ends at a mark, or before a word that adds a new matter to the one before it.
_BORDER = re.compile(
    r"[.!?;…\n]+(?=\s|$)|\s[–—-]\s"
    r"|,?\s+(?=(?:und|and|aber|but|au(?:ß|ss)erdem|zudem|ausserdem|zus(?:ä|ae)tzlich|also|plus"
    r"|furthermore|besides|desweiteren)\b)",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3
_MOST_CONCERNS = 6


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's id, the department that might know, and the words that name it."""

    id: str
    department: str | None
    words: re.Pattern[str]


def _topics() -> tuple[Topic, ...]:
    text = (files("classifier.gateways.model") / "topics.toml").read_text(encoding="utf-8")
    found = []
    for name, about in tomllib.loads(text).items():
        parts = "|".join(re.escape(part) for part in about.get("parts", ()))
        whole = "|".join(re.escape(word) for word in about.get("whole", ()))
        both = [p for p in (parts, rf"^(?:{whole})$" if whole else "") if p]
        found.append(Topic(name, about.get("department"), re.compile("|".join(both))))
    return tuple(found)


TOPICS = _topics()


def concerns_of(text: str, tokens: Sequence[Token]) -> tuple[Concern, ...]:
    """The concerns of a post in order; at least one, `general` where no word names a topic.

    A clause without a topic belongs to the one before it; clauses of one topic become one concern.
    """
    found: list[tuple[Topic | None, int, int]] = []
    for start, end in _clauses(text, tokens):
        topic = _topic(tokens, start, end)
        if found and (topic is None or found[-1][0] in (None, topic)):
            last, since, _ = found[-1]
            found[-1] = (last or topic, since, end)
        else:
            found.append((topic, start, end))
    if not found:
        return (Concern(GENERAL, text.strip()),) if text.strip() else ()
    return tuple(
        Concern(
            topic.id if topic else GENERAL,
            text[start:end].strip(" ,"),
            topic.department if topic else None,
        )
        for topic, start, end in found[:_MOST_CONCERNS]
    )


def _clauses(text: str, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Spans of clauses; one of fewer than three words stays with its neighbour."""
    borders = [0, *(match.end() for match in _BORDER.finditer(text)), len(text)]
    spans: list[tuple[int, int]] = []
    begin, at = 0, 0
    for border in borders[1:]:
        words = 0
        while at < len(tokens) and tokens[at].start < border:
            words += tokens[at].text[0].isalpha()
            at += 1
        if words >= _FEWEST_WORDS or (words and not spans and border == len(text)):
            spans.append((begin, border))
            begin = border
        elif spans:
            spans[-1] = (spans[-1][0], border)
            begin = border
    if spans and spans[-1][1] < len(text):
        spans[-1] = (spans[-1][0], len(text))
    return spans


def _topic(tokens: Sequence[Token], start: int, end: int) -> Topic | None:
    """The topic that most words of the span name; the first named wins a draw."""
    votes: dict[int, int] = {}
    for token in tokens:
        if start <= token.start < end:
            named = _named_by(token.text)
            if named is not None:
                votes[named] = votes.get(named, 0) + 1
    return TOPICS[max(votes, key=votes.__getitem__)] if votes else None


@lru_cache(maxsize=60_000)
def _named_by(word: str) -> int | None:
    if not word[0].isalpha():
        return None
    return next((i for i, topic in enumerate(TOPICS) if topic.words.search(word)), None)
