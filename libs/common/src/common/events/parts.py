"""Pieces that several events share. Texts, handles and names are personal data (catalog.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from common.events.vocabulary import ClockKind, Decision, Label, MentionKind, Visibility

Moment = Annotated[datetime, Meta(tz=True)]
"""A time on the wire: RFC 3339 with a zone; a naive one is a bad body."""


class Part(Struct, frozen=True, kw_only=True):
    """Base of everything on the wire: unknown fields are ignored, times carry a zone."""


class Actor(Part, frozen=True, kw_only=True):
    """Who did it: `id` is `issuer|subject` and the only thing compared; `name` is for people."""

    id: str
    name: str


class Author(Part, frozen=True, kw_only=True):
    """Who wrote a post. `followers` is null where the network does not tell."""

    id: str
    handle: str
    name: str | None = None
    followers: int | None = None


class Media(Part, frozen=True, kw_only=True):
    """An attachment by reference (S10); `kind` is the media type's first half: image, video ..."""

    kind: str
    url: str
    alt_text: str | None = None


class Mention(Part, frozen=True, kw_only=True):
    """A post as found. `account` is our channel account it was addressed to, if any.

    `native_id` is the network's own id, `in_reply_to` the native id of the post it answers.
    """

    mention_id: UUID
    conversation_id: UUID
    network: str
    native_id: str
    author: Author
    text: str
    posted_at: Moment
    detected_at: Moment
    detected_via: tuple[str, ...]
    source_id: UUID
    account: str | None = None
    in_reply_to: str | None = None
    language: str | None = None
    url: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    media: tuple[Media, ...] = ()


class Evidence(Part, frozen=True, kw_only=True):
    """A place in the text that carried the decision; `start` and `end` count code points.

    `weight` is positive where it speaks for service; `source` is `model` or the rule's name.
    """

    text: str
    start: int
    end: int
    weight: float
    source: str


class Classification(Part, frozen=True, kw_only=True):
    """What the classifier says of a mention (S16, S17, S21).

    `confidence` (0..1) belongs to `label`; below the threshold `decision` is `triage`.
    """

    label: Label
    decision: Decision
    confidence: float
    kind: MentionKind
    abusive: bool
    urgent: bool
    own_post: bool
    language: str
    model: str
    evidence: tuple[Evidence, ...] = ()


class RunningClock(Part, frozen=True, kw_only=True):
    """A clock that has been started on a case (S47, S48)."""

    kind: ClockKind
    started_at: Moment
    warn_at: Moment
    due_at: Moment
