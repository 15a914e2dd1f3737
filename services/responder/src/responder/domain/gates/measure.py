"""How often a rule hits what it must and what it must not, over sets of sentences."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from responder.domain.gates.findings import Finding
from responder.domain.gates.language import language_of
from responder.domain.gates.reply import Reply

Check = Callable[[Reply], Sequence[Finding]]

_AROUND = ("{}", "Hallo Karla, {}", "{} Viele Grüße, Tom", "Hallo! {}")
_AROUND_ENGLISH = ("{}", "Hi Karla, {}", "{} Best regards, Tom", "Hello! {}")
_AROUND_VALUES = (
    "{}",
    "Wir haben {} notiert.",
    "Stimmt {} noch?",
    "Hallo Karla, bei uns steht {}, passt das?",
    "We have {} on file.",
    "Is {} still right?",
)
_JUDGED = frozenset({"tone", "bounce", "promise"})


class Around(enum.Enum):
    """What a set holds: sentences, which stand in something, or whole replies."""

    SOMETHING = "something"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Sentences:
    """What a rule, or a family of rules, must and must not hit."""

    rule: str
    hit: tuple[Reply, ...]
    near: tuple[Reply, ...]
    around: Around


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The outcome for one rule."""

    rule: str
    must_hit: int
    must_not: int
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]

    @property
    def hit_rate(self) -> float:
        return 1 - len(self.missed) / self.must_hit if self.must_hit else 1.0

    @property
    def false_alarm_rate(self) -> float:
        return len(self.false_alarms) / self.must_not


def figures(sets: Sequence[Sentences], *, check: Check) -> Iterator[Figure]:
    """Each sentence with what stands around it in a reply."""
    for each in sets:
        hit = list(_texts(each, each.hit))
        near = list(_texts(each, each.near))
        yield Figure(
            rule=each.rule,
            must_hit=len(hit),
            must_not=len(near),
            missed=tuple(r.text for r in hit if not _hits(each.rule, check(r))),
            false_alarms=tuple(r.text for r in near if _hits(each.rule, check(r))),
        )


def sentences_of(rule: str, both: Mapping[str, Sequence[Reply]], *, around: Around) -> Sentences:
    """The set of a rule from its two lists."""
    return Sentences(rule, tuple(both["hit"]), tuple(both["near"]), around)


def _texts(each: Sentences, replies: Sequence[Reply]) -> Iterator[Reply]:
    for number, reply in enumerate(replies):
        if each.around is Around.NOTHING:
            yield reply
        else:
            yield from _around(each.rule, number, reply)


def _around(rule: str, number: int, sentence: Reply) -> Iterator[Reply]:
    """A value in every carrier; what a judge weighs with one thing around it, in turn."""
    if rule.startswith("personal_data.") and not sentence.known_values:
        carriers: Sequence[str] = _AROUND_VALUES
    else:
        carriers = _AROUND_ENGLISH if language_of(sentence.text) == "en" else _AROUND
    if rule.partition(".")[0] in _JUDGED:
        carriers = carriers[number % len(carriers) :][:1]
    for around in carriers:
        yield replace(sentence, text=around.format(sentence.text))


def _hits(rule: str, findings: Sequence[Finding]) -> bool:
    family = rule.partition(".")[0]
    if family == "personal_data" or "." not in rule:
        return any(finding.family == family for finding in findings)
    return any(finding.rule == rule for finding in findings)
