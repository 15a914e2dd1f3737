"""Fits the two stages: linear heads on n-grams and cues, then a second stage on their scores.

The second stage learns from scores of heads that have not seen the post (cross-fitting). Every
solver is seeded and single threaded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from corpus import KINDS, Helper, Post
from groups import near_duplicates
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from classifier.gateways.model.cues import NAMES
from classifier.gateways.model.features import BUCKETS, Grams, Hasher
from classifier.gateways.model.scoring import encode
from classifier.gateways.model.tokens import tokenise
from classifier.gateways.model.trees import joined

HEAD_KINDS = ("question", "followup", "complaint", "problem", "talk", "news", "opinion", "praise")
CUE_SHARE = 0.1
_HELPER_STRENGTH = 2.0
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of n-grams: the buckets kept, their idf, and the length-normed matrix."""

    buckets: npt.NDArray[np.int64]
    idf: npt.NDArray[np.float64]
    matrix: sparse.csr_matrix


@dataclass(frozen=True, slots=True)
class Matrices:
    """Everything numeric about labelled posts (first) and helper texts (after them)."""

    words: Block
    letters: Block
    cues: npt.NDArray[np.float32]
    cue_mean: npt.NDArray[np.float64]
    cue_scale: npt.NDArray[np.float64]
    full: sparse.csr_matrix
    labelled: int


@dataclass(frozen=True, slots=True)
class Head:
    """A linear question to the first stage.

    `within` limits it to a block of features: words, letters or all. `among` limits the posts it
    learns from. `by_ratio` scales features by their naive Bayes log ratio before fitting.
    """

    name: str
    answers: npt.NDArray[np.bool_]
    strength: float
    within: str = "all"
    among: npt.NDArray[np.bool_] | None = None
    by_ratio: bool = False


def matrices(texts: Sequence[str], *, labelled: int) -> Matrices:
    """Encode `texts`, of which the first `labelled` have labels, with the run-time code."""
    tokens = [tokenise(t) for t in texts]
    batch = encode(texts, tokens, Hasher())
    words = _block(batch.words, len(texts), labelled=labelled, least=2)
    letters = _block(batch.letters, len(texts), labelled=labelled, least=3)
    mean = batch.cues[:labelled].mean(axis=0, dtype=np.float64)
    scale = CUE_SHARE / (batch.cues[:labelled].std(axis=0, dtype=np.float64) + 1e-3)
    scaled = sparse.csr_matrix((batch.cues - mean) * scale)
    full = sparse.hstack([words.matrix, letters.matrix, scaled]).tocsr()
    return Matrices(words, letters, batch.cues, mean, scale, full, labelled)


def _block(grams: Grams, posts: int, *, labelled: int, least: int) -> Block:
    counts = sparse.csr_matrix(
        (np.ones(len(grams.rows)), (grams.rows, grams.buckets)), shape=(posts, BUCKETS)
    )
    counts.sum_duplicates()
    seen = counts.copy()
    seen.data[:] = 1.0
    in_labelled = np.asarray(seen[:labelled].sum(axis=0)).ravel()
    in_all = np.asarray(seen.sum(axis=0)).ravel()
    buckets = np.flatnonzero((in_labelled >= least) | (in_all >= 3 * least + 2))
    # float16 is what the artefact keeps: training has to see the same numbers.
    idf = (np.log(posts / in_all[buckets]) + 1.0).astype(np.float16).astype(np.float64)
    kept = counts[:, buckets].tocsr()
    # Occurrence by occurrence, as at run time: see scoring.lengths.
    squares = np.asarray(kept @ (idf**2)).ravel()
    norm = 1.0 / np.sqrt(np.where(squares > 0.0, squares, 1.0))
    matrix = (sparse.diags(norm) @ kept @ sparse.diags(idf)).tocsr()
    return Block(buckets, idf, matrix)


def heads_for(posts: Sequence[Post], data: Matrices) -> list[Head]:
    """The questions of the first stage that the labelled posts answer; `service` comes first."""
    addressed = data.cues[: data.labelled, NAMES.index("own")] > 0
    service = np.array([p.service for p in posts])
    kind = np.array([p.kind for p in posts])
    return [
        Head("service", service, 4.0),
        Head("service:words", service, 8.0, "words"),
        Head("service:letters", service, 8.0, "letters"),
        Head("service:addressed", service, 4.0, among=addressed),
        Head("service:not_addressed", service, 4.0, among=~addressed),
        Head("service:words_by_ratio", service, 4.0, "words", by_ratio=True),
        Head("service:letters_by_ratio", service, 4.0, "letters", by_ratio=True),
        *(Head(f"kind:{k}", kind == k, 4.0) for k in HEAD_KINDS),
        Head("abusive", np.array([p.abusive for p in posts]), 8.0),
        Head("urgent", np.array([p.urgent for p in posts]), 4.0),
    ]


def fit_heads(data: Matrices, heads: Sequence[Head], rows: npt.NDArray[np.int64]) -> Array:
    """Fit the heads on `rows`; return weights (features + cues + 1, heads), bias last."""
    features = data.full.shape[1]
    weights = np.zeros((features + 1, len(heads)))
    for column, head in enumerate(heads):
        low, high = _borders(data, head.within)
        mine = rows if head.among is None else rows[head.among[rows]]
        answers = head.answers[mine]
        if len(set(answers)) < 2:
            continue
        matrix = data.full[mine, low:high]
        ratio = _log_ratio(matrix, answers) if head.by_ratio else np.ones(high - low)
        fitted, weights[-1, column] = _fit(matrix @ sparse.diags(ratio), answers, head.strength)
        weights[low:high, column] = fitted * ratio
    return weights


def _log_ratio(matrix: sparse.csr_matrix, answers: npt.NDArray[np.bool_]) -> Array:
    """Naive Bayes log ratio per feature, one imagined post on each side (Wang & Manning 2012)."""
    present = (matrix > 0).astype(np.float64)
    yes = np.asarray(present[answers].sum(axis=0)).ravel() + 1.0
    no = np.asarray(present[~answers].sum(axis=0)).ravel() + 1.0
    return np.asarray(np.log((yes / yes.sum()) / (no / no.sum())))


def fit_helpers(data: Matrices, helpers: Sequence[Helper]) -> Array:
    """Fit the helper questions on their own corpora, which stand after the labelled posts."""
    weights = np.zeros((data.full.shape[1] + 1, len(helpers)))
    for column, (helper, rows) in enumerate(zip(helpers, helper_rows(data, helpers), strict=True)):
        weights[:-1, column], weights[-1, column] = _fit(
            data.full[rows], np.array(helper.answers), _HELPER_STRENGTH
        )
    return weights


def helper_rows(data: Matrices, helpers: Sequence[Helper]) -> list[npt.NDArray[np.int64]]:
    """Where the texts of each helper stand in the matrices."""
    found = []
    start, corpus = data.labelled, helpers[0].texts if helpers else ()
    for helper in helpers:
        if helper.texts is not corpus:
            start, corpus = start + len(corpus), helper.texts
        found.append(np.arange(start, start + len(helper.texts)))
    return found


def held_out_answers(
    data: Matrices, helper: Helper, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Scores of one helper question for its own texts, each by weights that saw no copy of it."""
    answers = np.array(helper.answers)
    scores = np.zeros(len(rows))
    for fit, held in splits(answers, near_duplicates(helper.texts), folds=5, seed=4):
        weights, bias = _fit(data.full[rows[fit]], answers[fit], _HELPER_STRENGTH)
        scores[held] = data.full[rows[held]] @ weights + bias
    return scores


def helper_texts(helpers: Sequence[Helper]) -> list[str]:
    """The texts of all helper corpora, each corpus once, in the order `fit_helpers` expects."""
    texts: list[str] = []
    last: tuple[str, ...] = ()
    for helper in helpers:
        if helper.texts is not last:
            texts.extend(helper.texts)
            last = helper.texts
    return texts


def _borders(data: Matrices, within: str) -> tuple[int, int]:
    words, letters = len(data.words.buckets), len(data.letters.buckets)
    match within:
        case "words":
            return 0, words
        case "letters":
            return words, words + letters
    return 0, data.full.shape[1]


def _fit(
    matrix: sparse.csr_matrix, answers: npt.NDArray[np.bool_], strength: float
) -> tuple[Array, float]:
    model = LogisticRegression(C=strength, solver="liblinear", tol=3e-3, random_state=0)
    model.fit(sparse.csr_matrix(matrix), answers)
    return model.coef_[0], float(model.intercept_[0])


def head_scores(data: Matrices, weights: Array, rows: npt.NDArray[np.int64]) -> Array:
    """Scores of the heads for `rows`."""
    return np.asarray(data.full[rows] @ weights[:-1] + weights[-1])


def cross_fitted(
    data: Matrices,
    heads: Sequence[Head],
    rows: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    *,
    folds: int,
) -> Array:
    """Scores of the heads for `rows`, each from heads that saw neither the post nor a copy."""
    scores = np.zeros((len(rows), len(heads)))
    for fit, held in splits(heads[0].answers[rows], groups[rows], folds=folds, seed=2):
        weights = fit_heads(data, heads, rows[fit])
        scores[held] = head_scores(data, weights, rows[held])
    return scores


def splits(
    answers: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64], *, folds: int, seed: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Stratified folds that keep near-duplicates together."""
    cutter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(cutter.split(np.zeros(len(answers)), answers, groups))


@dataclass(frozen=True, slots=True)
class SecondStage:
    """Weights on raw dense features (features + 1, outputs) and the boosted trees for service."""

    outputs: tuple[str, ...]
    weights: Array
    trees: HistGradientBoostingClassifier

    def scores(self, dense: Array) -> tuple[Array, Array]:
        """Return the log odds of all outputs and the joined log odds of service."""
        linear = dense @ self.weights[:-1] + self.weights[-1]
        return linear, joined(linear[:, 0], self.trees.decision_function(dense))


def fit_second(dense: Array, posts: Sequence[Post]) -> SecondStage:
    """Fit the second stage on head scores and cues."""
    kind = np.array([p.kind for p in posts])
    questions = {
        "service": np.array([p.service for p in posts]),
        **{f"kind:{k}": kind == k for k in KINDS},
        "abusive": np.array([p.abusive for p in posts]),
        "urgent": np.array([p.urgent for p in posts]),
    }
    return fit_stage(dense, questions)


def fit_stage(dense: Array, questions: Mapping[str, npt.NDArray[np.bool_]]) -> SecondStage:
    """A line for each question, and trees for `service`, which comes first."""
    scaler = StandardScaler().fit(dense)
    scaled = scaler.transform(dense)
    stacked = np.array([_dense(scaled, answers) for answers in questions.values()]).T
    weights = np.zeros_like(stacked)
    weights[:-1] = stacked[:-1] / scaler.scale_[:, None]
    weights[-1] = stacked[-1] - scaler.mean_ @ weights[:-1]
    trees = HistGradientBoostingClassifier(
        learning_rate=0.03,
        max_iter=300,
        max_leaf_nodes=7,
        min_samples_leaf=20,
        l2_regularization=5.0,
        max_features=0.2,
        random_state=1,
    ).fit(dense, questions["service"])
    return SecondStage(tuple(questions), weights, trees)


def _dense(scaled: Array, answers: npt.NDArray[np.bool_]) -> Array:
    if len(set(answers)) < 2:
        return np.append(np.zeros(scaled.shape[1]), -9.0)
    model = LogisticRegression(C=0.03, max_iter=300).fit(scaled, answers)
    return np.append(model.coef_[0], model.intercept_[0])
