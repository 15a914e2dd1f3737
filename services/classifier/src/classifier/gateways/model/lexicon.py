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

# Looking for a piece of text is twenty times as fast as looking for a pattern: a pattern is only
# tried where one of its pieces stands. None of them may be missing where the pattern would match
# (a test compares the two on generated posts; digits of other scripts are left aside).
PIECES: dict[str, tuple[str, ...]] = {
    "train": tuple("0123456789"),
    "line": tuple("0123456789"),
    "delay": tuple("0123456789"),
    "route": ("von", "aus", "from", "zwischen"),
    "question_end": ("?",),
    "headline": ("http",),
    "asks_company": (
        "t ihr", "seid ihr", "nnen sie", "gibt es", "was ist ", "wann kommt", "wieso", "weshalb",
        "can ", "could you", "do you", "are you", "is there", "how ", "why ",
    ),
    "agent_phrase": (
        "wende", "stehe", "melde dich", "melden sie", "ich gebe ", "ich leite ", "leid",
        "kann ich ", "nnen wir ", "schick", "kollegen", "please ", "kindly ", "feel free", "dm us",
        "send us", "sorry", "we'd l", "happy to help", "apologi", "let us know", "reach out",
        "our team", "we'll ", "can you ",
    ),
    "retweet": ("RT", "Retweeted", '"@', "“@"),
    "via": ("via", "Via", "RE:", "Re:"),
    "status_report": (
        "Verkehrsmeldung", "Richtung", "Abfahrt um", "Linie", "+++", "Störung:", "ktuell:",
    ),
    "email": ("@",),
    "price": ("€", "$", "£", "eur"),
    "irony_thanks": ("danke", "thanks for"),
    "insult": (
        "idiot", "unf", "saftladen", "drecks", "arsch", "inkompet", "hurens", "wichser", "depp",
        "trottel", "versager", "fotze", "vollpfosten", "spast", "hackfresse", "abschaum", "schei",
        "asozial", "verfickt", "penner", "hornochse", "moron", "asshole", "imbecile", "fuckwit",
        "scumbag", "incompeten",
    ),
}  # fmt: skip


def seek(name: str, pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """`pattern.search(text)`, but faster where the pattern has pieces and none is there."""
    pieces = PIECES.get(name)
    if pieces is not None:
        for piece in pieces:
            if piece in text:
                break
        else:
            return None
    return pattern.search(text)


BRANDS: frozenset[str] = frozenset(w for v in _READ["brands"].values() for w in v.split())


def _joined(alternatives: list[str]) -> re.Pattern[str]:
    """One pattern of all; a border that all begin with is looked for once, which is faster."""
    if all(a.startswith(r"\b") for a in alternatives):
        return re.compile(r"\b(?:" + "|".join(a[2:] for a in alternatives) + ")")
    return re.compile("|".join(alternatives))


EXACT: dict[str, re.Pattern[str]] = {k: _joined(v) for k, v in _READ["exact"].items()}
LOOSE: dict[str, re.Pattern[str]] = {k: _joined(v) for k, v in _READ["loose"].items()}
