"""Pieces that several events share. Texts, handles and names are personal data (catalog.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from common.events.vocabulary import (
    ClockKind,
    Decision,
    Label,
    MentionKind,
    Need,
    Signal,
    Visibility,
)

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

    `native_id` is the network's own id, `in_reply_to` the native id of the post it answers,
    `thread` the native ids before it as the network states them, the first post first (a mail's
    References). `title` is a subject line where there is one; the text repeats it.
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
    title: str | None = None
    thread: tuple[str, ...] = ()


class Evidence(Part, frozen=True, kw_only=True):
    """A place in the text that carried the decision; `start` and `end` count code points.

    `weight` is positive where it speaks for service; `source` is `model` or the rule's name.
    """

    text: str
    start: int
    end: int
    weight: float
    source: str


class Concern(Part, frozen=True, kw_only=True):
    """One of several concerns in a mention (S27): the text's part, its topic, who might know.

    It becomes an issue of the case. `topic` and `department` are ids of the configuration.
    """

    topic: str
    text: str
    department: str | None = None


class Classification(Part, frozen=True, kw_only=True):
    """What the classifier says of a mention (S16, S17, S21).

    `confidence` (0..1) belongs to `label`; below the threshold `decision` is `triage`.
    `already_tried` are the customer's own words for it (S84), `rules` the operator rules that
    fired as `name@version`, `repeat_contacts` how many earlier service mentions the same author
    wrote within the window, on any network (S12).
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
    signals: tuple[Signal, ...] = ()
    needs: tuple[Need, ...] = ()
    concerns: tuple[Concern, ...] = ()
    already_tried: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    repeat_contacts: int = 0


class Person(Part, frozen=True, kw_only=True):
    """A person of the configuration, as other services need to know them (S31 to S33, S41, S42).

    `weight` is the share of a full working day (0.5: half time); `certified_from` is the date from
    which this person may author or approve public replies, null while in training;
    `certified_until` is when that ends, null where it does not. `absences` are pairs of moments,
    the end not included. `id` is `issuer|subject`, as in `Actor`.
    """

    id: str
    name: str
    teams: tuple[str, ...]
    roles: tuple[str, ...] = ()
    weight: float = 1.0
    skills: tuple[str, ...] = ()
    certified_from: Moment | None = None
    certified_until: Moment | None = None
    absences: tuple[tuple[Moment, Moment], ...] = ()
    deputies: tuple[str, ...] = ()


class Promise(Part, frozen=True, kw_only=True):
    """Something a reply promised until a moment; it becomes a follow-up (S104)."""

    text: str
    due_at: Moment


class RunningClock(Part, frozen=True, kw_only=True):
    """A clock that has been started on a case (S47, S48)."""

    kind: ClockKind
    started_at: Moment
    warn_at: Moment
    due_at: Moment
