"""Picks the words that carried a decision and the rules that fired, as spans of the original.

Handles and links are never evidence: the first are people, the second say nothing by themselves.
"""

from collections.abc import Sequence

from classifier.domain.labels import Evidence, EvidenceSource
from classifier.gateways.model.cues import SIGNATURE, lowered
from classifier.gateways.model.lexicon import LOOSE, seek
from classifier.gateways.model.pack import Floats
from classifier.gateways.model.tokens import NUMBERED, OTHER, OWN, URL, Token

MOST_WORDS = 5
_LEAST_WEIGHT = 0.03
_RULE_WEIGHT = 5.0
_SILENT = frozenset({OWN, OTHER, NUMBERED, URL})


def words_that_carried(
    text: str, tokens: Sequence[Token], weights: Floats, *, sign: float
) -> list[Evidence]:
    """Return up to MOST_WORDS words that spoke for the label, heaviest first.

    `weights` has one entry per token; `sign` is 1.0 for service and -1.0 against it. Words that
    stand side by side become one span of at most three.
    """
    # Plain numbers: numpy's calls cost more than the work on some twenty words.
    plain = weights.tolist()
    speaking = [weight * sign for weight in plain]
    order = sorted(range(len(plain)), key=speaking.__getitem__, reverse=True)[: MOST_WORDS + 3]
    chosen = [i for i in order if speaking[i] > _LEAST_WEIGHT and tokens[i].text not in _SILENT]
    spans = [_evidence(text, tokens, run, plain) for run in _runs(sorted(chosen[:MOST_WORDS]))]
    return sorted(spans, key=lambda e: (-abs(e.weight), e.start))


def signatures(text: str) -> list[Evidence]:
    """The span of an agent's signature, if the post bears one: that rule decides alone."""
    found = SIGNATURE.search(text)
    return [_rule(text, *found.span(), weight=-_RULE_WEIGHT)] if found else []


def insults(text: str) -> list[Evidence]:
    """The span of the first open insult. It says nothing about service: its weight is 0 (S21)."""
    found = seek("insult", LOOSE["insult"], lowered(text))
    return [_rule(text, *found.span(), weight=0.0)] if found else []


def _rule(text: str, start: int, end: int, *, weight: float) -> Evidence:
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Evidence(text[start:end], start, end, weight, EvidenceSource.RULE)


def _runs(places: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][-1] == place - 1 and len(runs[-1]) < 3:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _evidence(
    text: str, tokens: Sequence[Token], run: Sequence[int], weights: Sequence[float]
) -> Evidence:
    start, end = tokens[run[0]].start, tokens[run[-1]].end
    weight = round(sum([weights[i] for i in run]), 4)
    return Evidence(text[start:end], start, end, weight, EvidenceSource.MODEL)
