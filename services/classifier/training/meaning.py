"""What the second look learns: where posts stand by their meaning, and what that says.

Vectors are rounded before anything is learned from them, so that the last bits of a multiplication
change nothing. The axes are found without labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.svm import SVC
from stages import SecondStage, fit_stage, splits

from classifier.gateways.model.encoder import SentenceEncoder, as_said
from classifier.gateways.model.second_look import GAMMA, places, widened
from classifier.gateways.model.tokens import tokenise

BAND = (0.15, 0.7)
_AXES = 128
_STRICTNESS = 4.0
Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Meaning:
    """Where every post of a language stands, and how it got there."""

    mean: Floats
    axes: Floats
    where: Floats


def meaning_of(texts: Sequence[str]) -> Meaning:
    """Encode posts with the run-time code and find the axes on which they differ most."""
    said = [as_said(text, tokenise(text)) for text in texts]
    vectors = np.round(SentenceEncoder().encode(said), 4)
    mean = np.round(vectors.mean(axis=0), 4)
    _, directions = np.linalg.eigh(np.cov((vectors - mean).astype(np.float64).T))
    turned = directions[:, ::-1][:, :_AXES]
    turned = turned * np.sign(turned[np.abs(turned).argmax(axis=0), np.arange(_AXES)])
    axes = np.round(turned, 4).astype(np.float32)
    return Meaning(mean, axes, np.round(places(vectors, mean, axes), 4))


def fit_nearness(meaning: Meaning, truth: Truth, rows: Rows) -> SVC:
    """The support vector machine on `rows`."""
    machine = SVC(C=_STRICTNESS, gamma=GAMMA, cache_size=1000)
    return machine.fit(meaning.where[rows].astype(np.float64), truth[rows])


def near(machine: SVC, meaning: Meaning, rows: Rows) -> Array:
    """How near `rows` are to service matters."""
    return np.asarray(machine.decision_function(meaning.where[rows].astype(np.float64)))


def crossed_nearness(
    meaning: Meaning, truth: Truth, groups: Rows, rows: Rows, *, folds: int
) -> Array:
    """Nearness of `rows`, each by a machine that saw neither the post nor a copy."""
    found = np.zeros(len(rows))
    for fit, held in splits(truth[rows], groups[rows], folds=folds, seed=2):
        found[held] = near(fit_nearness(meaning, truth, rows[fit]), meaning, rows[held])
    return found


def looked_at(dense: Array, nearness: Array, meaning: Meaning, rows: Rows) -> Array:
    """The features of the second look for `rows`, as the run-time code puts them together."""
    told = widened(dense.astype(np.float32), nearness.astype(np.float32), meaning.where[rows])
    return told.astype(np.float64)


def fit_look(told: Array, truth: Truth) -> SecondStage:
    """The line and the trees of the second look."""
    return fit_stage(told, {"service": truth})
