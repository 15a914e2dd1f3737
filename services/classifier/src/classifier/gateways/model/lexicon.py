"""Reads lexicon.toml: the words and patterns that cues and the language guess listen for."""

import hashlib
import json
import re
import tomllib
from importlib.resources import files

_TEXT = (files("classifier.gateways.model") / "lexicon.toml").read_text(encoding="utf-8")
_READ = tomllib.loads(_TEXT)

# Part of a model's description: an artefact trained on other words must not run with these.
# Over what was read, so that a comment may change without training again.
FINGERPRINT = hashlib.sha256(json.dumps(_READ).encode()).hexdigest()[:12]
WORDS: dict[str, frozenset[str]] = {k: frozenset(v.split()) for k, v in _READ["words"].items()}
LANGUAGE: dict[str, frozenset[str]] = {
    k: frozenset(v.split()) for k, v in _READ["language"].items()
}


def _joined(alternatives: list[str]) -> re.Pattern[str]:
    """One pattern of all; a border that all begin with is looked for once, which is faster."""
    if all(a.startswith(r"\b") for a in alternatives):
        return re.compile(r"\b(?:" + "|".join(a[2:] for a in alternatives) + ")")
    return re.compile("|".join(alternatives))


EXACT: dict[str, re.Pattern[str]] = {k: _joined(v) for k, v in _READ["exact"].items()}
LOOSE: dict[str, re.Pattern[str]] = {k: _joined(v) for k, v in _READ["loose"].items()}
