"""The border to the Kafka client: plain tuples and two protocols, so that it can be replaced.

It says what the loop and the relay need from a client and nothing more (RELIABILITY 9.2); no
policy lives here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from common.errors import RetryableError
from common.events.envelope import Message


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Record(NamedTuple):
    """A record as it lies in Kafka. A plain tuple: hundreds of them are made per poll."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class BrokerError(RetryableError):
    """The brokers cannot be reached, or refuse. The text is the client's and holds no content."""


class CommitDroppedError(BrokerError):
    """Kafka did not take the offsets: the group is rebalancing, or nobody answers in time.

    Harmless: the database's offsets decide where consumption goes on.
    """


class PublishError(RetryableError):
    """Not every message was acknowledged in time. What was not is *unknown*, not failed.

    `acknowledged` holds the positions (in the sequence given) of those that surely lie in Kafka.
    """

    def __init__(self, reason: str, *, acknowledged: frozenset[int] = frozenset()) -> None:
        super().__init__(f"not everything was acknowledged: {reason}")
        self.reason = reason
        self.acknowledged = acknowledged


class RebalanceListener(Protocol):
    """What the client tells about the partitions it holds. Called in the client's own task."""

    async def on_revoked(self, partitions: Collection[TopicPartition]) -> None:
        """They are about to go to another member; returning hands them over."""
        ...

    async def on_assigned(self, partitions: Collection[TopicPartition]) -> None:
        """These are ours now, and only these."""
        ...


class ConsumerPort(Protocol):
    """One member of a consumer group. Every wait is bounded; trouble is a BrokerError."""

    async def start(self, topics: Sequence[str], listener: RebalanceListener) -> None:
        """Connect and begin to join the group; raises BrokerError when nobody answers."""
        ...

    async def poll(
        self, *, timeout_s: float, max_records: int
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """Records of partitions that are assigned and not paused, in order per partition.

        Empty after `timeout_s`. To be called all the time, also while everything is paused:
        a member that does not poll for five minutes is thrown out of its group.
        """
        ...

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Tell Kafka the next offsets, of assigned partitions only. Raises CommitDroppedError."""
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on reading at `offset`; what was fetched ahead is dropped. No-op if not assigned."""
        ...

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Deliver nothing of these until `resume`; those not assigned are ignored."""
        ...

    def resume(self, partitions: Collection[TopicPartition]) -> None: ...

    def assignment(self) -> frozenset[TopicPartition]:
        """What this member holds now."""
        ...

    def end_offset(self, partition: TopicPartition) -> int | None:
        """Where the partition ended at the last fetch; None before the first."""
        ...

    async def end_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Where the partitions end now: asks the brokers. Raises BrokerError."""
        ...

    async def stop(self) -> None:
        """Leave the group and close; bounded, and never raises."""
        ...


class ProducerPort(Protocol):
    """Publishes messages, in order per key."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when every message is acknowledged by all in-sync replicas.

        Order per key is the order given. Raises PublishError within a bounded time.
        """
        ...

    async def stop(self) -> None:
        """Close; bounded, and never raises."""
        ...
