"""Reads the labelled posts and, where present, the corpora that lend further signals.

The labelled posts are required. The further corpora (offensive German tweets, airline sentiment,
complaints, conversations) only teach helper heads; posts that also stand among the labelled ones
are taken out first, so that no answer leaks into the measures.
"""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from groups import plain

KINDS = (
    "question", "problem", "complaint", "request", "followup",
    "wish", "praise", "opinion", "news", "talk",
)  # fmt: skip
REASONS = ("Customer Service Issue", "Late Flight", "Cancelled Flight", "Lost Luggage")


@dataclass(frozen=True, slots=True)
class Post:
    """One labelled post; `stream` is true in the part that resembles an account's real stream."""

    text: str
    service: bool
    kind: str
    abusive: bool
    urgent: bool
    stream: bool


@dataclass(frozen=True, slots=True)
class Helper:
    """A yes/no question that a further corpus answers for its own texts."""

    name: str
    texts: tuple[str, ...]
    answers: tuple[bool, ...]


def read_posts(path: Path) -> list[Post]:
    """Read labelled JSON lines: text, service, kind, abusive, urgent and optionally sample."""
    posts = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] not in KINDS:
            raise ValueError(f"{path.name}: unknown kind {row['kind']!r} in {row.get('id')}")
        posts.append(
            Post(
                row["text"],
                bool(row["service"]),
                row["kind"],
                bool(row["abusive"]),
                bool(row["urgent"]),
                row.get("sample", "mixed") == "mixed",
            )
        )
    return posts


def read_helpers(folder: Path, language: str, posts: Sequence[Post]) -> list[Helper]:
    """Return the helper questions for a language; missing corpora are left out."""
    readers = _GERMAN if language == "de" else _ENGLISH
    seen = {plain(p.text)[:40] for p in posts}
    helpers = []
    for path, questions in readers.items():
        if not (folder / path).exists():
            print(f"  {path} is not there: trained without it")
            continue
        rows = [r for r in _rows(folder / path) if plain(r["text"])[:40] not in seen]
        texts = tuple(r["text"] for r in rows)
        helpers += [
            Helper(name, texts, tuple(ask(r) for r in rows)) for name, ask in questions.items()
        ]
    return helpers


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".tsv":
            lines = [line.rstrip("\n").split("\t") for line in file]
            return [dict(zip(("text", "coarse", "fine"), x, strict=True)) for x in lines]
        return list(csv.DictReader(file))


_Question = Callable[[dict[str, str]], bool]


def _reason(reason: str) -> _Question:
    return lambda row: row["negativereason"] == reason


def _sentiment(sentiment: str) -> _Question:
    return lambda row: row["airline_sentiment"] == sentiment


_GERMAN: dict[str, dict[str, _Question]] = {
    "abuse/germeval2018_training.tsv": {
        "offence": lambda r: r["coarse"] == "OFFENSE",
        "insult": lambda r: r["fine"] in {"INSULT", "PROFANITY"},
    }
}
_ENGLISH: dict[str, dict[str, _Question]] = {
    "airline_en/tweets.csv": {
        **{f"sentiment:{s}": _sentiment(s) for s in ("negative", "neutral", "positive")},
        **{f"reason:{r}": _reason(r) for r in REASONS},
    },
    "complaints_en/complaints.csv": {"complaint": lambda r: r["complaint"] == "1"},
    "conversations_en/twcs_first5000.csv": {
        "inbound": lambda r: r["inbound"] == "True",
        "opening": lambda r: r["inbound"] == "True" and not r["in_response_to_tweet_id"],
    },
}
