"""Reads from an event's body under what it is filed, also for events nobody here knows.

By the names that all events of the house share (case_id, mention, actor ...), not by type: a new
event of another service is filed right without a change here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from audit.domain.filing import NOWHERE, Filing


class _Person(Struct, frozen=True):
    id: str | None = None


class _Mention(Struct, frozen=True):
    mention_id: UUID | None = None


class _Detected(Struct, frozen=True):
    detected_at: datetime


class _Found(Struct, frozen=True):
    mention: _Detected


class _Glance(Struct, frozen=True):
    case_id: UUID | None = None
    mention_id: UUID | None = None
    mention: _Mention | None = None
    actor: _Person | None = None


_GLANCE = msgspec.json.Decoder(_Glance)
_FOUND = msgspec.json.Decoder(_Found)
_ANY = msgspec.json.Decoder()


def read_filing(body: bytes) -> Filing:
    """Where an event with this body is filed; NOWHERE for a body that has another shape."""
    try:
        glance = _GLANCE.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return NOWHERE
    mention_id = glance.mention_id
    if mention_id is None and glance.mention is not None:
        mention_id = glance.mention.mention_id
    actor = glance.actor.id if glance.actor else None
    if not actor or "\x00" in actor:  # PostgreSQL holds no NUL
        actor = None
    return Filing(glance.case_id, mention_id, actor)


def read_detected_at(body: bytes) -> datetime | None:
    """When the mention inside an event was detected; None where there is none inside."""
    try:
        return _FOUND.decode(body).mention.detected_at
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def read_body(body: bytes) -> Any:
    """The body as JSON values; None for one that is not JSON."""
    try:
        return _ANY.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
