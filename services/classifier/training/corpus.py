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

from classifier.gateways.model.cues import SIGNATURE

KINDS = (
    "question", "problem", "complaint", "request", "followup",
    "wish", "praise", "opinion", "news", "talk",
)  # fmt: skip
AGENT = "agent"
_FEWEST_ANSWERS = 40
FURTHER = Path(__file__).parent / "further_labels_en.tsv"
REASONS = ("Customer Service Issue", "Late Flight", "Cancelled Flight", "Lost Luggage")


# One letter per kind in the file of further labels; a capital W is a wish that is a service matter.
KIND_OF_CODE = {
    "q": "question", "p": "problem", "c": "complaint", "r": "request", "f": "followup",
    "w": "wish", "W": "wish", "a": "praise", "o": "opinion", "n": "news", "t": "talk",
}  # fmt: skip
_SERVICE_CODES = frozenset("qpcrfW")
_LABELLED_ROWS = {
    "a": ("airline_en/tweets.csv", "row"),
    "c": ("complaints_en/complaints.csv", "tweet_id"),
    "t": ("conversations_en/twcs_first5000.csv", "tweet_id"),
}


@dataclass(frozen=True, slots=True)
class Post:
    """One labelled post; `stream` is true in the part that resembles an account's real stream.

    A `further` post has a label by one reader only: it is learned from, never measured on.
    """

    text: str
    service: bool
    kind: str
    abusive: bool
    urgent: bool
    stream: bool
    further: bool = False


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


def read_further(folder: Path, posts: Sequence[Post]) -> list[Post]:
    """Posts of the further English corpora that were labelled for this project by the same guide.

    The file beside this module names rows of corpora and their labels; the texts stay where they
    are. Rows that are missing, or that stand among `posts` already, are left out.
    """
    wanted = dict(line.split("\t") for line in FURTHER.read_text(encoding="utf-8").splitlines())
    seen = {plain(p.text)[:40] for p in posts}
    found = []
    for prefix, (path, column) in _LABELLED_ROWS.items():
        if not (folder / path).exists():
            print(f"  {path} is not there: trained without its labels")
            continue
        for row in _rows(folder / path):
            code = wanted.get(prefix + row[column])
            if code is not None and plain(row["text"])[:40] not in seen:
                found.append(_of_code(" ".join(row["text"].split()), code))
    return found


def _of_code(text: str, code: str) -> Post:
    kind = KIND_OF_CODE[code[0]]
    return Post(
        text,
        code[0] in _SERVICE_CODES,
        kind,
        "!" in code[1:],
        "^" in code[1:],
        stream=False,
        further=True,
    )


def read_helpers(folder: Path, language: str, posts: Sequence[Post]) -> list[Helper]:
    """Return the helper questions for a language; missing corpora are left out."""
    readers = _GERMAN if language == "de" else _ENGLISH
    seen = {plain(p.text)[:40] for p in posts}
    helpers = _if_told_apart(_signed_posts(posts)) if language == "de" else []
    for path, questions in readers.items():
        if not (folder / path).exists():
            print(f"  {path} is not there: trained without it")
            continue
        rows = [r for r in _rows(folder / path) if plain(r["text"])[:40] not in seen]
        if "inbound" in questions:
            helpers += _if_told_apart(_answers_of_agents(rows))
        texts = tuple(r["text"] for r in rows)
        helpers += [
            Helper(name, texts, tuple(ask(r) for r in rows)) for name, ask in questions.items()
        ]
    return helpers


def _if_told_apart(helper: Helper) -> list[Helper]:
    """The question, or nothing where too few answers of one kind could teach it."""
    yes = sum(helper.answers)
    return [helper] if min(yes, len(helper.answers) - yes) >= _FEWEST_ANSWERS else []


def _signed_posts(posts: Sequence[Post]) -> Helper:
    """Whether an agent wrote it, told by the signature, asked of the text without it."""
    replies = [p.text for p in posts if p.text.startswith("@")]
    signed = tuple(SIGNATURE.search(text) is not None for text in replies)
    return Helper(AGENT, tuple(_unsigned(text) for text in replies), signed)


def _answers_of_agents(rows: Sequence[dict[str, str]]) -> Helper:
    """Whether an agent wrote it, told by the account that sent it."""
    texts = tuple(_unsigned(r["text"]) for r in rows)
    return Helper(AGENT, texts, tuple(r["inbound"] != "True" for r in rows))


def _unsigned(text: str) -> str:
    return SIGNATURE.sub(" ", text)


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
