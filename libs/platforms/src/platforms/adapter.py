"""What every network looks like from our side: what it can do, and what an attempt to send proves.

One interface for all of them (S5, S14), so that the responder sends and ingest reads without
knowing a protocol. An adapter never raises for what the network does: it says what is known. It
keeps no state but a session, and knows no draft, no case and no database.

The life of one reply:

    prepare   reads only; everything that the reply will consist of, frozen before the first try
    send      one try; where the network can tell a repeat from a new post, it may be repeated
    find      is the reply there? asked before a repeat, and after an outcome nobody knows
    observe   who can see it (CONNECTORS 5.3: "200" is not "delivered")

`platforms.testing.conformance` holds every adapter to this page.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID


class Unit(enum.StrEnum):
    """In what a network counts the length of a text."""

    CODE_POINTS = "code_points"
    UTF16_UNITS = "utf16_units"
    UTF8_BYTES = "utf8_bytes"
    GRAPHEMES = "graphemes"


class Audience(enum.StrEnum):
    """Who can read a post: everybody, or the one it is addressed to."""

    PUBLIC = "public"
    PRIVATE = "private"


class Idempotency(enum.StrEnum):
    """What makes a repeat harmless (CONNECTORS 12, first table)."""

    OWN_ID = "own_id"  # we choose the post's id: a repeat is the same post
    STABLE_ID = "stable_id"  # receivers drop what carries an id they know (mail, webhooks)
    KEY_FOR_A_WHILE = "key_for_a_while"  # the network remembers a key, but not for ever
    NONE = "none"  # a repeat posts twice


class ReadBack(enum.StrEnum):
    """How our own reply is found again."""

    BY_ID = "by_id"
    THREAD = "thread"  # among the answers: our account, same words, time
    NONE = "none"


class Ending(enum.StrEnum):
    """What an answer of the network proves (CONNECTORS 12, error classes)."""

    SENT = "sent"
    REFUSED = "refused"  # a definite no to this reply
    TARGET_GONE = "target_gone"  # what it answers is no longer there
    NOT_PERMITTED = "not_permitted"  # blocked, not summoned, window closed: take another channel
    ACCOUNT_DEAD = "account_dead"  # nothing works with this account: stop it
    RATE_LIMITED = "rate_limited"  # not now, nothing happened; `retry_after` says when
    NOT_NOW = "not_now"  # not reached, or a definite "later": nothing happened
    UNKNOWN = "unknown"  # it may be on the network


@dataclass(frozen=True, slots=True)
class Limit:
    """A text has at most `most` of `unit`; `count` counts them as the network does."""

    unit: Unit
    most: int
    count: Callable[[str], int] = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a network allows (S14); written down, so that a draft is checked before it is read.

    `limits` hold all at once. `window` is how long after the customer's last word a private reply
    is allowed. `settles_within` is how long an effect may take to show where we look for it.
    """

    limits: tuple[Limit, ...]
    audiences: frozenset[Audience]
    idempotency: Idempotency
    read_back: ReadBack
    can_delete: frozenset[str] = frozenset()  # of: own, others
    can_hide: frozenset[str] = frozenset()
    window: timedelta | None = None
    settles_within: timedelta = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The post that a reply answers, as it was taken in; `thread` are the ids before it."""

    native_id: str
    author_id: str
    title: str | None = None
    thread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A reply to be sent. `reply_id` and `written_at` never change: ids are made of them."""

    reply_id: UUID
    written_at: datetime
    network: str
    account: str
    answered: Answered
    audience: Audience
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A reply as it will be sent, byte for byte, every time. `body` is JSON.

    `native_id` is the id it will have, where we choose it.
    """

    body: Mapping[str, Any]
    native_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an attempt ended. `error` is a short code of ours, never the network's words."""

    ending: Ending
    native_id: str | None = None
    error: str = ""
    retry_after: timedelta | None = None

    @property
    def had_no_effect(self) -> bool:
        """Whether it is certain that nothing was published."""
        return self.ending not in (Ending.SENT, Ending.UNKNOWN)


class Finding(enum.StrEnum):
    """Is the reply there?"""

    PRESENT = "present"
    ABSENT = "absent"  # it was looked for where it would be, and is not there
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look for a reply brought; `native_id` comes with PRESENT."""

    finding: Finding
    native_id: str | None = None


class Reach(enum.StrEnum):
    """Who sees what was published."""

    SHOWN = "shown"  # it was seen where the customer would see it
    TARGET_GONE = "target_gone"  # the post it answers has gone meanwhile
    BLOCKED = "blocked"  # the customer has blocked us: published, and not shown to them
    DELIVERED = "delivered"  # handed over to the customer's side
    UNCONFIRMED = "unconfirmed"  # nobody could tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What became of a published reply: `audience` is None where nobody could tell."""

    reach: Reach
    audience: Audience | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPost:
    """A post in a thread that is read back."""

    native_id: str
    account: str
    in_reply_to: str
    text: str
    created_at: datetime


class UnreadableError(Exception):
    """It could not be read now; nothing follows from it. The text is a short code of ours."""


class Adapter(Protocol):
    """One account on one network. Every call is bounded in time by the adapter itself."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def prepare(self, letter: Letter) -> Prepared | Result:
        """What will be sent, or why it will not (never SENT, never UNKNOWN). Publishes nothing."""
        ...

    async def send(self, prepared: Prepared) -> Result:
        """One try. Anything that may have had an effect is SENT or UNKNOWN."""
        ...

    async def find(self, prepared: Prepared) -> Found:
        """Look for exactly this reply; CANNOT_TELL where the network offers no way."""
        ...

    async def read_thread(self, in_reply_to: str) -> Sequence[ThreadPost]:
        """What answers this post. Raises UnreadableError."""
        ...

    async def observe(self, prepared: Prepared, native_id: str) -> Observation:
        """Who sees it; returns soon and never raises for the network's sake."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """An attachment by reference."""

    kind: str
    url: str
    alt_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundPost:
    """A post that a reader found. `posted_at` is aware; `thread` are the ids before it."""

    native_id: str
    text: str
    author_id: str
    author_handle: str
    posted_at: datetime
    author_name: str | None = None
    author_followers: int | None = None
    title: str | None = None
    conversation: str | None = None
    in_reply_to: str | None = None
    thread: tuple[str, ...] = ()
    url: str | None = None
    language: str | None = None
    media: tuple[Medium, ...] = ()
    detected_via: str = "mention"
    audience: Audience = Audience.PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """Something that was found and is no post for people: kept by the reader's owner, raw."""

    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Haul:
    """What one reading brought, oldest first. `cursor` is the next one, to be kept with the posts.

    `more` says that another reading would bring more at once.
    """

    posts: tuple[InboundPost, ...]
    strange: tuple[Strange, ...]
    cursor: Mapping[str, Any]
    more: bool = False


class ReadError(Exception):
    """A reading failed and moved nothing. `ending` is ACCOUNT_DEAD, RATE_LIMITED or NOT_NOW."""

    def __init__(
        self, code: str, *, ending: Ending = Ending.NOT_NOW, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.ending = ending
        self.retry_after = retry_after


class Reader(Protocol):
    """Finds what is addressed to one account. It remembers nothing: the cursor is the owner's."""

    async def read(self, cursor: Mapping[str, Any] | None, *, since: datetime) -> Haul:
        """What is new behind `cursor`; without one, what was written after `since`.

        Reading again with an old cursor brings the same posts again: the cursor may only move
        once they are durable (S6). Raises ReadError.
        """
        ...

    async def wait(self, longest: timedelta) -> None:
        """Return when something may be new, at the latest after `longest`. Raises ReadError."""
        ...

    async def aclose(self) -> None: ...
