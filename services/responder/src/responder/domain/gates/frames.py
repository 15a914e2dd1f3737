"""Frames: patterns that ask for the build of a sentence, put together from their alternatives."""

from __future__ import annotations

import re


def either(*patterns: str) -> str:
    """One pattern for any of them."""
    return "|".join(patterns)


def frames(*patterns: str) -> re.Pattern[str]:
    """One compiled pattern for any of them, beginning at the beginning of a word."""
    return re.compile(rf"(?<!\w)(?:{either(*patterns)})")
