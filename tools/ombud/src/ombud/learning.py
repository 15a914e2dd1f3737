"""What `ombud model retrain` and `evaluate` learn from, and what they keep for the examination.

A post belongs to the fifth that is held out by the hash of its words alone, so that every training
and every examination agree on it, near-duplicates stay together, and no model is examined on what
it learned. Corrections win over labelled posts with the same words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from classifier.domain.labels import PostText
from classifier.domain.promotion import Figures, compared
from classifier.gateways.port import Model
from ombud.output import NO, CommandError

LANGUAGES = ("de", "en")
SPLIT = "a-fifth-by-words-1"
_FIFTHS = 5
_NOISE = re.compile(r"https?://\S+|[@#]\w+|[\W\d_]")
_FIRST_WORDS = 60
_BATCH = 512
_LEARNED = ("id", "text", "service", "kind", "abusive", "urgent", "sample")


@dataclass(frozen=True, slots=True)
class Material:
    """Labelled posts and corrections by language, each a dictionary as in the files."""

    posts: dict[str, list[dict[str, Any]]]
    corrections: dict[str, list[dict[str, Any]]]

    def learned(self, language: str, *, with_corrections: bool = True) -> list[dict[str, Any]]:
        """What a model of this language learns from; nothing of the held-out fifth."""
        corrected = [
            {**line, "sample": "correction", "id": f"correction-{line.get('id')}"}
            for line in self.corrections[language]
            if with_corrections and not is_held_out(line["text"])
        ]
        known = {_words(line["text"]) for line in corrected}
        kept = [
            post
            for post in self.posts[language]
            if not is_held_out(post["text"]) and _words(post["text"]) not in known
        ]
        return [{name: post[name] for name in _LEARNED if name in post} for post in kept] + [
            {name: line[name] for name in _LEARNED if name in line} for line in corrected
        ]

    def held_out(self, part: str) -> list[dict[str, Any]]:
        """The posts of a part of the examination: `corrections`, or a language's labelled posts."""
        if part == "corrections":
            given: Iterable[dict[str, Any]] = (
                line for language in LANGUAGES for line in self.corrections[language]
            )
        else:
            given = self.posts[part]
        return [line for line in given if is_held_out(line["text"])]

    def digest(self) -> str:
        """Names exactly this material."""
        whole = orjson.dumps([self.posts, self.corrections, SPLIT], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(whole).hexdigest()[:12]


def is_held_out(text: str) -> bool:
    """Whether a post is kept for the examination."""
    digest = hashlib.sha256(_words(text)[:_FIRST_WORDS].encode()).digest()
    return digest[0] % _FIFTHS == 0


def read_material(data: Path, corrections: Iterable[bytes]) -> Material:
    """Labelled posts of a folder, corrections as `GET /corrections` gives them.

    Corrections of posts in other languages teach nobody and are left out. Raises CommandError.
    """
    posts = {}
    for language in LANGUAGES:
        path = data / f"{language}_labelled.jsonl"
        if not path.is_file():
            raise CommandError(f"{path} is missing: labelled posts, one JSON object per line")
        posts[language] = _lines(path.read_bytes().splitlines(), str(path))
    found = _lines(corrections, "corrections")
    by_language = {
        language: [line for line in found if line.get("language") == language]
        for language in LANGUAGES
    }
    return Material(posts, by_language)


def write_data(
    material: Material, source: Path, folder: Path, *, with_corrections: bool = True
) -> Path:
    """A data folder like `source` with only what is learned from; what is beside it stays."""
    inside = folder / source.name
    inside.mkdir(parents=True)
    for path in source.resolve().parent.iterdir():
        if path.name != source.name:
            (folder / path.name).symlink_to(path)
    for path in source.resolve().iterdir():
        (inside / path.name).symlink_to(path)
    for language in LANGUAGES:
        path = inside / f"{language}_labelled.jsonl"
        path.unlink()
        lines = material.learned(language, with_corrections=with_corrections)
        path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return inside


def examine(
    part: str, posts: Sequence[dict[str, Any]], *, champion: Model, challenger: Model
) -> Figures:
    """Both models on the same posts."""
    return compared(
        part,
        [bool(post["service"]) for post in posts],
        champion=_said(champion, posts),
        challenger=_said(challenger, posts),
    )


def _said(model: Model, posts: Sequence[dict[str, Any]]) -> list[bool]:
    said: list[bool] = []
    for begin in range(0, len(posts), _BATCH):
        part = [
            PostText(post["text"], _own(post.get("account")))
            for post in posts[begin : begin + _BATCH]
        ]
        said += [answer.label == "service" for answer in model.classify(part)]
    return said


def _own(account: str | None) -> frozenset[str]:
    return frozenset({account.lower().removeprefix("@")}) if account else frozenset()


def _words(text: str) -> str:
    """The words alone: no links, names, numbers, marks."""
    return " ".join(_NOISE.sub(" ", text.casefold()).split())


def _lines(lines: Iterable[bytes], where: str) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            post = orjson.loads(line)
            found.append(
                {
                    **post,
                    "text": str(post["text"]),
                    "service": bool(post["service"]),
                    "kind": str(post["kind"]),
                    "abusive": bool(post["abusive"]),
                    "urgent": bool(post["urgent"]),
                }
            )
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise CommandError(
                f"{where}: line {number} is no labelled post", exit_code=NO
            ) from error
    return found
