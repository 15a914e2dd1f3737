"""Words and pieces of words of a sentence, hashed: what the linear half of the judge looks at.

Runs of one to three words and of two to five letters inside a word. Buckets are hashes, so no
training sentence can be read back from the artefact; which word a bucket came from is remembered
while a sentence is judged, so that a finding can name the words that weighed most.
"""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

BUCKETS = 1 << 18
_TOKEN = re.compile(r"\w+|[!?…]+|[^\w\s]")
_LENGTHS = (2, 3, 4, 5)


def tokens(text: str) -> list[str]:
    """The words and marks in lower case."""
    return _TOKEN.findall(text.lower())


Run = tuple[tuple[int, ...], int, int]
"""Buckets, the first token they came from, and how many tokens."""


def grams(found: list[str]) -> list[Run]:
    """Every run of words, a single one with its pieces, as often as it occurs."""
    around = ["<", *found, ">"]
    runs: list[Run] = [(_pieces(token), place, 1) for place, token in enumerate(found)]
    for length in (2, 3):
        for start in range(len(around) - length + 1):
            first, last = max(0, start - 1), min(len(found), start - 1 + length)
            bucket = _bucket(" ".join(around[start : start + length]))
            runs.append(((bucket,), first, last - first))
    return runs


@lru_cache(maxsize=65_536)
def _pieces(token: str) -> tuple[int, ...]:
    """The buckets of a word and of its runs of letters, its borders included."""
    if not token[0].isalnum():
        return (_bucket(f"w{token}"),)
    inside = f" {token} "
    return (
        _bucket(f"w{token}"),
        *(
            _bucket(f"c{inside[start : start + length]}")
            for length in _LENGTHS
            for start in range(len(inside) - length + 1)
        ),
    )


def _bucket(run: str) -> int:
    return crc32(run.encode("utf-8", "surrogatepass")) & (BUCKETS - 1)
