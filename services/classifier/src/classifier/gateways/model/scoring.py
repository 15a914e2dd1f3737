"""From a batch of posts of one language to scores: sparse first stage, dense second stage.

Training uses `encode` and `first_stage` as well, so that what is trained is what runs.
Decides nothing; see `classifier.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifier.gateways.model.cues import cues
from classifier.gateways.model.features import Grams, Hasher
from classifier.gateways.model.pack import Floats, LanguagePack, Vocabulary
from classifier.gateways.model.tokens import Token
from classifier.gateways.model.trees import joined


@dataclass(frozen=True, slots=True)
class Batch:
    """Posts of one language, cut into tokens and turned into numbers."""

    texts: Sequence[str]
    tokens: Sequence[Sequence[Token]]
    words: Grams
    letters: Grams
    cues: Floats


Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Log odds per output (posts, outputs) and per head, the heads beside the cues, the calibrated
    probability of service, and per place (see `Grams`) what it added to the `service` head."""

    outputs: Floats
    heads: Floats
    dense: Floats
    service: npt.NDArray[np.float64]
    per_place: Floats


def encode(texts: Sequence[str], tokens: Sequence[Sequence[Token]], hasher: Hasher) -> Batch:
    """Compute everything about the posts that does not depend on a model."""
    dense = [cues(text, cut) for text, cut in zip(texts, tokens, strict=True)]
    return Batch(
        texts,
        tokens,
        hasher.word_grams(tokens),
        hasher.letter_grams(tokens),
        np.array(dense, dtype=np.float32),
    )


def score(batch: Batch, pack: LanguagePack) -> Scores:
    """Run both stages on a batch."""
    heads, per_place = first_stage(batch, pack)
    dense = np.hstack([heads, batch.cues])
    ones = np.ones((len(dense), 1), dtype=np.float32)
    outputs = np.hstack([dense, ones]) @ pack.second
    service = joined(outputs[:, 0].astype(np.float64), pack.forest.score(dense))
    slope, offset = pack.calibration
    probability = 1.0 / (1.0 + np.exp(-(slope * service + offset)))
    return Scores(outputs, heads, dense, probability, per_place)


def known(grams: Grams, vocabulary: Vocabulary) -> tuple[Ints, Ints, Ints, Ints]:
    """Return rows, features, first and words of the runs whose buckets the vocabulary has."""
    features = vocabulary.place[grams.buckets].astype(np.int64)
    kept = np.flatnonzero(features)
    return grams.rows[kept], features[kept], grams.first[kept], grams.words[kept]


def lengths(rows: Ints, idf: Floats, posts: int) -> npt.NDArray[np.float64]:
    """Euclidean length of each post's idf vector, occurrence by occurrence; 1 for empty posts."""
    squares = np.bincount(rows, idf.astype(np.float64) ** 2, posts)
    return np.sqrt(np.where(squares > 0.0, squares, 1.0))


def first_stage(batch: Batch, pack: LanguagePack) -> tuple[Floats, Floats]:
    """Return the heads' scores (posts, heads) and per place what it added to the first head."""
    posts = len(batch.texts)
    places = sum(len(cut) + 2 for cut in batch.tokens)
    scaled = (batch.cues - pack.cue_mean) * pack.cue_scale
    total = (scaled @ pack.cue_weights[:-1] + pack.cue_weights[-1]).astype(np.float64)
    per_place = np.zeros(places, dtype=np.float64)
    for grams, vocabulary, table in (
        (batch.words, pack.words, pack.word_weights),
        (batch.letters, pack.letters, pack.letter_weights),
    ):
        rows, features, first, words = known(grams, vocabulary)
        length = lengths(rows, vocabulary.idf[features], posts)
        weights = table[features]
        for head in range(table.shape[1]):
            total[:, head] += np.bincount(rows, weights[:, head], posts) / length
        share = weights[:, 0] / length[rows] / words
        for step in range(int(words.max(initial=0))):
            reach = words > step
            per_place += np.bincount(first[reach] + step, share[reach], places)
    return total.astype(np.float32), per_place.astype(np.float32)
