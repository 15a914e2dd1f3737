"""Scores posts with boosted trees kept as flat arrays. Growing them is training's business."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# How much the trees have to say beside the linear model.
TREES = 0.75


@dataclass(frozen=True, slots=True)
class Forest:
    """Nodes of all trees in one row of arrays; a leaf points at itself on both sides.

    A post goes left where its feature is at or below the threshold.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float32]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: npt.NDArray[np.float32]
    roots: npt.NDArray[np.int32]

    def score(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the sum of the leaf values per row of `rows` (posts, features)."""
        posts, width = rows.shape
        flat = rows.ravel()
        begin = (np.arange(posts, dtype=np.int32) * np.int32(width))[:, None]
        at = np.repeat(self.roots[None, :], posts, axis=0)
        while True:
            low = flat.take(begin + self.feature.take(at)) <= self.threshold.take(at)
            then = np.where(low, self.left.take(at), self.right.take(at))
            if np.array_equal(then, at):
                return np.asarray(self.value.take(at).sum(axis=1), dtype=np.float32)
            at = then


def joined(
    linear: npt.NDArray[np.float64], trees: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """One log odds from two: the trees know more, the line steadies them."""
    return np.asarray((1.0 - TREES) * linear + TREES * trees, dtype=np.float64)
