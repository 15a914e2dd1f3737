"""What a channel can do, and whether a text fits it (S14).

Checked when a draft is submitted, not when it is sent: what a person approved must be sendable.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from common.errors import InvalidInputError
from responder.domain.content import Content
from responder.domain.words import Audience


class Counting(enum.StrEnum):
    """The unit in which a network counts the length of a text."""

    CODE_POINTS = "code_points"
    UTF16_UNITS = "utf16_units"
    UTF8_BYTES = "utf8_bytes"


class ReadBack(enum.StrEnum):
    """Whether our own posts in a thread can be read back."""

    THREAD = "thread"
    NONE = "none"


_LENGTH: Mapping[Counting, Callable[[str], int]] = {
    Counting.CODE_POINTS: len,
    Counting.UTF16_UNITS: lambda text: len(text.encode("utf-16-le")) // 2,
    Counting.UTF8_BYTES: lambda text: len(text.encode("utf-8")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one network allows. `accounts` are ours there; the first is the usual one."""

    network: str
    accounts: tuple[str, ...]
    max_length: int
    counting: Counting
    audiences: frozenset[Audience]
    read_back: ReadBack


def length(text: str, counting: Counting) -> int:
    """The length of the text in the network's own unit."""
    return _LENGTH[counting](text)


def require_fit(content: Content, channel: Capabilities) -> None:
    """Raises InvalidInputError `text_too_long`, `audience_not_offered` or `unknown_account`."""
    if content.account not in channel.accounts:
        raise InvalidInputError(
            f"{content.account} is none of our accounts on {content.network}",
            code="unknown_account",
        )
    if content.visibility not in channel.audiences:
        raise InvalidInputError(
            f"{content.network} offers no {content.visibility} replies", code="audience_not_offered"
        )
    counted = length(content.text, channel.counting)
    if counted > channel.max_length:
        raise InvalidInputError(
            f"{counted} {channel.counting} are more than the {channel.max_length} allowed",
            code="text_too_long",
            details={"length": counted, "max_length": channel.max_length},
        )
