"""What every ConsumerPort must do, against every kind of broker. The suite is the contract."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from datetime import timedelta
from typing import Any

import pytest

from common.events.envelope import Message
from common.ids import new_id
from common.kafka.aiokafka_client import AiokafkaConsumer
from common.kafka.port import (
    BrokerError,
    CommitDroppedError,
    ConsumerPort,
    Record,
    TopicPartition,
)
from common.kafka.producer import BatchProducer, partition_of
from common.settings import KafkaSettings
from common.testing.eventually import eventually
from common.testing.kafka import Outgoing, committed, create_topics, produce, random_topic, read_all

pytestmark = pytest.mark.kafka

LONG = timedelta(seconds=40)


class Listener:
    """Notes what the client tells."""

    def __init__(self) -> None:
        self.assigned: list[set[TopicPartition]] = []
        self.revoked: list[set[TopicPartition]] = []

    async def on_revoked(self, partitions: Collection[TopicPartition]) -> None:
        self.revoked.append(set(partitions))

    async def on_assigned(self, partitions: Collection[TopicPartition]) -> None:
        self.assigned.append(set(partitions))


class Room:
    """A topic on one broker, and members of one group."""

    def __init__(self, kind: str, bootstrap: str, topic: str) -> None:
        self.kind = kind
        self.bootstrap = bootstrap
        self.topic = topic
        self.group = f"group.{topic}"
        self.members: list[ConsumerPort] = []

    async def join(self) -> tuple[ConsumerPort, Listener]:
        settings = KafkaSettings(kafka_bootstrap=self.bootstrap)
        port: ConsumerPort = AiokafkaConsumer(settings, group=self.group, client_id="conformance")
        listener = Listener()
        self.members.append(port)
        await port.start([self.topic], listener)
        await eventually(lambda: port.assignment(), within=LONG)
        return port, listener

    def part(self, number: int) -> TopicPartition:
        return TopicPartition(self.topic, number)

    async def write(self, *values: str, part: int = 0) -> None:
        await produce(
            self.bootstrap,
            self.topic,
            [Outgoing(v.encode(), b"key", {"name": b"\xff"}, part) for v in values],
        )


@pytest.fixture
async def room(broker: tuple[str, str]) -> AsyncIterator[Room]:
    kind, bootstrap = broker
    topic = random_topic("port")
    await create_topics(bootstrap, topic)
    room = Room(kind, bootstrap, topic)
    yield room
    for member in room.members:
        await member.stop()


async def take(port: ConsumerPort, enough: Callable[[list[Record]], bool]) -> list[Record]:
    """Poll until there is enough."""
    records: list[Record] = []

    async def more() -> bool:
        for polled in (await port.poll(timeout_s=0.1, max_records=100)).values():
            records.extend(polled)
        return enough(records)

    await eventually(more, within=LONG)
    return records


async def take_values(port: ConsumerPort, count: int) -> list[str]:
    records = await take(port, lambda found: len(found) >= count)
    return [(record.value or b"").decode() for record in records]


async def test_records_come_as_they_were_written_and_in_order(room: Room) -> None:
    port, _ = await room.join()
    await room.write("a", "b", "c")
    records = await take(port, lambda found: len(found) >= 3)
    assert [record.value for record in records] == [b"a", b"b", b"c"]
    assert [record.offset for record in records] == [0, 1, 2]
    assert {record.key for record in records} == {b"key"}
    assert [tuple(header) for header in records[0].headers] == [("name", b"\xff")]
    assert (records[0].topic, records[0].partition) == room.part(0)
    assert abs(records[0].timestamp_ms / 1000 - time.time()) < 60


async def test_reading_begins_at_the_beginning(room: Room) -> None:
    await room.write("before")
    port, _ = await room.join()
    assert await take_values(port, 1) == ["before"]


async def test_a_poll_ends_in_time_and_brings_no_more_than_asked(room: Room) -> None:
    port, _ = await room.join()
    began = time.monotonic()
    assert not await port.poll(timeout_s=0.2, max_records=10)
    assert time.monotonic() - began < 1.5
    await room.write(*"abcdefgh")

    async def some() -> int:
        polled = await port.poll(timeout_s=0.1, max_records=3)
        return sum(len(records) for records in polled.values())

    assert await eventually(some, within=LONG) <= 3


async def test_a_paused_partition_is_silent_and_loses_nothing(room: Room) -> None:
    port, _ = await room.join()
    port.pause([room.part(0)])
    await room.write("held", part=0)
    await room.write("free", part=1)
    assert await take_values(port, 1) == ["free"]
    assert not await port.poll(timeout_s=0.3, max_records=10)
    port.resume([room.part(0)])
    assert await take_values(port, 1) == ["held"]


async def test_seeking_reads_again_and_drops_what_was_fetched_ahead(room: Room) -> None:
    port, _ = await room.join()
    await room.write("a", "b", "c")
    assert await take_values(port, 3) == ["a", "b", "c"]
    port.seek(room.part(0), 1)
    assert await take_values(port, 2) == ["b", "c"]
    port.pause([room.part(0)])
    port.seek(room.part(0), 0)
    port.resume([room.part(0)])
    assert await take_values(port, 3) == ["a", "b", "c"]


async def test_seeking_out_of_range_begins_at_the_beginning(room: Room) -> None:
    port, _ = await room.join()
    await room.write("a")
    assert await take_values(port, 1) == ["a"]
    port.seek(room.part(0), 1_000_000)
    assert await take_values(port, 1) == ["a"]


async def test_commits_are_what_was_said_and_the_next_member_finds_them(room: Room) -> None:
    port, _ = await room.join()
    await room.write("a", "b", "c")
    await take_values(port, 3)
    await port.commit({room.part(0): 2, TopicPartition(room.topic, 99): 7})
    await port.stop()
    again, _ = await room.join()
    assert await take_values(again, 1) == ["c"]


async def test_what_is_not_ours_is_ignored(room: Room) -> None:
    port, _ = await room.join()
    other = TopicPartition("elsewhere", 0)
    port.seek(other, 1)
    port.pause([other])
    port.resume([other])
    assert port.end_offset(other) is None
    await port.commit({other: 1})


async def test_the_end_is_known_after_a_fetch_and_on_asking(room: Room) -> None:
    port, _ = await room.join()
    await room.write("a", "b")
    await take_values(port, 2)
    assert port.end_offset(room.part(0)) == 2
    assert await port.end_offsets([room.part(0), room.part(1)]) == {
        room.part(0): 2,
        room.part(1): 0,
    }


async def test_the_listener_hears_of_the_assignment(room: Room) -> None:
    port, listener = await room.join()
    assert listener.assigned[-1] == port.assignment() == {room.part(n) for n in range(4)}


async def test_two_members_share_and_hand_over(room: Room) -> None:
    if room.kind == "embedded":
        pytest.skip("the embedded broker takes one member per group")
    first, heard = await room.join()
    joining = asyncio.create_task(room.join())

    async def shared() -> bool:
        await first.poll(timeout_s=0.1, max_records=1)
        return joining.done() and len(first.assignment()) == 2

    await eventually(shared, within=LONG)
    second, _ = await joining
    assert first.assignment() | second.assignment() == {room.part(n) for n in range(4)}
    assert heard.revoked[-1] == {room.part(n) for n in range(4)}
    await second.stop()

    async def all_back() -> bool:
        await first.poll(timeout_s=0.1, max_records=1)
        return len(first.assignment()) == 4

    await eventually(all_back, within=LONG)


async def test_stopping_is_quick_and_may_be_repeated(room: Room) -> None:
    port, _ = await room.join()
    began = time.monotonic()
    await port.stop()
    await port.stop()
    assert time.monotonic() - began < 5
    with pytest.raises(BrokerError):
        await port.poll(timeout_s=0.1, max_records=1)


async def test_nobody_there_is_a_broker_error() -> None:
    nobody = KafkaSettings(kafka_bootstrap="127.0.0.1:1")
    port = AiokafkaConsumer(nobody, group="g", client_id="conformance")
    with pytest.raises(BrokerError):
        await port.start(["t"], Listener())


async def test_a_commit_that_is_refused_says_so(room: Room) -> None:
    port, _ = await room.join()
    await port.stop()
    with pytest.raises((CommitDroppedError, BrokerError)):
        await port.commit({room.part(0): 1})


async def test_the_producer_delivers_everything_in_order_per_key(room: Room) -> None:
    producer = BatchProducer(KafkaSettings(kafka_bootstrap=room.bootstrap), client_id="conformance")
    messages = [
        Message(
            topic=room.topic,
            key=f"k{n % 7}",
            event_id=new_id(),
            type="t",
            payload=f"{n}:".encode() + b"x" * 2000,
            headers={"n": str(n)},
        )
        for n in range(700)
    ]
    await producer.publish(messages)
    await producer.stop()
    found = await read_all(room.bootstrap, room.topic)
    assert len(found) == 700
    for key in range(7):
        mine = [int(r.headers["n"]) for r in found if r.key == f"k{key}".encode()]
        assert mine == list(range(key, 700, 7))
    assert all(r.partition == partition_of((r.key or b"").decode(), 4) for r in found)


async def test_committed_offsets_are_seen_from_outside(room: Room) -> None:
    if room.kind == "embedded":
        pytest.skip("the embedded broker does not list offsets of groups")
    port, _ = await room.join()
    await room.write("a")
    await take_values(port, 1)
    await port.commit({room.part(0): 1})
    offsets: Any = await committed(room.bootstrap, room.group)
    assert offsets == {(room.topic, 0): 1}
