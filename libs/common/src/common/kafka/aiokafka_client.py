"""The consumer on aiokafka, the topics of a broker, and how the client's traps are shut.

Only this module, `aiokafka_sender` and `tail` import the client; no other room does.

Traps (RELIABILITY 1.2): unsafe defaults, waits without an end, `stop()` that raises CancelledError
into its caller, idempotent sends that never expire. Every await here has a time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import aiokafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.helpers import create_ssl_context

from common.errors import ConfigurationError
from common.events.topics import Topic
from common.kafka.port import (
    BrokerError,
    CommitDroppedError,
    RebalanceListener,
    Record,
    TopicPartition,
)
from common.observability.logging import get_logger
from common.settings import KafkaSettings

T = TypeVar("T")
_log = get_logger("kafka")

START_S = 10.0
_JOIN_S = 120.0
_COMMIT_S = 5.0
_STOP_S = 3.0
_ASK_S = 5.0
_POLL_GRACE_S = 1.0
_DEAD_LETTER_BYTES = 2_097_152
"""A dead letter is as large as the record it came from, plus its headers."""


def connection_options(settings: KafkaSettings) -> dict[str, Any]:
    """Address and security, the same for consumer, producer and admin."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap,
        "security_protocol": settings.kafka_security_protocol,
        "retry_backoff_ms": 200,
        # Partitions are added and topics made while we run: seen within half a minute.
        "metadata_max_age_ms": 30_000,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = create_ssl_context(cafile=settings.kafka_ssl_cafile)
    if settings.kafka_security_protocol.startswith("SASL"):
        if settings.kafka_sasl_username is None or settings.kafka_sasl_password is None:
            raise ConfigurationError("SASL needs OMBUD_KAFKA_SASL_USERNAME and _PASSWORD")
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = settings.kafka_sasl_password.get_secret_value()
    return options


class AiokafkaConsumer:
    """ConsumerPort on aiokafka: classic group protocol, sticky assignor, no auto-commit."""

    def __init__(self, settings: KafkaSettings, *, group: str, client_id: str) -> None:
        self._settings = settings
        self._group = group
        self._client_id = client_id
        self._consumer: aiokafka.AIOKafkaConsumer | None = None

    async def start(self, topics: Sequence[str], listener: RebalanceListener) -> None:
        consumer = aiokafka.AIOKafkaConsumer(
            **connection_options(self._settings),
            client_id=self._client_id,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=round(self._settings.kafka_session_timeout_s * 1000),
            heartbeat_interval_ms=3_000,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=300_000,
            max_poll_records=self._settings.kafka_max_records,
            fetch_max_bytes=8 * 1024 * 1024,
            fetch_max_wait_ms=500,
            partition_assignment_strategy=(StickyPartitionAssignor,),
        )
        consumer.subscribe(topics=list(topics), listener=_Listener(listener))
        self._consumer = consumer
        try:
            # It waits for the first assignment, which a dead member may hold up for the session
            # time-out and the rebalance time-out; giving up earlier begins all over again.
            await bounded(consumer.start(), _JOIN_S)
        except BaseException:
            await self.stop()
            raise

    async def poll(
        self, *, timeout_s: float, max_records: int
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        # While a rebalance is under way getmany waits for its end, whatever its own timeout says.
        try:
            polled = await asyncio.wait_for(
                self._started.getmany(timeout_ms=int(timeout_s * 1000), max_records=max_records),
                timeout_s + _POLL_GRACE_S,
            )
        except TimeoutError:
            return {}
        except KafkaError as error:
            raise BrokerError(told(error)) from error
        return {
            TopicPartition(*partition): [
                Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, r.headers)
                for r in records
            ]
            for partition, records in polled.items()
        }

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        ours = self._started.assignment()
        offsets = {
            aiokafka.TopicPartition(*partition): offset
            for partition, offset in positions.items()
            if partition in ours
        }
        if not offsets:
            return
        try:
            # commit() itself repeats retriable errors for ever.
            await asyncio.wait_for(self._started.commit(offsets), _COMMIT_S)
        except (KafkaError, TimeoutError) as error:
            raise CommitDroppedError(told(error)) from error

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition in self._started.assignment():
            self._started.seek(aiokafka.TopicPartition(*partition), offset)

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        self._started.pause(*self._assigned_of(partitions))

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        self._started.resume(*self._assigned_of(partitions))

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(TopicPartition(*partition) for partition in self._started.assignment())

    def end_offset(self, partition: TopicPartition) -> int | None:
        theirs = aiokafka.TopicPartition(*partition)
        if theirs not in self._started.assignment():
            return None
        end: int | None = self._started.highwater(theirs)
        return end

    async def end_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        theirs = [aiokafka.TopicPartition(*partition) for partition in partitions]
        ends = await bounded(self._started.end_offsets(theirs), _ASK_S)
        return {TopicPartition(*partition): offset for partition, offset in ends.items()}

    async def stop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await close_client(consumer.stop(), "consumer")

    def _assigned_of(self, partitions: Collection[TopicPartition]) -> list[Any]:
        ours = self._started.assignment()
        return [aiokafka.TopicPartition(*p) for p in partitions if p in ours]

    @property
    def _started(self) -> aiokafka.AIOKafkaConsumer:
        if self._consumer is None:
            raise BrokerError("the consumer is not connected")
        return self._consumer


class _Listener(aiokafka.ConsumerRebalanceListener):  # type: ignore[misc]
    """Hands the client's call-backs on in our words."""

    def __init__(self, listener: RebalanceListener) -> None:
        self._listener = listener

    async def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        await self._listener.on_revoked([TopicPartition(*partition) for partition in revoked])

    async def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        await self._listener.on_assigned([TopicPartition(*partition) for partition in assigned])


async def ensure_topics(
    settings: KafkaSettings, topics: Sequence[Topic], *, replication_factor: int
) -> tuple[str, ...]:
    """Create the topics that are missing and return their names. Never changes one that exists.

    Idempotent, also against another process that does the same. Raises BrokerError.
    """
    admin = AIOKafkaAdminClient(**connection_options(settings), client_id="ombud-topics")
    try:
        await bounded(admin.start(), START_S)
        existing = set(await bounded(admin.list_topics(), _ASK_S))
        missing = [topic for topic in topics if topic.name not in existing]
        if missing:
            response = await bounded(
                admin.create_topics([_new_topic(t, replication_factor) for t in missing]), START_S
            )
            for name, code, *_ in response.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise BrokerError(f"topic {name} cannot be created: {error.__name__}")
        return tuple(topic.name for topic in missing)
    finally:
        await close_client(admin.close(), "admin")


async def describe_topics(settings: KafkaSettings) -> dict[str, int]:
    """The topics that the brokers have, each with its number of partitions. Raises BrokerError."""
    admin = AIOKafkaAdminClient(**connection_options(settings), client_id="ombud-topics")
    try:
        await bounded(admin.start(), START_S)
        found = await bounded(admin.describe_topics(), _ASK_S)
        return {topic["topic"]: len(topic["partitions"]) for topic in found}
    finally:
        await close_client(admin.close(), "admin")


def _new_topic(topic: Topic, replication_factor: int) -> NewTopic:
    configs = {
        "retention.ms": str(int(topic.retention.total_seconds() * 1000)),
        "cleanup.policy": "delete",
        "min.insync.replicas": "2" if replication_factor >= 3 else "1",
    }
    if topic.name.endswith(".dlq"):
        configs["max.message.bytes"] = str(_DEAD_LETTER_BYTES)
    return NewTopic(
        name=topic.name,
        num_partitions=topic.partitions,
        replication_factor=replication_factor,
        topic_configs=configs,
    )


async def bounded(call: Awaitable[T], seconds: float) -> T:
    """The call's result within so many seconds; the client's errors as BrokerError."""
    try:
        return await asyncio.wait_for(call, seconds)
    except (KafkaError, OSError, TimeoutError) as error:
        raise BrokerError(told(error)) from error


async def close_client(call: Awaitable[None], what: str) -> None:
    """Close within a time limit. Swallows the client's own CancelledError, not ours (finding 6)."""
    task = asyncio.ensure_future(call)
    done, _ = await asyncio.wait({task}, timeout=_STOP_S)
    if not done:
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
    if not task.done():
        _log.warning("kafka_client_left_open", client=what)
        return
    with contextlib.suppress(asyncio.CancelledError):
        if error := task.exception():
            _log.warning("kafka_client_closed_with_error", client=what, error=error)


def told(error: BaseException) -> str:
    """The error's name; the client's texts quote whole requests."""
    return type(error).__name__
