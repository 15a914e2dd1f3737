"""Finds near-duplicates, so that a post and its copy never stand on both sides of a fold."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer

_NOISE = re.compile(r"https?\S+|@\w+|[\W\d_]+")
_ALIKE = 0.6


def plain(text: str) -> str:
    """The words of a text alone: lower case, no handles, links, digits or marks."""
    return " ".join(_NOISE.sub(" ", text.lower()).split())


def near_duplicates(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return a group number per text: equal words, or Jaccard over word pairs of at least 0.6."""
    docs = [plain(t) for t in texts]
    counter = CountVectorizer(
        ngram_range=(1, 2),
        binary=True,
        token_pattern=r"\S+",  # noqa: S106 max_df=0.02, dtype=np.float32
    )
    grams = counter.fit_transform(docs)
    sizes = np.asarray(grams.sum(axis=1)).ravel()
    left, right = [], []
    for start in range(0, grams.shape[0], 1000):
        common = (grams[start : start + 1000] @ grams.T).tocoo()
        union = sizes[start + common.row] + sizes[common.col] - common.data
        alike = (common.data >= _ALIKE * union) & (common.data >= 3)
        left.append(start + common.row[alike])
        right.append(common.col[alike])
    first: dict[str, int] = {}
    left.append(np.arange(len(docs)))
    right.append(np.array([first.setdefault(doc, i) for i, doc in enumerate(docs)]))
    rows, columns = np.concatenate(left), np.concatenate(right)
    edges = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(docs),) * 2)
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)
