"""Weighs the sentences of a reply by the shipped numbers.

Two halves are added: hashed words and pieces of words, weighed linearly, and the nearness in
meaning to the sentences it was taught with. Sentences are judged for the tone and for promises, the
whole reply for help simulation and pure justification.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from responder.domain.gates.judging import Verdict
from responder.domain.gates.language import Span, greeted, sentences
from responder.gateways.encoder import encode
from responder.gateways.judgement.artefact import Floats, Memory, Numbers, read_numbers
from responder.gateways.judgement.grams import Run, grams, tokens

_ARTEFACT = Path(__file__).with_name("artefact")
_AT_ONCE = 64
_WORDS = 3
_LEAST_SHARE = 0.1


@lru_cache(maxsize=512)
def judge(text: str) -> Sequence[Verdict]:
    """What the shipped numbers say of a reply, above their cuts, in order of the text.

    Some twenty milliseconds of processor time; the first call of a process most of a second.
    """
    return tuple(judge_by(numbers(), text))


@lru_cache(maxsize=1)
def numbers() -> Numbers:
    """The shipped numbers, read once. Raises ConfigurationError if they are damaged."""
    return read_numbers(_ARTEFACT)


def judge_by(known: Numbers, text: str) -> list[Verdict]:
    """The same by any numbers."""
    spans = [greeted(span) for span in sentences(text)]
    if not spans:
        return []
    parts = [span.text for span in spans]
    whole = " ".join(parts)
    linear = np.stack([gram_scores(known, each) for each in [*parts, whole]])
    near = _nearness(known, encode(parts if parts == [whole] else [*parts, whole]))
    margins = linear / known.scales[0] + near / known.scales[1] - known.cuts
    found: list[tuple[int, int, int]] = []
    for column, rule in enumerate(known.rules):
        if rule not in known.of_replies:
            above = np.flatnonzero(margins[:-1, column] > 0)
            found += [(int(row), int(row), column) for row in above]
        elif margins[-1, column] > 0:
            # A verdict on the whole reply stands at the sentence whose words say it most.
            found.append((int(linear[:-1, column].argmax()), -1, column))
    verdicts = [
        _verdict(known, column, spans[place], float(margins[row, column]))
        for place, row, column in found
    ]
    return sorted(verdicts, key=lambda verdict: (verdict.start, verdict.rule))


def weigh(idf: Floats, runs: Sequence[Run]) -> tuple[npt.NDArray[np.int64], Floats]:
    """The buckets of a text, each once, and their weights in it.

    Damped term frequency by inverse document frequency, to length one; unknown runs weigh nothing.
    """
    every = np.fromiter(chain.from_iterable(buckets for buckets, _, _ in runs), dtype=np.int64)
    buckets, times = np.unique(every, return_counts=True)
    weights = (1.0 + np.log(times)) * idf[buckets]
    length = float(np.sqrt((weights * weights).sum()))
    return buckets, np.asarray(weights / length if length else weights, dtype=np.float32)


def gram_scores(known: Numbers, text: str) -> Floats:
    """The linear half, one score per rule."""
    buckets, weights = weigh(known.idf, grams(tokens(text)))
    return np.asarray(weights @ known.gram_weights[buckets] + known.gram_biases, dtype=np.float32)


def _nearness(known: Numbers, meanings: Floats) -> Floats:
    """The other half: of the sentences, and in the last row of the whole reply."""
    places = np.asarray((meanings - known.mean) @ known.axes, dtype=np.float32)
    return np.vstack(
        [
            _remember(known, known.sentences, places[:-1] if len(places) > 1 else places),
            _remember(known, known.replies, places[-1:]),
        ]
    )


def _remember(known: Numbers, memory: Memory, places: Floats) -> Floats:
    """Radial basis functions around what is remembered, as the support vectors weigh them."""
    found = []
    for begin in range(0, len(places), _AT_ONCE):
        part = places[begin : begin + _AT_ONCE]
        lengths = (part * part).sum(axis=1)[:, None]
        distances = lengths + memory.lengths - 2.0 * (part @ memory.places.T)
        found.append(np.exp(np.float32(-known.width) * distances) @ memory.duals + memory.biases)
    return np.asarray(np.vstack(found), dtype=np.float32)


def _verdict(known: Numbers, column: int, span: Span, margin: float) -> Verdict:
    return Verdict(
        rule=known.rules[column],
        start=span.start,
        end=span.end,
        margin=round(margin, 3),
        words=_heaviest(known, column, span.text),
    )


def _heaviest(known: Numbers, column: int, sentence: str) -> tuple[str, ...]:
    """The words that speak most for the rule, with what their runs and pieces add."""
    found = tokens(sentence)
    runs = grams(found)
    buckets, weights = weigh(known.idf, runs)
    speaks = dict(zip(buckets, weights * known.gram_weights[buckets, column], strict=True))
    times = Counter(chain.from_iterable(buckets for buckets, _, _ in runs))
    by_word = np.zeros(len(found))
    for pieces, first, count in runs:
        share = sum(speaks[piece] / times[piece] for piece in pieces) / max(count, 1)
        by_word[first : first + count] += share
    order = [place for place in np.argsort(-by_word, kind="stable") if found[place][0].isalnum()]
    least = _LEAST_SHARE * float(np.abs(by_word).sum())
    heavy = dict.fromkeys(found[place] for place in order if by_word[place] > least)
    return tuple(heavy)[:_WORDS]
