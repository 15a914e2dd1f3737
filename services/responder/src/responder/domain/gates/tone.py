"""How a reply sounds: nobody is made to look small, and it is not us who suffer (S87-90)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from responder.domain.gates import tone_phrases as phrases
from responder.domain.gates.about_person import INSULT_FRAMES, PERSONAL_FRAMES
from responder.domain.gates.condescending import CONDESCENDING_FRAMES
from responder.domain.gates.doing import deeds
from responder.domain.gates.excuses import EXCUSE_FRAMES
from responder.domain.gates.findings import Finding, Level
from responder.domain.gates.irony import COMPLAINT, IRONY_FRAMES, MISMATCH
from responder.domain.gates.language import Span, lowered, sentences
from responder.domain.gates.offended import OFFENDED_FRAMES
from responder.domain.gates.reply import Reply


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    patterns: tuple[re.Pattern[str], ...]
    level: Level
    message: str
    way_out: str


_RULES = (
    _Rule(
        "insult",
        (phrases.INSULT, INSULT_FRAMES),
        Level.BLOCK,
        "This insults.",
        "Say what is wrong with the matter, in neutral words, or leave it out.",
    ),
    _Rule(
        "personal",
        (phrases.PERSONAL, PERSONAL_FRAMES),
        Level.BLOCK,
        "This is about the person, not the matter.",
        "Leave the person out: write about what happened and what comes next.",
    ),
    _Rule(
        "condescending",
        (phrases.CONDESCENDING, CONDESCENDING_FRAMES),
        Level.CONFIRM,
        "This makes the customer look careless or slow.",
        "Explain it as if it were asked for the first time, without what should have been known.",
    ),
    _Rule(
        "offended",
        (phrases.OFFENDED, OFFENDED_FRAMES),
        Level.CONFIRM,
        "This speaks of our own hurt feelings.",
        "Answer the matter; the customer's anger is about that.",
    ),
    _Rule(
        "irony",
        (phrases.IRONY, IRONY_FRAMES),
        Level.CONFIRM,
        "This may be read as irony.",
        "Say it plainly, or confirm that this customer will take it well.",
    ),
)
# Said of ourselves an insult is an admission, and quoting the customer is none of ours.
_OURSELVES = re.compile(
    r"(?i)\b(?:von uns|unsererseits|unser fehler|wir (?:waren|haben uns)|wir sind (?:selbst|so)"
    r"|of us|on our part|our (?:own )?(?:mistake|fault)|we were|that was .{0,10}of us|gelaufen"
    r"|ours|our (?:answer|post|form|text|mail|reply) (?:was|were)|uns selbst|für uns)\b"
)
_SPOKEN = ("insult", "personal", "offended")
_QUOTED = re.compile(r"[„“\"»«][^„“”\"»«]{2,}[“”\"»«]")


def tone(reply: Reply) -> Iterator[Finding]:
    """Findings `tone.*`, one per rule and sentence."""
    for sentence in sentences(reply.text):
        yield from _in_sentence(sentence)
    yield from _justification(reply)
    yield from _mismatch(reply)


def is_abusive(text: str) -> bool:
    """Whether a customer's text insults: then it is not mirrored (S92)."""
    return phrases.INSULT.search(lowered(text)) is not None


def _in_sentence(sentence: Span) -> Iterator[Finding]:
    quoted = [match.span() for match in _QUOTED.finditer(sentence.text)]
    for rule in _RULES:
        for match in _matches(rule, lowered(sentence.text)):
            is_quoted = any(a <= match.start() and match.end() <= b for a, b in quoted)
            if rule.name in _SPOKEN and (is_quoted or _OURSELVES.search(sentence.text)):
                continue
            yield _finding(rule, sentence.start + match.start(), sentence.start + match.end())
            break


def _matches(rule: _Rule, sentence: str) -> Iterator[re.Match[str]]:
    return (match for pattern in rule.patterns for match in pattern.finditer(sentence))


def _mismatch(reply: Reply) -> Iterator[Finding]:
    """Praise for being happy, to somebody who complains and to whom nothing else is said."""
    if not reply.customer_text or not COMPLAINT.search(lowered(reply.customer_text)):
        return
    match = MISMATCH.search(lowered(reply.text))
    if match is not None and not _helps(reply.text, excuse=match.span()):
        yield _finding(_RULES[-1], match.start(), match.end())


def _finding(rule: _Rule, start: int, end: int) -> Finding:
    return Finding(
        rule=f"tone.{rule.name}",
        level=rule.level,
        start=start,
        end=end,
        message=rule.message,
        way_out=rule.way_out,
    )


def _justification(reply: Reply) -> Iterator[Finding]:
    """Reasons alone: where something is done or asked besides, a reason is information (S90)."""
    small = lowered(reply.text)
    match = phrases.JUSTIFICATION.search(small) or EXCUSE_FRAMES.search(small)
    if match is None or _helps(reply.text, excuse=match.span()):
        return
    yield Finding(
        rule="tone.justification",
        level=Level.CONFIRM,
        start=match.start(),
        end=match.end(),
        message="This only gives reasons why it is not our fault.",
        way_out="Keep the reason short and say what you do now, and until when.",
    )


_HELP = re.compile(
    r"(?i)\b(?:schick(?:st|en|e)? (?:du |sie |uns |mir )|send (?:us|me)|magst du|möchten sie"
    r"|nenn\w* (?:uns|mir|bitte)|bieten (?:wir )?(?:ihnen|dir)|wir bieten|du kannst|sie können"
    r"|du bekommst|sie (?:bekommen|erhalten)|du erhältst|would you like|you can\b"
    r"|you['’]ll (?:get|receive|have)|you will (?:get|receive|have)|here is|here['’]s how"
    r"|so geht|kannst du uns|können sie uns|can you (?:send|tell)|could you (?:send|tell)"
    r"|we offer|as a workaround|daher (?:tausch|ersetz|erstatt|verläng|liefer|schick|prüf)\w+"
    r"|stattdessen|ships? (?:today|tonight|tomorrow)|take over|geben wir|ab montag)"
)


def _helps(text: str, *, excuse: tuple[int, int]) -> bool:
    """Whether anything but the excuse itself is done or offered."""
    done = [deed for deed in deeds(text) if not (deed.start < excuse[1] and excuse[0] < deed.end)]
    return bool(done) or _HELP.search(text) is not None
