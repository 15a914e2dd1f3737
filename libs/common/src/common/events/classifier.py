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
