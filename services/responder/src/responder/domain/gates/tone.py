"""How a reply sounds: nobody is made to look small, and it is not us who suffer (S87-90).

Tone has no vocabulary: a learned judge weighs each sentence. Only open insults are a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from responder.domain.gates.findings import Finding, Level
from responder.domain.gates.insults import OPEN_INSULT
from responder.domain.gates.judging import Verdict, loudest, reason
from responder.domain.gates.language import Span, lowered, sentences
from responder.domain.gates.reply import Reply

_INSULT, _JUSTIFICATION = "tone.insult", "tone.justification"


@dataclass(frozen=True, slots=True)
class _Rule:
    level: Level
    message: str
    way_out: str


_RULES: Mapping[str, _Rule] = {
    _INSULT: _Rule(
        Level.BLOCK,
        "This insults.",
        "Say what is wrong with the matter, in neutral words, or leave it out.",
    ),
    "tone.personal": _Rule(
        Level.BLOCK,
        "This is about the person, not the matter.",
        "Leave the person out: write about what happened and what comes next.",
    ),
    "tone.condescending": _Rule(
        Level.CONFIRM,
        "This makes the customer look careless or slow.",
        "Explain it as if it were asked for the first time, without what should have been known.",
    ),
    "tone.offended": _Rule(
        Level.CONFIRM,
        "This speaks of our own hurt feelings.",
        "Answer the matter; the customer's anger is about that.",
    ),
    "tone.irony": _Rule(
        Level.CONFIRM,
        "This may be read as irony.",
        "Say it plainly, or confirm that this customer will take it well.",
    ),
    _JUSTIFICATION: _Rule(
        Level.CONFIRM,
        "This only gives reasons why it is not our fault.",
        "Keep the reason short and say what you do now, and until when.",
    ),
}
# Said of ourselves an insult is an admission, and quoting the customer is none of ours.
_OURSELVES = re.compile(
    r"\b(?:von uns|unsererseits|unser (?:eigener )?fehler|wir (?:waren|haben uns)|uns selbst"
    r"|wir sind (?:selbst|so)|of us|on our part|our (?:own )?(?:mistake|fault)|we were|für uns)\b"
)
_QUOTED = re.compile(r"[„“\"»«][^„“”\"»«]{2,}[“”\"»«]")


def tone(reply: Reply, verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    """Findings `tone.*`: per sentence what speaks loudest, and every open insult.

    Justification is of the whole reply and speaks beside them.
    """
    insults = [place for sentence in sentences(reply.text) for place in _insults(sentence)]
    for start, end in insults:
        yield _finding(_INSULT, start, end, _RULES[_INSULT].message)
    of_sentences = [v for v in verdicts if v.rule in _RULES and v.rule != _JUSTIFICATION]
    for _, of_one in groupby(of_sentences, key=lambda verdict: verdict.start):
        for said in loudest(list(of_one)):
            if not (said.rule == _INSULT and any(_is_in(place, said) for place in insults)):
                yield _judged(said)
    yield from (_judged(said) for said in verdicts if said.rule == _JUSTIFICATION)


def is_abusive(text: str) -> bool:
    """Whether a customer's text insults: then it is not mirrored (S92)."""
    return OPEN_INSULT.search(lowered(text)) is not None


def _insults(sentence: Span) -> Iterator[tuple[int, int]]:
    """The first open insult of a sentence that is neither quoted nor said of ourselves."""
    small = lowered(sentence.text)
    if _OURSELVES.search(small):
        return
    quoted = [match.span() for match in _QUOTED.finditer(small)]
    for match in OPEN_INSULT.finditer(small):
        if not any(start <= match.start() and match.end() <= end for start, end in quoted):
            yield sentence.start + match.start(), sentence.start + match.end()
            return


def _is_in(place: tuple[int, int], said: Verdict) -> bool:
    return said.start <= place[0] and place[1] <= said.end


def _judged(said: Verdict) -> Finding:
    return _finding(said.rule, said.start, said.end, reason(_RULES[said.rule].message, said.words))


def _finding(rule: str, start: int, end: int, message: str) -> Finding:
    about = _RULES[rule]
    return Finding(
        rule=rule,
        level=about.level,
        start=start,
        end=end,
        message=message,
        way_out=about.way_out,
    )
