"""What a channel can do, and whether a text fits it (S14).

Checked when a draft is submitted, not when it is sent: what a person approved must be sendable.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from common.errors import InvalidInputError
from responder.domain.content import Content
from responder.domain.words import Audience


class Counting(enum.StrEnum):
    """The unit in which a network counts the length of a text."""

    CODE_POINTS = "code_points"
    UTF16_UNITS = "utf16_units"
    UTF8_BYTES = "utf8_bytes"
    GRAPHEMES = "graphemes"


class ReadBack(enum.StrEnum):
    """How our own posts are found again: by their own id, among the answers, or not at all."""

    BY_ID = "by_id"
    THREAD = "thread"
    NONE = "none"


class Idempotency(enum.StrEnum):
    """What makes a second attempt harmless (CONNECTORS 12); with `none` there never is one."""

    OWN_ID = "own_id"
    STABLE_ID = "stable_id"
    KEY_FOR_A_WHILE = "key_for_a_while"
    NONE = "none"


_LENGTH: Mapping[Counting, Callable[[str], int]] = {
    Counting.CODE_POINTS: len,
    Counting.UTF16_UNITS: lambda text: len(text.encode("utf-16-le")) // 2,
    Counting.UTF8_BYTES: lambda text: len(text.encode("utf-8")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one network allows. `accounts` are ours there; the first is the usual one.

    `measure` counts a text where the standard library cannot. `max_bytes` holds beside
    `max_length`. `window` is how long after the customer's last word a private reply is allowed;
    `settles_within` is how long an effect may take to show where we look for it.
    """

    network: str
    accounts: tuple[str, ...]
    max_length: int
    counting: Counting
    audiences: frozenset[Audience]
    read_back: ReadBack
    max_bytes: int | None = None
    measure: Callable[[str], int] | None = None
    idempotency: Idempotency = Idempotency.NONE
    can_delete: frozenset[str] = frozenset()
    can_hide: frozenset[str] = frozenset()
    window: timedelta | None = None
    settles_within: timedelta = timedelta(seconds=2)

    @property
    def repeats_are_harmless(self) -> bool:
        """Whether an attempt of unclear outcome may be made again, with what was frozen for it.

        A key that the network forgets after a while is no such promise: an hour may pass.
        """
        return self.idempotency in (Idempotency.OWN_ID, Idempotency.STABLE_ID)

    def length_of(self, text: str) -> int:
        """The length in the network's own unit."""
        return self.measure(text) if self.measure is not None else length(text, self.counting)


def length(text: str, counting: Counting) -> int:
    """The length of the text in a unit that the standard library can count."""
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
    counted = channel.length_of(content.text)
    if counted > channel.max_length:
        raise InvalidInputError(
            f"{counted} {channel.counting} are more than the {channel.max_length} allowed",
            code="text_too_long",
            details={"length": counted, "max_length": channel.max_length},
        )
    size = length(content.text, Counting.UTF8_BYTES)
    if channel.max_bytes is not None and size > channel.max_bytes:
        raise InvalidInputError(
            f"{size} bytes are more than the {channel.max_bytes} allowed",
            code="text_too_long",
            details={"length": size, "max_length": channel.max_bytes},
        )
