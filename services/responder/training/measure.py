"""Authors left out: what the judge makes of rows whose author it never read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from learn import WIDTH, Half, Learned, Texts, gram_matrix, learn
from rows import OF_REPLIES, RULES, SETS, Row

_STRICT, _USUAL = (0.015, 0.01, 0.05), (0.02, 0.015, 0.05)
MOST = {
    rule: _STRICT if rule in {"bounce", "tone.insult", "tone.personal"} else _USUAL
    for rule in RULES
}
"""False alarms allowed of a rule: over everything right, clean replies, its own near ones.

What blocks a reply may be wrong less often than what asks for a confirmation.
"""

_FOLDS = 6

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Both halves, (2, texts, rules): of each sentence for most rules, of each reply for some."""

    of_sentences: Array
    of_replies: Array


@dataclass(frozen=True, slots=True)
class Settled:
    """What is chosen on held-out scores: the spread of each half, (2, rules), and the cuts."""

    scales: Array
    cuts: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The outcome of one rule over held-out rows, at its cut."""

    rule: str
    hits: int
    found: float
    near: float
    clean: float
    everything: float


def held_out(rows: Sequence[Row], texts: Texts) -> Scores:
    """The scores of rows by what was learned from other authors, at most six times."""
    counts = [len(row.sentences) for row in rows]
    ends = np.cumsum(counts)
    scores = Scores(np.zeros((2, int(ends[-1]), len(RULES))), np.zeros((2, len(rows), len(RULES))))
    authors = sorted({row.author for row in rows} - {SETS})
    for out in (authors[begin::_FOLDS] for begin in range(min(_FOLDS, len(authors)))):
        mine = [number for number, row in enumerate(rows) if row.author in out]
        learned = learn([row for row in rows if row.author not in out], texts)
        places = [at for n in mine for at in range(ends[n] - counts[n], ends[n])]
        sentences = [sentence for number in mine for sentence in rows[number].sentences]
        scores.of_sentences[:, places] = halves(learned, texts, sentences, of_replies=False)
        replies = [rows[number].text for number in mine]
        scores.of_replies[:, mine] = halves(learned, texts, replies, of_replies=True)
        print(f"left out: {', '.join(out)}", flush=True)
    return scores


def halves(learned: Learned, texts: Texts, found: Sequence[str], *, of_replies: bool) -> Array:
    """Both halves' scores of texts, (2, texts, rules); zero for rules of the other sort."""
    linear = gram_matrix(learned.idf, texts.tokens(found)) @ learned.gram_weights
    flat = (texts.places(found) - learned.mean) @ learned.axes
    known = learned.reply_places if of_replies else learned.sentence_places
    near = np.zeros_like(linear)
    remembered = known * learned.steps
    squares = (flat**2).sum(axis=1)[:, None] + (remembered**2).sum(axis=1)[None, :]
    kernel = np.exp(-WIDTH * (squares - 2.0 * flat @ remembered.T))
    for column, rule in enumerate(RULES):
        half: Half = learned.halves[rule]
        if (rule in OF_REPLIES) == of_replies:
            near[:, column] = kernel[:, half.support] @ half.duals + half.bias
    return np.stack([linear + learned.gram_biases, near])


def settle(rows: Sequence[Row], scores: Scores) -> Settled:
    """The spreads, and the lowest cuts that keep false alarms within what is allowed."""
    scales = np.zeros((2, len(RULES)))
    for column, rule in enumerate(RULES):
        own = (scores.of_replies if rule in OF_REPLIES else scores.of_sentences)[:, :, column]
        scales[:, column] = np.round(own[:, own[0] != 0].std(axis=1), 4)
    by_row = of_rows(rows, scores, scales)
    cuts = [_cut(rule, rows, by_row[:, column]) for column, rule in enumerate(RULES)]
    return Settled(scales, np.round(cuts, 4))


def of_rows(rows: Sequence[Row], scores: Scores, scales: Array) -> Array:
    """The score of each row for each rule: of its worst sentence, or of the whole."""
    sentences = (scores.of_sentences / scales[:, None]).sum(axis=0)
    starts = np.cumsum([0, *(len(row.sentences) for row in rows)])[:-1]
    found = np.maximum.reduceat(sentences, starts, axis=0)
    replies = (scores.of_replies / scales[:, None]).sum(axis=0)
    for column, rule in enumerate(RULES):
        if rule in OF_REPLIES:
            found[:, column] = replies[:, column]
    return np.asarray(found)


def figures(rows: Sequence[Row], scores: Scores, settled: Settled) -> list[Figure]:
    """What is found and what alarms falsely, rule by rule."""
    by_row = of_rows(rows, scores, settled.scales)
    return [
        _figure(rule, rows, by_row[:, column] > settled.cuts[column])
        for column, rule in enumerate(RULES)
    ]


def _figure(rule: str, rows: Sequence[Row], fires: npt.NDArray[np.bool_]) -> Figure:
    told = np.array([row.author != SETS for row in rows])
    mine = told & [row.rule == rule for row in rows]
    right = told & [not row.is_hit for row in rows]
    return Figure(
        rule=rule,
        hits=int((mine & ~right).sum()),
        found=float(fires[mine & ~right].mean()),
        near=float(fires[mine & right].mean()),
        clean=float(fires[[row.rule == "clean" for row in rows]].mean()),
        everything=float(fires[right].mean()),
    )


def _cut(rule: str, rows: Sequence[Row], scores: Array) -> float:
    right = np.array([row.author != SETS and not row.is_hit for row in rows])
    near = right & [row.rule == rule for row in rows]
    clean = np.array([row.rule == "clean" for row in rows])
    return max(
        float(np.quantile(scores[part], 1 - most))
        for part, most in zip((right, clean, near), MOST[rule], strict=True)
    )
