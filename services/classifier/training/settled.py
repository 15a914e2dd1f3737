"""Keeps what nested cross-validation chose, so that the shipped cuts are the measured ones.

`train.py --evaluate --card` writes settled.json beside this module; training reads it. It only
speaks for the very labels it was chosen on: with any other post, training chooses for itself.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus import FURTHER

from classifier.gateways.model.lexicon import FINGERPRINT

_FILE = Path(__file__).parent / "settled.json"
_KEPT = ("calibration", "look", "thresholds")


def digest(folder: Path, language: str) -> str:
    """Names the labelled posts of a language and the word lists they are read with."""
    parts = [(folder / f"{language}_labelled.jsonl").read_bytes(), FINGERPRINT.encode()]
    if language == "en":
        parts.append(FURTHER.read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def chosen(folder: Path, language: str) -> dict[str, Any]:
    """Calibration and thresholds that nested cross-validation chose on these posts, or nothing."""
    if not _FILE.exists():
        return {}
    about = json.loads(_FILE.read_text(encoding="utf-8")).get(language, {})
    return {k: about[k] for k in _KEPT} if about.get("posts") == digest(folder, language) else {}


def keep(folder: Path, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what was chosen for each language."""
    kept = {
        language: {"posts": digest(folder, language), **{k: about[k] for k in _KEPT}}
        for language, about in found.items()
    }
    _FILE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")
