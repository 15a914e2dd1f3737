"""Turns posts into hashed n-gram counts: which buckets each post touches, batch by batch.

Words give runs of one to three, letters give runs of two to five inside a word. Buckets are
hashes, so neither the words nor the texts a model was trained on can be read back from it.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifier.gateways.model.tokens import END, START, Token

BITS = 20
BUCKETS = 1 << BITS
_MASK = np.uint32(BUCKETS - 1)
_CACHE_LIMIT = 60_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grams:
    """The runs found in a batch, post after post: parallel arrays, one entry per occurrence.

    `rows` names the post, `buckets` the hash bucket, `first` the batch-wide place of the run's
    first token and `words` how many tokens the run covers. START and END take a place each, so
    that token t of post r has place (tokens before r) + 2 r + 1 + t.
    """

    rows: Ints
    buckets: Ints
    first: Ints
    words: Ints


class Hasher:
    """Maps tokens to buckets and remembers the words it has seen (bounded, emptied when full)."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._letters: dict[str, Ints] = {}

    def word_grams(self, posts: Sequence[Sequence[Token]]) -> Grams:
        """Return the runs of one to three words, with start and end marks."""
        ids: list[int] = []
        begin, end = self._word(START), self._word(END)
        for tokens in posts:
            ids.append(begin)
            ids.extend([self._word(t.text) for t in tokens])
            ids.append(end)
        counts = np.array([len(tokens) for tokens in posts], dtype=np.int64)
        row = np.repeat(np.arange(len(posts), dtype=np.int64), counts + 2)
        first = np.arange(len(ids), dtype=np.int64)
        one = np.array(ids, dtype=np.uint32)
        two = _join(one[:-1], one[1:], 0x9E3779B1)
        three = _join(two[:-1], one[2:], 0x85EBCA77)
        in_two = np.flatnonzero(row[:-1] == row[1:])
        in_three = np.flatnonzero(row[:-2] == row[2:])
        return Grams(
            np.concatenate([row, row[in_two], row[in_three]]),
            (np.concatenate([one, two[in_two], three[in_three]]) & _MASK).astype(np.int64),
            np.concatenate([first, first[in_two], first[in_three]]),
            np.repeat(np.array([1, 2, 3], dtype=np.int64), [len(row), len(in_two), len(in_three)]),
        )

    def letter_grams(self, posts: Sequence[Sequence[Token]]) -> Grams:
        """Return the runs of two to five letters of every word, with its borders."""
        parts = [self._letter(t.text) for tokens in posts for t in tokens]
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        buckets = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
        owner = np.repeat(
            np.arange(len(posts), dtype=np.int64), np.array([len(tokens) for tokens in posts])
        )
        first = np.repeat(np.arange(len(parts), dtype=np.int64), lengths)
        rows = owner[first]
        return Grams(rows, buckets, first + 2 * rows + 1, np.ones(len(first), dtype=np.int64))

    def _word(self, word: str) -> int:
        known = self._words.get(word)
        if known is None:
            if len(self._words) > _CACHE_LIMIT:
                self._words.clear()
            known = self._words[word] = zlib.crc32(word.encode())
        return known

    def _letter(self, word: str) -> Ints:
        known = self._letters.get(word)
        if known is None:
            if len(self._letters) > _CACHE_LIMIT:
                self._letters.clear()
            known = self._letters[word] = _letters_of(word)
        return known


def _letters_of(word: str) -> Ints:
    if word.startswith("<"):
        return np.zeros(0, dtype=np.int64)
    padded = f" {word[:30]} "
    grams = [
        zlib.crc32(padded[i : i + n].encode(), 0x5EED)
        for n in (2, 3, 4, 5)
        for i in range(len(padded) - n + 1)
    ]
    return (np.array(grams, dtype=np.uint32) & _MASK).astype(np.int64)


def _join(
    left: npt.NDArray[np.uint32], right: npt.NDArray[np.uint32], salt: int
) -> npt.NDArray[np.uint32]:
    """Mix two hashes into one; uint32 arithmetic wraps by definition in numpy arrays."""
    mixed = (left * np.uint32(0x01000193)) ^ (right * np.uint32(salt))
    mixed ^= mixed >> np.uint32(15)
    mixed = mixed * np.uint32(0x2C1B3C6D)
    mixed ^= mixed >> np.uint32(12)
    return mixed
