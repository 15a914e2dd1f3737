"""Where rules fire: phrases and patterns with their places, authors, accounts, networks.

A pattern gets a few milliseconds per text and then counts as not found; one that runs over again
and again sits out the rest of the batch, so that a careless expression costs a batch at most
`PATTERN_S * MOST_OVERRUNS` per rule and never stops the pipeline. Phrases are whole words, in any
case. The engine lets go of the interpreter while it searches, so heartbeats go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import regex

from classifier.domain.labels import Classification
from classifier.domain.rules import Effects, Fired, Subject, apply_rules
from classifier.gateways.rules.document import EffectDocument, RuleDocument, RulesDocument
from common.observability import metrics
from common.observability.logging import get_logger

PATTERN_S = 0.02
MOST_OVERRUNS = 5
_MOST_SPANS = 5
_LONGEST = 20_000
_log = get_logger()


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    phrases: tuple[tuple[str, regex.Pattern[str]], ...]
    patterns: tuple[regex.Pattern[str], ...]
    authors: frozenset[str]
    accounts: frozenset[str]
    networks: frozenset[str]
    effects: Effects


@dataclass(slots=True)
class _Batch:
    """How often each rule ran over its time in the batch in hand."""

    overruns: dict[str, int] = field(default_factory=dict)

    def is_out(self, rule: str) -> bool:
        return self.overruns.get(rule, 0) >= MOST_OVERRUNS

    def count(self, rule: str) -> None:
        self.overruns[rule] = self.overruns.get(rule, 0) + 1
        metrics.CLASSIFIER_RULE_OVERRUNS_TOTAL.labels(rule.partition("@")[0]).inc()
        if self.is_out(rule):
            _log.warning("rule_sits_out_the_batch", rule=rule)


class RuleBook:
    """The rules of one version of the document, ready to be used from any thread."""

    def __init__(self, document: RulesDocument, version: int) -> None:
        self.document = document
        self.version = version
        self._rules = tuple(_prepared(rule) for rule in document.rules)

    @classmethod
    def empty(cls) -> RuleBook:
        """What is in force before anybody wrote a rule."""
        return cls(RulesDocument(), 0)

    def fired(self, subjects: Sequence[Subject]) -> list[tuple[Fired, ...]]:
        """The rules that fire on each subject, in the document's order."""
        if not self._rules:
            return [()] * len(subjects)
        batch = _Batch()
        return [self._on(subject, batch) for subject in subjects]

    def apply(
        self, subjects: Sequence[Subject], answers: Sequence[Classification]
    ) -> list[Classification]:
        """The answers after the rules."""
        if not self._rules:
            return list(answers)
        found = self.fired(subjects)
        return [
            apply_rules(answer, subject.text, fired) if fired else answer
            for subject, answer, fired in zip(subjects, answers, found, strict=True)
        ]

    def _on(self, subject: Subject, batch: _Batch) -> tuple[Fired, ...]:
        text = subject.text[:_LONGEST]
        folded = " ".join(text.split()).casefold()
        found = []
        for rule in self._rules:
            spans = None if batch.is_out(rule.name) else _spans(rule, subject, text, folded, batch)
            if spans is not None:
                found.append(Fired(rule.name, rule.effects, spans))
        return tuple(found)


def _spans(
    rule: _Rule, subject: Subject, text: str, folded: str, batch: _Batch
) -> tuple[tuple[int, int], ...] | None:
    """The places in the text, empty where the rule asks for none; None where it does not fire."""
    if rule.networks and subject.network not in rule.networks:
        return None
    if rule.accounts and subject.account not in rule.accounts:
        return None
    if rule.authors and rule.authors.isdisjoint(subject.authors):
        return None
    spans: list[tuple[int, int]] = []
    if rule.phrases:
        of_phrases = _phrase_spans(rule, text, folded)
        if not of_phrases:
            return None
        spans += of_phrases
    if rule.patterns:
        of_patterns = _pattern_spans(rule, text, batch)
        if not of_patterns:
            return None
        spans += of_patterns
    return tuple(sorted(set(spans))[:_MOST_SPANS])


def _phrase_spans(rule: _Rule, text: str, folded: str) -> list[tuple[int, int]]:
    return [
        match.span()
        for phrase, pattern in rule.phrases
        if phrase in folded
        for match in pattern.finditer(text)
    ]


def _pattern_spans(rule: _Rule, text: str, batch: _Batch) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for pattern in rule.patterns:
        try:
            found = pattern.finditer(text, timeout=PATTERN_S, concurrent=True)
            spans += [match.span() for match in found if match.end() > match.start()]
        except TimeoutError:
            batch.count(rule.name)
    return spans


def _prepared(rule: RuleDocument) -> _Rule:
    when = rule.when
    return _Rule(
        name=rule.full_name,
        phrases=tuple(
            (" ".join(phrase.split()).casefold(), _phrase(phrase)) for phrase in when.phrases
        ),
        patterns=tuple(regex.compile(pattern, regex.IGNORECASE) for pattern in when.patterns),
        authors=frozenset(map(folded_name, when.authors)),
        accounts=frozenset(map(folded_name, when.accounts)),
        networks=frozenset(map(folded_name, when.networks)),
        effects=_effects(rule.then),
    )


def _phrase(phrase: str) -> regex.Pattern[str]:
    """The phrase as whole words; any white space counts as one blank."""
    words = r"\s+".join(regex.escape(word) for word in phrase.split())
    return regex.compile(rf"(?<!\w){words}(?!\w)", regex.IGNORECASE | regex.FULLCASE)


def _effects(then: EffectDocument) -> Effects:
    return Effects(
        label=then.label,
        kind=then.kind,
        is_for_triage=then.triage,
        abusive=then.abusive,
        urgent=then.urgent,
        own_post=then.own_post,
        signals=frozenset(then.signals),
        needs=frozenset(then.needs),
        topic=then.topic,
        department=then.department,
    )


def folded_name(name: str) -> str:
    """A handle or account as rules compare it."""
    return name.strip().removeprefix("@").casefold()


def subject_of(
    text: str,
    *,
    network: str | None = None,
    account: str | None = None,
    authors: Sequence[str | None] = (),
) -> Subject:
    """What the rules look at, its names folded."""
    return Subject(
        text,
        folded_name(network) if network else None,
        folded_name(account) if account else None,
        frozenset(folded_name(author) for author in authors if author),
    )
