"""Judges again what two stages leave open, now by the meaning of the whole post.

Encoding a post costs more than everything else that is said of it, and where words have settled
the matter it changes nothing. So only posts whose probability lies inside a band are encoded: how
near they are to labelled posts of either side (a support vector machine) and what they are about
joins what the stages knew, under a line and trees of their own.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifier.gateways.model.trees import Forest, joined

Floats = npt.NDArray[np.float32]
GAMMA = 1.5
"""How fast nearness falls off with the square of the distance."""
TOLD = 48
"""How many of the places along the axes the trees are told beside the nearness."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The numbers of one language's second look.

    band: a first probability strictly between the two is looked at again
    mean, axes: from sentence vectors to places, (vector length) and (vector length, places)
    support, alphas, bias: the labelled posts that nearness is measured to, and their say
    line: a weight for each stage feature, the nearness, TOLD places and the bias
    """

    band: tuple[float, float]
    mean: Floats
    axes: Floats
    support: Floats
    alphas: Floats
    bias: float
    line: Floats
    forest: Forest
    calibration: tuple[float, float]

    def open(self, probability: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The posts that are worth a second look."""
        low, high = self.band
        return np.flatnonzero((probability > low) & (probability < high))

    def judge(self, dense: Floats, vectors: Floats) -> npt.NDArray[np.float64]:
        """The probability of service from stage features and sentence vectors of the same posts."""
        where = places(vectors, self.mean, self.axes)
        told = widened(dense, nearness(where, self.support, self.alphas, self.bias), where)
        linear = told @ self.line[:-1] + self.line[-1]
        score = joined(linear.astype(np.float64), self.forest.score(told))
        slope, offset = self.calibration
        return np.asarray(1.0 / (1.0 + np.exp(-(slope * score + offset))))


def places(vectors: Floats, mean: Floats, axes: Floats) -> Floats:
    """Where sentences stand along the axes on which the training posts differ most."""
    return np.asarray((vectors - mean) @ axes, dtype=np.float32)


def nearness(where: Floats, support: Floats, alphas: Floats, bias: float) -> Floats:
    """Above zero for posts that lie among service matters."""
    squares = (where**2).sum(axis=1)[:, None] + (support**2).sum(axis=1) - 2.0 * where @ support.T
    return np.asarray(np.exp(-GAMMA * np.maximum(squares, 0.0)) @ alphas + bias, dtype=np.float32)


def widened(dense: Floats, near: Floats, where: Floats) -> Floats:
    """The features of the second look."""
    return np.hstack([dense, near[:, None], where[:, :TOLD]]).astype(np.float32)
