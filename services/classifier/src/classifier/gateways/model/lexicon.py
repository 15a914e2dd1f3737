"""Reads lexicon.toml: the words and patterns that cues and the language guess listen for."""

import hashlib
import re
import tomllib
from importlib.resources import files

_RAW = (files("classifier.gateways.model") / "lexicon.toml").read_bytes()
_READ = tomllib.loads(_RAW.decode())

# Part of a model's description: an artefact trained on other words must not run with these.
FINGERPRINT = hashlib.sha256(_RAW).hexdigest()[:12]
WORDS: dict[str, frozenset[str]] = {k: frozenset(v.split()) for k, v in _READ["words"].items()}
LANGUAGE: dict[str, frozenset[str]] = {
    k: frozenset(v.split()) for k, v in _READ["language"].items()
}
EXACT: dict[str, re.Pattern[str]] = {k: re.compile("|".join(v)) for k, v in _READ["exact"].items()}
LOOSE: dict[str, re.Pattern[str]] = {k: re.compile("|".join(v)) for k, v in _READ["loose"].items()}
