"""Writes the artefact: plain arrays and a description, the same bytes for the same numbers.

The zip is written by hand because numpy stamps the hour into it.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from learn import WIDTH, Learned
from measure import Settled
from rows import OF_REPLIES, RULES

from responder.gateways.judgement.artefact import canonical, compress, content_hash

VERSION = "1.0.0"
Arrays = dict[str, npt.NDArray[np.generic]]


def arrays_of(learned: Learned, settled: Settled) -> Arrays:
    """The numbers in the form in which they are shipped; what is nobody's support is left out."""
    levels, tops = compress(learned.gram_weights)
    return {
        "idf": learned.idf.astype(np.float16),
        "gram_levels": levels,
        "gram_tops": tops,
        "gram_biases": _rounded(learned.gram_biases),
        "mean": learned.mean.astype(np.float32),
        "axes": learned.axes.astype(np.float16),
        "place_steps": learned.steps.astype(np.float32),
        "scales": _rounded(settled.scales),
        "cuts": _rounded(settled.cuts),
        **_memory("sentence", learned, learned.sentence_places, set(RULES) - OF_REPLIES),
        **_memory("reply", learned, learned.reply_places, OF_REPLIES),
    }


def write(folder: Path, arrays: Arrays) -> str:
    """Write judge.npz and judge.json into `folder`; return the content hash."""
    folder.mkdir(parents=True, exist_ok=True)
    about: Mapping[str, object] = {
        "version": VERSION,
        "rules": list(RULES),
        "of_replies": sorted(OF_REPLIES),
        "width": WIDTH,
    }
    with zipfile.ZipFile(folder / "judge.npz", "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), version=(1, 0))
            stamp = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(stamp, buffer.getvalue())
    digest = content_hash(arrays, about)
    (folder / "judge.json").write_text(canonical({**about, "hash": digest}) + "\n", "utf-8")
    return digest


def _memory(
    name: str, learned: Learned, places: npt.NDArray[np.int8], rules: set[str] | frozenset[str]
) -> Arrays:
    duals, biases = np.zeros((len(places), len(RULES))), np.zeros(len(RULES))
    for column, rule in enumerate(RULES):
        if rule in rules:
            half = learned.halves[rule]
            duals[half.support, column], biases[column] = half.duals, half.bias
    kept = np.flatnonzero(np.abs(duals).any(axis=1))
    return {
        f"{name}_places": places[kept],
        # Many duals lie at the same bound: rounded to a byte they would all err the same way.
        f"{name}_duals": duals[kept].astype(np.float16),
        f"{name}_biases": _rounded(biases),
    }


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Four decimals: enough for scores, and blind to the last bits of a solver."""
    return np.round(values, 4).astype(np.float32) + np.float32(0.0)
