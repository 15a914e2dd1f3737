"""Posts to play with: real ones beside the checkout if they are there, else invented ones.

Lines of JSON with at least `id` and `text` become what ingest takes (`PostFound`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import orjson

from ombud.output import NO, CommandError

REAL_POSTS = Path("../shared/data/mentions/de_posts.jsonl")
REAL_HANDLE = "db_bahn"
ACCOUNT = "motorrad_ag"
NETWORK = "replay"

_OPENINGS = ("", "Hallo! ", "Guten Morgen, ", "Leute, ", "Mal ehrlich: ", "Kurze Frage: ", "Hi, ")
_THINGS = (
    "meine Bremse",
    "die Kette an meiner Tourer 700",
    "der Anlasser",
    "eure App",
    "mein Kundenkonto",
    "der Rückruf der Gabel",
    "die Rechnung vom letzten Service",
    "mein Werkstatttermin",
    "die Sitzheizung",
    "das Display",
)
_CONCERNS = (
    "{thing} macht seit gestern Probleme, was kann ich tun?",
    "{thing} ist jetzt zum dritten Mal ein Fall für die Werkstatt. Wann wird das endlich gelöst?",
    "wer hilft mir weiter, wenn es um {thing} geht?",
    "ich warte seit zwei Wochen auf eine Antwort zu: {thing}.",
    "{thing} - könnt ihr bitte zurückrufen?",
    "eine Frechheit, {thing} funktioniert nach der Inspektion schlechter als vorher!",
    "{thing} war nach zehn Minuten erledigt. Danke an die Werkstatt in Kassel!",
    "ich finde ja, dass Motorräder zu laut sind. Und {thing} ändert daran nichts.",
    "sonntags über den Pass, und {thing} ist mir völlig egal. Was für ein Licht!",
    "schöner Artikel über die Branche, {thing} kommt auch vor: https://zeitung.example/a",
)
_ENDINGS = ("", " Danke!", " Viele Grüße", " Bitte um Rückmeldung.")


def read_posts(
    path: Path, *, limit: int | None = None, handle: str = ACCOUNT
) -> Iterator[dict[str, Any]]:
    """The posts of a file of JSON lines, as ingest takes them; blank lines are skipped.

    A post that names `@handle` addresses our account. Raises CommandError, with the line's
    number, for a line that is no JSON object with `id` (or `native_id`) and `text`.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if limit is not None and number >= limit:
                return
            if line.strip():
                yield _read(line, number, handle)


def invented_posts(count: int) -> Iterator[dict[str, Any]]:
    """So many different posts that nobody wrote, the same ones every time."""
    sentences = [
        opening + concern.format(thing=thing) + ending
        for opening, concern, thing, ending in product(_OPENINGS, _CONCERNS, _THINGS, _ENDINGS)
    ]
    random.Random(700).shuffle(sentences)  # noqa: S311  (a sample, not a secret)
    for number in range(count):
        addressed = "@motorrad_ag " if number % 2 else ""
        text = addressed + sentences[number % len(sentences)]
        yield as_found({"id": f"invented-{number}", "text": text}, number)


def _read(line: bytes, number: int, handle: str) -> dict[str, Any]:
    try:
        post = orjson.loads(line)
        if isinstance(post, dict):
            return as_found(post, number, handle=handle)
    except (orjson.JSONDecodeError, KeyError):
        pass
    raise CommandError(f"line {number + 1} is no JSON object with id and text", exit_code=NO)


def as_found(post: dict[str, Any], number: int, *, handle: str = ACCOUNT) -> dict[str, Any]:
    """A line as ingest wants it: what the line does not say is made up from its number."""
    if "native_id" in post:
        return post
    text = str(post["text"])
    found = {
        "native_id": str(post["id"]),
        "text": text,
        "author": post.get("author") or {"id": f"author-{number % 1500}", "handle": f"a{number}"},
        "posted_at": post.get("posted_at") or _posted_at(number),
        "detected_via": "search",
    }
    if f"@{handle.lower()}" in text.lower():
        found |= {"account": ACCOUNT, "detected_via": "mention"}
    kept = ("account", "conversation", "in_reply_to", "url", "language", "media", "detected_via")
    return found | {name: post[name] for name in kept if post.get(name)}


def _posted_at(number: int) -> str:
    return (datetime.now(UTC) - timedelta(seconds=30 + number % 60)).isoformat()
