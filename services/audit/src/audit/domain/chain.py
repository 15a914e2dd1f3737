"""The hash chain of a conversation: what is hashed, appending to it, finding where it breaks.

hash = SHA-256("audit.v1" || prev || fields), each field as four bytes of length (big endian) and
its bytes: conversation id (16), seq (8), event id (16), topic, type, subject (UTF-8), case id and
mention id (16, or none), actor (UTF-8, or none), at and recorded at (8, microseconds since 1970
in UTC), SHA-256 of the body. The first `prev` is 32 zero bytes. That an entry continues the one
before it is checked by the database too, on insert (migrations). Source: RELIABILITY 9.6.

A chain alone cannot show that it was removed whole, head and all; see docs/decisions/0030.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from audit.domain.filing import NOWHERE, Filing

GENESIS = bytes(32)
_VERSION = b"audit.v1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = struct.Struct(">I").pack
_FIXED = struct.Struct(">I16sIqI16s").pack
_TIMES = struct.Struct(">IqIqI").pack
_MICROSECOND = timedelta(microseconds=1)


class Fact(NamedTuple):
    """An event as it arrived, and under what it is filed. `body` has its exact bytes.

    A plain tuple, as are the others here: hundreds of thousands are made a minute.
    """

    event_id: UUID
    topic: str
    type: str
    subject: str
    at: datetime
    body: bytes
    filing: Filing = NOWHERE


class Head(NamedTuple):
    """Where a chain ends now."""

    seq: int
    hash: bytes


class Link(NamedTuple):
    """A fact's place in its chain."""

    seq: int
    prev: bytes
    hash: bytes


class Break(enum.StrEnum):
    """What is wrong with a chain, as a stable word."""

    CHANGED = "changed"
    """An entry's hash is not that of its content."""
    GAP = "gap"
    """An entry is missing, or entries changed places: the numbers do not follow each other."""
    UNLINKED = "unlinked"
    """An entry does not continue the one before it."""
    TRUNCATED = "truncated"
    """The chain's head stands behind its last entry."""
    HEAD_BEHIND = "head_behind"
    """There are entries behind the chain's head."""
    HEAD_DIFFERS = "head_differs"
    """The head has the right number and another hash."""
    HEAD_MISSING = "head_missing"
    """There are entries and no head."""
    COUNT_DIFFERS = "count_differs"
    """There are fewer or more entries of a type than were counted when they were appended."""
    UNPLACED = "unplaced"
    """A case or mention is known whose conversation has no entries at all."""
    MISFILED = "misfiled"
    """A case or mention has entries and is filed nowhere, or where it has none: nobody finds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken place. `seq` is the entry where it shows, if it shows at one."""

    kind: Break
    conversation_id: UUID | None = None
    seq: int | None = None
    about: str | None = None


class StoredEntry(NamedTuple):
    """An entry as it lies in the table."""

    seq: int
    fact: Fact
    recorded_at: datetime
    prev: bytes
    hash: bytes


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 in UTC; exact, as a float would not be."""
    return (moment - _EPOCH) // _MICROSECOND


def link_hash(
    prev: bytes, conversation_id: UUID, seq: int, fact: Fact, *, recorded_at: datetime
) -> bytes:
    """The hash of an entry (32 bytes)."""
    subject = fact.subject.encode()
    case_id, mention_id, actor = fact.filing
    case = case_id.bytes if case_id else b""
    mention = mention_id.bytes if mention_id else b""
    person = actor.encode() if actor else b""
    return sha256(
        b"".join(
            (
                _VERSION,
                prev,
                _FIXED(16, conversation_id.bytes, 8, seq, 16, fact.event_id.bytes),
                _names(fact.topic, fact.type),
                _LENGTH(len(subject)),
                subject,
                _LENGTH(len(case)),
                case,
                _LENGTH(len(mention)),
                mention,
                _LENGTH(len(person)),
                person,
                _TIMES(8, microseconds(fact.at), 8, microseconds(recorded_at), 32),
                sha256(fact.body).digest(),
            )
        )
    ).digest()


@lru_cache(maxsize=256)
def _names(topic: str, type_: str) -> bytes:
    """Topic and type as fields; there are few of them, and this is asked for every entry."""
    fields = (topic.encode(), type_.encode())
    return b"".join(_LENGTH(len(field)) + field for field in fields)


def append(
    heads: dict[UUID, Head],
    facts: Iterable[tuple[UUID, Fact]],
    *,
    recorded_at: datetime,
) -> list[Link]:
    """The links of `facts` (conversation, fact), in their order; moves `heads` on.

    Raises KeyError for a conversation without a head.
    """
    links = []
    for conversation_id, fact in facts:
        head = heads[conversation_id]
        seq = head.seq + 1
        hash_ = link_hash(head.hash, conversation_id, seq, fact, recorded_at=recorded_at)
        links.append(Link(seq, head.hash, hash_))
        heads[conversation_id] = Head(seq, hash_)
    return links


def check_chain(
    conversation_id: UUID, entries: Iterable[StoredEntry], head: Head | None
) -> list[Finding]:
    """What is wrong with one chain; `entries` in the order of their numbers.

    After a broken place the check goes on from what is there, so that one change is one finding
    and not as many as there are entries behind it.
    """
    findings: list[Finding] = []

    def found(kind: Break, seq: int | None = None) -> None:
        findings.append(Finding(kind=kind, conversation_id=conversation_id, seq=seq))

    last = Head(0, GENESIS)
    for entry in entries:
        if entry.seq != last.seq + 1:
            found(Break.GAP, entry.seq)
        elif entry.prev != last.hash:
            found(Break.UNLINKED, entry.seq)
        expected = link_hash(
            entry.prev, conversation_id, entry.seq, entry.fact, recorded_at=entry.recorded_at
        )
        if entry.hash != expected:
            found(Break.CHANGED, entry.seq)
        last = Head(entry.seq, entry.hash)
    _check_head(last, head, found)
    return findings


def _check_head(last: Head, head: Head | None, found: Callable[[Break, int | None], None]) -> None:
    if head is None:
        found(Break.HEAD_MISSING, None)
    elif head.seq > last.seq:
        found(Break.TRUNCATED, last.seq)
    elif head.seq < last.seq:
        found(Break.HEAD_BEHIND, head.seq)
    elif head.hash != last.hash:
        found(Break.HEAD_DIFFERS, head.seq)


def check_counts(counted: Mapping[str, int], stored: Mapping[str, int]) -> list[Finding]:
    """Types of which there are more or fewer entries than were counted at appending.

    This is what shows a conversation that was removed with its head: no chain is left to break.
    """
    return [
        Finding(kind=Break.COUNT_DIFFERS, about=type_)
        for type_ in sorted(counted.keys() | stored.keys())
        if counted.get(type_, 0) != stored.get(type_, 0)
    ]
