"""Writes the artefact: plain arrays and a description, the same bytes for the same numbers.

The zip is written by hand because numpy stamps the hour into it; members are stored, not packed,
because compressors differ between machines.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from meaning import Meaning
from sklearn.svm import SVC
from stages import Matrices, SecondStage

from classifier.gateways.model.pack import canonical, compress, content_hash

Arrays = dict[str, npt.NDArray[np.generic]]


def first_stage_arrays(data: Matrices, weights: npt.NDArray[np.float64]) -> Arrays:
    """Vocabularies and head weights, idf folded in, rounded to one byte each.

    Features whose weights all round to nothing are left out.
    """
    words, letters = len(data.words.buckets), len(data.letters.buckets)
    arrays: Arrays = {}
    at = 0
    for name, block, size in (("word", data.words, words), ("letter", data.letters, letters)):
        levels, top = compress(weights[at : at + size] * block.idf[:, None])
        arrays[f"{name}_levels"] = levels
        arrays[f"{name}_top"] = top
        arrays[f"{name}_buckets"] = block.buckets.astype(np.uint32)
        arrays[f"{name}_idf"] = block.idf.astype(np.float16)
        at += size
    arrays["cue_weights"] = rounded(weights[at:])
    arrays["cue_mean"] = data.cue_mean.astype(np.float32)
    arrays["cue_scale"] = data.cue_scale.astype(np.float32)
    return arrays


def second_stage_arrays(second: SecondStage) -> Arrays:
    """The dense weights and the trees as flat arrays; a leaf points at itself."""
    parts: dict[str, list[npt.NDArray[np.generic]]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "value")
    }
    roots, start = [], 0
    for (tree,) in second.trees._predictors:
        nodes = tree.nodes
        own = np.arange(start, start + len(nodes))
        leaf = nodes["is_leaf"].astype(bool)
        parts["feature"].append(np.where(leaf, 0, nodes["feature_idx"]))
        parts["threshold"].append(np.where(leaf, 0.0, nodes["num_threshold"]))
        parts["left"].append(np.where(leaf, own, nodes["left"] + start))
        parts["right"].append(np.where(leaf, own, nodes["right"] + start))
        parts["value"].append(np.where(leaf, nodes["value"], 0.0))
        roots.append(start)
        start += len(nodes)
    base = float(np.ravel(second.trees._baseline_prediction)[0])
    joined = {name: np.concatenate(part) for name, part in parts.items()}
    value = joined["value"] + np.where(joined["left"] == np.arange(start), base / len(roots), 0.0)
    return {
        "second": rounded(second.weights),
        "tree_feature": joined["feature"].astype(np.uint8),
        "tree_threshold": joined["threshold"].astype(np.float32),
        "tree_left": joined["left"].astype(np.uint16),
        "tree_right": joined["right"].astype(np.uint16),
        "tree_value": rounded(value),
        "tree_roots": np.array(roots, dtype=np.uint16),
    }


def second_look_arrays(meaning: Meaning, machine: SVC, look: SecondStage) -> Arrays:
    """The axes, the support vectors with their say, and a second stage; all begin with `look_`."""
    arrays: Arrays = {
        "mean": meaning.mean.astype(np.float32),
        "axes": meaning.axes.astype(np.float32),
        "support": machine.support_vectors_.astype(np.float16),
        "alphas": rounded(machine.dual_coef_[0]),
        "bias": rounded(machine.intercept_),
        **second_stage_arrays(look),
    }
    return {f"look_{name}": array for name, array in arrays.items()}


def rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Four decimals: enough for scores, and blind to the last bits of a solver."""
    return np.round(values, 4).astype(np.float32) + np.float32(0.0)


def write(folder: Path, arrays: Arrays, about: Mapping[str, object]) -> str:
    """Write model.npz and model.json into `folder`; return the content hash."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "model.npz", "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), version=(1, 0))
            stamp = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(stamp, buffer.getvalue())
    digest = content_hash(arrays, canonical(about))
    text = canonical({**about, "hash": digest})
    (folder / "model.json").write_text(text + "\n", encoding="utf-8")
    return digest
