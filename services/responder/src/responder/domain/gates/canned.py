"""Canned answers: like what was sent before, full of phrases, about nothing much (S77 to S79)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from responder.domain.gates.findings import Finding, Level
from responder.domain.gates.language import (
    GREETING,
    are_akin,
    content_stems,
    fold,
    language_of,
    lowered,
    sentences,
    words,
)
from responder.domain.gates.phrases import BOILERPLATE
from responder.domain.gates.reply import Reply
from responder.domain.gates.vocabulary import GENERIC, STOPWORDS

_CLOSING = re.compile(
    r"(?is)[\s,.!]*(?:(?:viele|liebe|beste|mit freundlichen|freundliche|herzliche|schöne) grüße"
    r"|mfg|vg|lg|(?:best|kind|warm) regards|cheers|dein(?:e)? \w+|ihr(?:e)? (?:motorrad )?\w+"
    r"|your \w+ team)[^.!?]{0,40}$|\s*(?:/|\^|-\s?)[a-z]{2,3}$"
)
_SIZE = 3
_LEAST_LENGTH = 25
_BOILERPLATE_SHARE = 0.5
_OWN_WORDS = 5
_WAY_OUT_OWN = "Say it in your own words, and for this customer."
_WAY_OUT_CASE = "Name what the customer wrote about, and what happens with it."


def canned(reply: Reply) -> Iterator[Finding]:
    """`canned.similar`, `canned.boilerplate` and `canned.generic`."""
    yield from _similar(reply)
    yield from _boilerplate(reply)
    yield from _generic(reply)


def individuality(reply: Reply) -> float:
    """How much of the reply is made for this case, 0 (a text module) to 1 (S78).

    The share of words outside known phrases, times the distance to the nearest recent reply, and
    half of it at most where nothing of the case is taken up.
    """
    nearest = max((similarity(reply.text, old) for old in reply.recent_replies), default=0.0)
    score = (1.0 - _phrase_share(reply)[0]) * (1.0 - nearest)
    if reply.customer_text and not takes_up(reply.text, reply.customer_text):
        score /= 2
    return round(score, 3)


def similarity(one: str, other: str) -> float:
    """Jaccard of the letter trigrams of two replies, without greeting, closing, names, numbers."""
    a, b = _trigrams(one), _trigrams(other)
    return len(a & b) / len(a | b) if a and b else 0.0


@lru_cache(maxsize=4096)
def _trigrams(text: str) -> frozenset[str]:
    bare = _CLOSING.sub("", GREETING.sub("", text))
    bare = re.sub(r"(?:\bherr|\bfrau|\bmr|\bms)\.? \w+|@\w+|https?://\S+|\d+", " ", fold(bare))
    bare = f" {' '.join(re.findall(r'[a-z]+', bare))} "
    return frozenset(bare[i : i + _SIZE] for i in range(len(bare) - _SIZE + 1))


def _similar(reply: Reply) -> Iterator[Finding]:
    policy, text = reply.policy, reply.text
    if len(text) < _LEAST_LENGTH:
        return
    nearest = max((similarity(text, old) for old in reply.recent_replies), default=0.0)
    if nearest >= policy.similar_confirm:
        level = Level.BLOCK if nearest >= policy.similar_block else Level.CONFIRM
        yield Finding(
            rule="canned.similar",
            level=level,
            start=0,
            end=len(text),
            message=f"This is {nearest:.0%} like a reply that was sent before.",
            way_out=_WAY_OUT_OWN,
        )


def _phrase_share(reply: Reply) -> tuple[float, list[tuple[int, int]], int]:
    """Share of the words in known phrases, where those are, and how many words say more."""
    text = reply.text
    spans = [match.span() for match in BOILERPLATE.finditer(lowered(text))]
    folded = fold(text)
    for phrase in reply.policy.boilerplate:
        at = folded.find(fold(phrase))
        # Folding keeps the length only where there is no umlaut; elsewhere the place is the start.
        if at >= 0:
            spans.append((min(at, len(text)), min(at + len(phrase), len(text))))
    body = _CLOSING.sub("", text)
    head = GREETING.match(body)
    first = head.end() if head else 0
    total = covered = own = 0
    for match in re.finditer(r"\w+", body):
        if match.start() < first:
            continue
        total += 1
        if any(a <= match.start() < b for a, b in spans):
            covered += 1
        elif match.group().lower() not in STOPWORDS and match.group().lower() not in GENERIC:
            own += 1
    return (covered / total if total else 0.0), spans, own


def _boilerplate(reply: Reply) -> Iterator[Finding]:
    share, spans, own = _phrase_share(reply)
    if not spans or (share < _BOILERPLATE_SHARE and not (len(spans) > 1 and own < _OWN_WORDS)):
        return
    if own >= _OWN_WORDS and share < 0.7:
        return
    if sum(end - start for start, end in spans) < _LEAST_LENGTH:
        return
    yield Finding(
        rule="canned.boilerplate",
        level=Level.CONFIRM,
        start=min(start for start, _ in spans),
        end=max(end for _, end in spans),
        message=f"{share:.0%} of the words are phrases that fit every case.",
        way_out=_WAY_OUT_OWN,
    )


def takes_up(text: str, customer_text: str) -> bool:
    """Whether the reply names anything that the customer wrote about (S79)."""
    case = _specific(customer_text)
    return any(are_akin(a, b) for a in _specific(text) for b in case)


def _specific(text: str) -> list[str]:
    own = [word for word in words(text) if word not in GENERIC]
    return content_stems(" ".join(own))


def _generic(reply: Reply) -> Iterator[Finding]:
    if reply.kind in ("lead_in", "no_reply") or not reply.customer_text:
        return
    case = _specific(reply.customer_text)
    languages = {language_of(reply.text), language_of(reply.customer_text)} - {None}
    if len(set(case)) < 2 or len(languages) > 1 or takes_up(reply.text, reply.customer_text):
        return
    if not sentences(reply.text):
        return
    yield Finding(
        rule="canned.generic",
        level=Level.BLOCK if reply.kind == "holding" else Level.CONFIRM,
        start=0,
        end=len(reply.text),
        message="This takes up nothing of what the customer wrote.",
        way_out=_WAY_OUT_CASE,
    )
