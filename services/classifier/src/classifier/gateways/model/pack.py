"""One language's numbers: vocabulary, linear heads, second stage, trees, calibration, thresholds.

A pack is plain arrays in a .npz without pickles. This room reads and checks them, says which
array is what, and computes the content hash that is part of the model's version.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from classifier.domain.thresholds import Thresholds
from classifier.gateways.model.encoder import fingerprint
from classifier.gateways.model.features import BUCKETS
from classifier.gateways.model.lexicon import FINGERPRINT
from classifier.gateways.model.second_look import SecondLook
from classifier.gateways.model.trees import Forest
from common.errors import ConfigurationError

Floats = npt.NDArray[np.float32]
LEVELS = 127


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which buckets a model knows: place of a bucket among the features, or 0 for unknown.

    Feature 0 is the unknown feature; its weights are zero.
    """

    place: npt.NDArray[np.int32]
    idf: Floats


@dataclass(frozen=True, slots=True)
class LanguagePack:
    """All numbers of one language.

    heads:  names of the linear heads of the first stage; `service` is the first
    weights: (features + cues + 1, heads), idf included; the last row is the bias
    second: per output of the second stage (`service`, `kind:*`, `abusive`, `urgent`) a weight
            for each head, each cue and the bias: (heads + cues + 1, outputs)
    look:   what judges again where the stages leave it open; None in a model without
    """

    heads: tuple[str, ...]
    outputs: tuple[str, ...]
    words: Vocabulary
    letters: Vocabulary
    word_weights: Floats
    letter_weights: Floats
    cue_weights: Floats
    cue_mean: Floats
    cue_scale: Floats
    second: Floats
    forest: Forest
    calibration: tuple[float, float]
    cuts: Mapping[str, float]
    thresholds: Thresholds
    look: SecondLook | None


def compress(weights: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int8], Floats]:
    """Round each column to 255 levels, finer near zero; return levels and column maxima."""
    top = np.abs(weights).max(axis=0) + 1e-12
    levels = np.rint(np.sign(weights) * np.sqrt(np.abs(weights) / top) * LEVELS)
    return levels.astype(np.int8), top.astype(np.float32)


def expand(levels: npt.NDArray[np.int8], top: Floats) -> Floats:
    """Undo `compress` as far as rounding allows."""
    share = levels.astype(np.float32) / LEVELS
    return np.asarray(np.sign(share) * share * share * top, dtype=np.float32)


def content_hash(arrays: Mapping[str, npt.NDArray[np.generic]], about: str) -> str:
    """Twelve hex digits over names, types, shapes and bytes of all arrays and the description."""
    digest = hashlib.sha256(about.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:12]


def load_packs(folder: Path) -> tuple[str, dict[str, LanguagePack]]:
    """Read an artefact folder; return the model's version and one pack per language.

    Raises ConfigurationError if a file is missing, damaged, or not what its hash says.
    """
    try:
        text = (folder / "model.json").read_text(encoding="utf-8")
        about = json.loads(text)
        with np.load(folder / "model.npz", allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        expected = about.pop("hash")
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ConfigurationError(f"no readable model in {folder}: {error}") from error
    if content_hash(arrays, canonical(about)) != expected:
        raise ConfigurationError(f"the model in {folder} is damaged: its hash does not match")
    if about["lexicon"] != FINGERPRINT:
        raise ConfigurationError(f"the model in {folder} was trained with another lexicon.toml")
    if about.get("encoder", fingerprint()) != fingerprint():
        raise ConfigurationError(f"the model in {folder} was trained with another encoder")
    packs = {lang: pack_of(lang, about["languages"][lang], arrays) for lang in about["languages"]}
    return f"{about['version']}+{expected}", packs


def canonical(about: object) -> str:
    """The one JSON text of a description: sorted keys, no spaces."""
    return json.dumps(about, sort_keys=True, separators=(",", ":"))


def pack_of(
    lang: str, about: Mapping[str, object], arrays: Mapping[str, npt.NDArray[np.generic]]
) -> LanguagePack:
    """Put one language's arrays and description together; names in `arrays` begin with `lang`/."""

    def get(name: str) -> npt.NDArray[np.generic]:
        return arrays[f"{lang}/{name}"]

    def table(name: str) -> Floats:
        levels = get(f"{name}_levels").astype(np.int8)
        unknown = np.zeros((1, levels.shape[1]), dtype=np.int8)
        return expand(np.vstack([unknown, levels]), get(f"{name}_top").astype(np.float32))

    described: dict[str, object] = dict(about)
    calibration = described["calibration"]
    thresholds, cuts = described["thresholds"], described["cuts"]
    assert isinstance(calibration, list)
    assert isinstance(thresholds, dict)
    assert isinstance(cuts, dict)
    return LanguagePack(
        heads=_names(described["heads"]),
        outputs=_names(described["outputs"]),
        words=_vocabulary(get("word_buckets"), get("word_idf")),
        letters=_vocabulary(get("letter_buckets"), get("letter_idf")),
        word_weights=table("word"),
        letter_weights=table("letter"),
        cue_weights=get("cue_weights").astype(np.float32),
        cue_mean=get("cue_mean").astype(np.float32),
        cue_scale=get("cue_scale").astype(np.float32),
        second=get("second").astype(np.float32),
        forest=_forest(arrays, f"{lang}/"),
        calibration=(float(calibration[0]), float(calibration[1])),
        cuts={str(k): float(v) for k, v in cuts.items()},
        thresholds=Thresholds(**thresholds),
        look=_look(arrays, f"{lang}/look_", described["look"]) if "look" in described else None,
    )


def _forest(arrays: Mapping[str, npt.NDArray[np.generic]], prefix: str) -> Forest:
    return Forest(
        feature=arrays[f"{prefix}tree_feature"].astype(np.int32),
        threshold=arrays[f"{prefix}tree_threshold"].astype(np.float32),
        left=arrays[f"{prefix}tree_left"].astype(np.int32),
        right=arrays[f"{prefix}tree_right"].astype(np.int32),
        value=arrays[f"{prefix}tree_value"].astype(np.float32),
        roots=arrays[f"{prefix}tree_roots"].astype(np.int32),
    )


def _look(
    arrays: Mapping[str, npt.NDArray[np.generic]], prefix: str, described: object
) -> SecondLook:
    assert isinstance(described, dict)
    low, high = described["band"]
    slope, offset = described["calibration"]
    return SecondLook(
        band=(float(low), float(high)),
        mean=arrays[f"{prefix}mean"].astype(np.float32),
        axes=arrays[f"{prefix}axes"].astype(np.float32),
        support=arrays[f"{prefix}support"].astype(np.float32),
        alphas=arrays[f"{prefix}alphas"].astype(np.float32),
        bias=float(arrays[f"{prefix}bias"].astype(np.float64)[0]),
        line=arrays[f"{prefix}second"].astype(np.float32)[:, 0],
        forest=_forest(arrays, prefix),
        calibration=(float(slope), float(offset)),
    )


def _names(value: object) -> tuple[str, ...]:
    assert isinstance(value, list)
    return tuple(str(v) for v in value)


def _vocabulary(buckets: npt.NDArray[np.generic], idf: npt.NDArray[np.generic]) -> Vocabulary:
    place = np.zeros(BUCKETS, dtype=np.int32)
    place[buckets.astype(np.int64)] = np.arange(1, len(buckets) + 1, dtype=np.int32)
    padded = np.concatenate([np.zeros(1, dtype=np.float32), idf.astype(np.float32)])
    return Vocabulary(place, padded)
