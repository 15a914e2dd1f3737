"""Fits both halves of the judge for every rule from units of text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rows import OF_REPLIES, RULES, Row, pieces, units_of
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from responder.gateways.encoder import encode
from responder.gateways.judgement.grams import BUCKETS, grams, tokens
from responder.gateways.judgement.judge import weigh

DIRECTIONS = 96
WIDTH = 1.2
_LINEAR_COST = 8.0
_NEAR_COST = 4.0
_LEAST_TEXTS = 2

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Half:
    """Support of the near half of a rule: which units of its kind, with which dual weight."""

    support: npt.NDArray[np.int64]
    duals: Array
    bias: float


@dataclass(frozen=True, slots=True)
class Learned:
    """Everything that was fitted on some rows."""

    idf: Array
    gram_weights: Array
    gram_biases: Array
    mean: Array
    axes: Array
    steps: Array
    sentence_places: npt.NDArray[np.int8]
    reply_places: npt.NDArray[np.int8]
    halves: Mapping[str, Half]


class Texts:
    """Texts with their runs and their places in the space of meaning, each computed once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._at = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        found = list(self._at)
        self._tokens = [tokens(text) for text in found]
        self._places = encode(found).astype(np.float64)

    def places(self, texts: Sequence[str]) -> Array:
        """The meanings, one row each."""
        return self._places[[self._at[text] for text in texts]]

    def tokens(self, texts: Sequence[str]) -> list[list[str]]:
        """Their words and marks."""
        return [self._tokens[self._at[text]] for text in texts]


def texts_of(rows: Sequence[Row]) -> Texts:
    """Sentences and replies of the rows."""
    return Texts([*(s for row in rows for s in row.sentences), *(row.text for row in rows)])


def learn(rows: Sequence[Row], texts: Texts) -> Learned:
    """Fit every rule on these rows."""
    rows = [*rows, *pieces(rows)]
    sentences = [sentence for row in rows for sentence in row.sentences]
    replies = [row.text for row in rows]
    idf = _idf(texts.tokens([*sentences, *replies]))
    mean, axes = _directions(texts.places(sentences))
    flat = {False: texts.places(sentences), True: texts.places(replies)}
    flat = {whole: (places - mean) @ axes for whole, places in flat.items()}
    steps = np.abs(np.vstack(list(flat.values()))).max(axis=0) / 127
    rounded = {whole: np.rint(places / steps).astype(np.int8) for whole, places in flat.items()}
    matrices = {
        False: gram_matrix(idf, texts.tokens(sentences)),
        True: gram_matrix(idf, texts.tokens(replies)),
    }
    weights, biases, halves = np.zeros((BUCKETS, len(RULES))), np.zeros(len(RULES)), {}
    for column, rule in enumerate(RULES):
        whole = rule in OF_REPLIES
        units = units_of(rule, rows)
        answers = np.array([unit.is_hit for unit in units])
        counts = np.array([unit.weight for unit in units])
        linear = LogisticRegression(
            C=_LINEAR_COST, class_weight="balanced", solver="liblinear", max_iter=500
        ).fit(matrices[whole], answers, sample_weight=counts)
        weights[:, column], biases[column] = linear.coef_[0], linear.intercept_[0]
        near = SVC(C=_NEAR_COST, gamma=WIDTH, class_weight="balanced").fit(
            rounded[whole] * steps, answers, sample_weight=counts
        )
        halves[rule] = Half(near.support_, near.dual_coef_[0], float(near.intercept_[0]))
    return Learned(idf, weights, biases, mean, axes, steps, rounded[False], rounded[True], halves)


def gram_matrix(idf: Array, found: Sequence[list[str]]) -> csr_matrix:
    """The weighed runs of texts, one row each, exactly as the judge weighs them."""
    small = idf.astype(np.float32)
    weighed = [weigh(small, grams(each)) for each in found]
    lengths = [len(buckets) for buckets, _ in weighed]
    return csr_matrix(
        (
            np.concatenate([weights for _, weights in weighed]).astype(np.float64),
            np.concatenate([buckets for buckets, _ in weighed]),
            np.concatenate([[0], np.cumsum(lengths)]),
        ),
        shape=(len(found), BUCKETS),
    )


def _idf(found: Sequence[list[str]]) -> Array:
    """Inverse document frequency of each bucket; zero for what stands in a single text."""
    seen = np.zeros(BUCKETS)
    for each in found:
        seen[list({bucket for buckets, _, _ in grams(each) for bucket in buckets})] += 1
    known = np.log((1 + len(found)) / (1 + seen)) + 1
    return np.where(seen >= _LEAST_TEXTS, known.astype(np.float16).astype(np.float64), 0.0)


def _directions(places: Array) -> tuple[Array, Array]:
    """The mean of the places and the directions in which they differ most, signs settled."""
    mean = places.mean(axis=0)
    values, vectors = np.linalg.eigh((places - mean).T @ (places - mean))
    axes = vectors[:, np.argsort(values)[::-1][:DIRECTIONS]]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    rounded = (axes * signs).astype(np.float16).astype(np.float64)
    return mean.astype(np.float32).astype(np.float64), rounded
