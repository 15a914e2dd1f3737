"""Cuts a post into normalised tokens that still know where they stood in the original text.

Everything the model sees starts here, in training and at run time alike. Handles, links, times
and numbers are replaced by classes, so that no person's name and no company's handle can become
a feature. This room counts nothing and scores nothing.
"""

import html
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from classifier.gateways.model.lexicon import BRANDS

START, END = "<s>", "</s>"
OWN, OTHER, URL, TIME = "<own>", "<at>", "<url>", "<time>"
# Some archives put numbers in place of handles: customers and companies look alike then.
NUMBERED = "<id>"

_TOKEN = re.compile(
    r"""
    (?P<url>(?:https?:|www\.|pic\.twitter)\S*)
  | (?P<handle>@\w+)
  | (?P<entity>&(?:\#\d{1,6}|[a-z]{2,6});)
  | (?P<hashtag>\#\w+)
  | (?P<smile>[:;=8xX]['\-o^]?[)\]dDpP*]+(?!\w) | <3 | \^\^)
  | (?P<frown>[:;=]['\-o]?[(\[/|\\cC]+(?!\w))
  | (?P<time>\d{1,2}[:.]\d{2}(?!\d)(?:\s?(?:uhr|h|am|pm)\b)?)
  | (?P<number>\d+(?:[.,]\d+)*)
  | (?P<word>[^\W\d_]+(?:['’´`][^\W\d_]+)*)
  | (?P<mark>[?!]+ | \.\.+ | … | [€$£%"„“”»«+\u2600-\u27bf\U0001f000-\U0001faff])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "’": "'", "´": "'", "`": "'", "\xad": ""}
)
_LONG_RUN = re.compile(r"(.)\1{2,}")
_QUOTES = frozenset('"„“”»«')

# Words that ordinary companies put into the handles of their accounts. They stand in for the
# list of own accounts when the caller does not know it; a known list always wins.
_BRAND_HANDLE = re.compile(
    r"bahn|rail|train|air|jet|fly|flight|bank|telekom|mobile|_?help|hilft|hilfe|support|care(?!y)"
    r"|service|custserv|cust|kunden|dialog|info$|official|_?ask|ask(?=[a-z])|assist|^db_|_db$"
    r"|_uk$|uk$|_de$|express|store|shop|market|foods?$|hotel|motor|auto|energ|versicher|insur",
)
# What companies put before and after their name in a handle.
_AROUND = re.compile(
    r"^(?:ask|hey|my|team|the|its)?_?"
    r"(?P<name>.+?)"
    r"_?(?:usa?|uki?|de|at|ch|eu|in|india|europe|america|canada|cares?|help|support|tweets|official"
    r"|hq|corp|inc|global|app|social|team|service|online)?$"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One normalised token and its half-open span in the original text."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=20_000)
def looks_like_a_brand(handle: str) -> bool:
    """Whether an account name (no @) reads like a company's; a guess used without a list."""
    name = handle.lower()
    if name in BRANDS or _BRAND_HANDLE.search(name) is not None:
        return True
    around = _AROUND.match(name)
    return around is not None and around["name"].replace("_", "") in BRANDS


@lru_cache(maxsize=60_000)
def normalise_word(word: str) -> str:
    """Lower case, umlauts written out, runs of one letter cut to two."""
    return _LONG_RUN.sub(r"\1\1", word.lower().translate(_LETTERS))


def tokenise(text: str, own_handles: Collection[str] = ()) -> list[Token]:
    """Return the tokens of `text` in order; spans index code points of `text` itself.

    `own_handles` are lower case without the @. If empty, handles that look like a brand count
    as the company's.
    """
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        piece = match.group()
        if kind == "word":
            normal = normalise_word(piece)
        elif kind == "handle":
            normal = _handle(piece[1:].lower(), own_handles)
        else:
            normal = _other(kind, piece)
        if normal:
            tokens.append(Token(normal, match.start(), match.end()))
    return tokens


def _handle(name: str, own_handles: Collection[str]) -> str:
    if own_handles:
        return OWN if name in own_handles else OTHER
    if name.isdecimal():
        return NUMBERED
    return OWN if looks_like_a_brand(name) else OTHER


def _other(kind: str | None, piece: str) -> str:
    match kind:
        case "url":
            return URL
        case "hashtag":
            return normalise_word(piece[1:])
        case "smile":
            return "<smile>"
        case "frown":
            return "<frown>"
        case "time":
            return TIME
        case "number":
            return f"<n{min(len(piece), 5)}>"
        case "entity":
            char = html.unescape(piece)
            return '"' if char in "\"'" else ""
    if "?" in piece:
        return "?" if "!" not in piece else "?!"
    if piece[0] == "!":
        return "!"
    if piece[0] in ".…":
        return "…"
    return '"' if piece in _QUOTES else piece
