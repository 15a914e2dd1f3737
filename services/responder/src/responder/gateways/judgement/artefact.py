"""The numbers of the judge: a .npz of plain arrays without pickles, and what they are.

idf, gram_levels, gram_tops    (buckets), (buckets, rules), (rules): the linear half
mean, axes    which directions of a sentence's meaning are looked at
sentence_places, reply_places    the remembered texts in these directions, in `place_steps`
sentence_duals, reply_duals    how much each of them speaks for each rule
biases, scales, cuts    per rule, and per half where there are two
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from common.errors import ConfigurationError

Floats = npt.NDArray[np.float32]
Arrays = Mapping[str, npt.NDArray[np.generic]]
LEVELS = 127
_FILES = ("judge.npz", "judge.json")


@dataclass(frozen=True, slots=True)
class Memory:
    """Remembered texts, (texts, directions), their squared lengths, what each says per rule."""

    places: Floats
    lengths: Floats
    duals: Floats
    biases: Floats


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything the judge knows. `rules` name the columns; `cuts` are the scores that count."""

    version: str
    rules: tuple[str, ...]
    of_replies: frozenset[str]
    cuts: Floats
    scales: Floats
    width: float
    idf: Floats
    gram_weights: Floats
    gram_biases: Floats
    mean: Floats
    axes: Floats
    sentences: Memory
    replies: Memory


def read_numbers(folder: Path) -> Numbers:
    """Raises ConfigurationError for files that are missing, damaged or not what their hash says."""
    try:
        about = json.loads((folder / _FILES[1]).read_text("utf-8"))
        with np.load(folder / _FILES[0], allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        expected = about.pop("hash")
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ConfigurationError(f"no readable judge in {folder}: {error}") from error
    if content_hash(arrays, about) != expected:
        raise ConfigurationError(f"the judge in {folder} is damaged: its hash does not match")
    return _numbers(arrays, about, expected)


def content_hash(arrays: Arrays, about: Mapping[str, object]) -> str:
    """Twelve hex digits over names, types, shapes and bytes of all arrays and the description."""
    digest = hashlib.sha256(canonical(about).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:12]


def canonical(about: object) -> str:
    """The one JSON text of a description: sorted keys, no spaces."""
    return json.dumps(about, sort_keys=True, separators=(",", ":"))


def compress(weights: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int8], Floats]:
    """Round each column to 255 levels, finer near zero; return levels and column maxima."""
    top = np.abs(weights).max(axis=0) + 1e-12
    levels = np.rint(np.sign(weights) * np.sqrt(np.abs(weights) / top) * LEVELS)
    return levels.astype(np.int8), top.astype(np.float32)


def expand(levels: npt.NDArray[np.int8], top: Floats) -> Floats:
    """Undo `compress` as far as rounding allows."""
    share = levels.astype(np.float32) / LEVELS
    return np.asarray(np.sign(share) * share * share * top, dtype=np.float32)


def _numbers(arrays: Mapping[str, Any], about: Mapping[str, object], digest: str) -> Numbers:
    def floats(name: str) -> Floats:
        return np.asarray(arrays[name], dtype=np.float32)

    def memory(name: str) -> Memory:
        places = np.asarray(floats(f"{name}_places") * floats("place_steps"), dtype=np.float32)
        return Memory(
            places,
            np.asarray((places * places).sum(axis=1), dtype=np.float32),
            floats(f"{name}_duals"),
            floats(f"{name}_biases"),
        )

    rules, whole, width = about["rules"], about["of_replies"], about["width"]
    assert isinstance(rules, list)
    assert isinstance(whole, list)
    assert isinstance(width, float)
    return Numbers(
        version=f"{about['version']}+{digest}",
        rules=tuple(rules),
        of_replies=frozenset(whole),
        cuts=floats("cuts"),
        scales=floats("scales"),
        width=width,
        idf=floats("idf"),
        gram_weights=expand(arrays["gram_levels"], arrays["gram_tops"]),
        gram_biases=floats("gram_biases"),
        mean=floats("mean"),
        axes=floats("axes"),
        sentences=memory("sentence"),
        replies=memory("reply"),
    )
