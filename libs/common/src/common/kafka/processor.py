"""What the loop asks of whoever handles the records. The border between Kafka and the inbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from common.kafka.policies import Failure
from common.kafka.port import Record, TopicPartition


class BatchProcessor(Protocol):
    """Handles records and remembers how far it came; all of a call, or nothing of it."""

    async def positions(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Where to go on reading, for every partition asked for; the claim to them begins here."""
        ...

    async def process(self, records: Sequence[Record]) -> None:
        """Handle the records and move the stored offsets, or raise and change nothing.

        Records of one partition come in order. Raises StaleAssignmentError where somebody else
        moved an offset since it was read, OutageError where no batch could succeed now,
        TooManyDeadLettersError to stop the loop; anything else makes the loop try smaller batches.
        """
        ...

    async def reject(self, record: Record, failure: Failure) -> None:
        """Put the record away durably and move its offset, or raise and change nothing."""
        ...

    async def tend(self) -> None:
        """What needs doing from time to time, in small portions: called about once a second."""
        ...

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """These partitions are no longer ours."""
        ...
