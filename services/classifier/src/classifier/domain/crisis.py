"""When a rise is so far beyond what is usual that a person should look (S26). It switches nothing.

Mentions come by themselves and by contagion, so their numbers spread wider than Poisson's; the
bound is therefore Poisson's at a rate that is itself taken a good deal too high, plus a factor and
a least number. Reach has no such law; it gets a factor and a least sum.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log


@dataclass(frozen=True, slots=True)
class Counted:
    """One mention as crises count it: its topics, whether it is service or abusive, its reach."""

    topics: tuple[str, ...]
    at: datetime
    is_service: bool
    is_abusive: bool
    followers: int


@dataclass(frozen=True, slots=True)
class TopicCount:
    """How many mentions of a topic fell into the bucket that begins at `at`."""

    topic: str
    at: datetime
    service: int
    abusive: int
    reach: int


@dataclass(frozen=True, slots=True)
class Rates:
    """By signal (service, abusive, reach): what the window holds, what a window usually holds."""

    topic: str
    observed: Mapping[str, int]
    usual: Mapping[str, float]
    known_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """From when on it is a crisis; nothing is proposed before `history` is known."""

    least_mentions: int = 20
    least_reach: int = 250_000
    factor: float = 3.0
    chance: float = 1e-6
    history: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rise:
    """A topic that rose, by which signal, and by how much."""

    topic: str
    signal: str
    observed: int
    expected: float


def counts_of(mentions: Iterable[Counted], *, bucket: timedelta) -> list[TopicCount]:
    """The mentions summed by topic and bucket, in a fixed order."""
    sums: defaultdict[tuple[str, datetime], list[int]] = defaultdict(lambda: [0, 0, 0])
    for mention in mentions:
        epoch = mention.at.timestamp()
        size = bucket.total_seconds()
        at = datetime.fromtimestamp(epoch - epoch % size, tz=mention.at.tzinfo)
        for topic in mention.topics:
            found = sums[topic, at]
            found[0] += mention.is_service
            found[1] += mention.is_abusive
            found[2] += mention.followers if mention.is_service or mention.is_abusive else 0
    return [TopicCount(topic, at, *found) for (topic, at), found in sorted(sums.items())]


def rise_of(rates: Rates, bounds: Bounds) -> Rise | None:
    """The clearest rise of a topic, or None where all is within bounds."""
    if rates.known_for < bounds.history:
        return None
    rises = [
        Rise(rates.topic, signal, observed, rates.usual[signal])
        for signal, observed in rates.observed.items()
        if _is_beyond(signal, observed, rates.usual[signal], bounds)
    ]
    return max(rises, key=lambda rise: rise.observed / max(rise.expected, 1.0), default=None)


def _is_beyond(signal: str, observed: int, usual: float, bounds: Bounds) -> bool:
    if observed < usual * bounds.factor:
        return False
    if signal == "reach":
        return observed >= bounds.least_reach
    return observed >= bounds.least_mentions and (
        chance_of(observed, usual * 1.5 + 1.0) <= bounds.chance
    )


def chance_of(observed: int, expected: float) -> float:
    """The probability of at least so many where Poisson expects `expected` (> 0).

    Summed upwards from `observed`: each further term is smaller by at least
    expected / (observed + 1), and the sum ends where they no longer count.
    """
    if observed <= expected:
        return 1.0
    term = exp(observed * log(expected) - expected - lgamma(observed + 1))
    total, number = 0.0, observed
    while term > total * 1e-12 and term > 0.0:
        total += term
        number += 1
        term *= expected / number
    return min(total, 1.0)
