"""What the classifier publishes on `mentions.classified`."""

from __future__ import annotations

from uuid import UUID

from common.events.parts import Actor, Classification, Mention, Moment, Part


class MentionClassified(Part, frozen=True, kw_only=True):
    """A mention got its label; the mention travels inside so that nobody has to ask for it."""

    mention: Mention
    classification: Classification


class MentionReclassified(Part, frozen=True, kw_only=True):
    """A person corrected the label; the router moves the mention, training learns from it."""

    mention: Mention
    classification: Classification
    previous: Classification
    actor: Actor
    reason: str


class CrisisProposed(Part, frozen=True, kw_only=True):
    """The rate of a topic is far above what is usual: a person should look (S26).

    `observed` and `expected` count mentions in the window of `window_seconds`; `signal` says
    what rose: service, abusive, reach.
    """

    stream_id: UUID
    crisis_id: UUID
    topic: str
    signal: str
    observed: int
    expected: float
    window_seconds: int
    proposed_at: Moment


class CrisisSwitched(Part, frozen=True, kw_only=True):
    """A person switched the crisis mode of a topic on or off; `topic` null means everything."""

    stream_id: UUID
    crisis_id: UUID
    topic: str | None
    is_on: bool
    actor: Actor
    reason: str
    switched_at: Moment
    approvers: tuple[str, ...] = ()


class RulesApplied(Part, frozen=True, kw_only=True):
    """A version of the operator's rules came into force; `rules` are names as `name@version`."""

    stream_id: UUID
    version: int
    rules: tuple[str, ...]
    actor: Actor
    reason: str


class ModelChanged(Part, frozen=True, kw_only=True):
    """Another model decides, or answers beside it: `what` is promoted, rolled_back or shadowed.

    `champion` and `challenger` hold from now on; a null champion is the shipped model.
    """

    stream_id: UUID
    change: int
    what: str
    champion: str | None
    challenger: str | None
    actor: Actor
    reason: str


class IdentityLinked(Part, frozen=True, kw_only=True):
    """A person said that these authors are one; an empty list takes them apart again (S12).

    `members` are pairs of network and author id; the stream is the person's.
    """

    stream_id: UUID
    members: tuple[tuple[str, str], ...]
    actor: Actor
    reason: str
