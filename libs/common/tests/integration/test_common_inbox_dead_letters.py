"""What cannot be handled: kept byte for byte, in order, with its cause, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, InvalidInputError, NotFoundError, PoisonMessageError
from common.events.envelope import Event
from common.events.router import MentionParked
from common.inbox.dead_letters import (
    discard,
    list_dead_letters,
    read_content,
    replay,
    show_dead_letter,
)
from common.inbox.parking import unpark
from common.testing.eventually import eventually
from common.testing.kafka import Incoming, Outgoing, read

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

LONG = timedelta(seconds=30)
CONSUMER = "audit"
ACTOR = "https://id.example|operator-1"


class Switch:
    """A handler that fails for some numbers until it is repaired."""

    def __init__(self, bench: Any, *bad: int, error: type[Exception] = ValueError) -> None:
        self._bench = bench
        self._error = error
        self.bad = set(bad)
        self.calls: list[int] = []

    async def __call__(self, uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
        self.calls += [event.data.configuration_version for event in events]
        await self._bench.note(uow, events)
        if any(event.data.configuration_version in self.bad for event in events):
            raise self._error("Erika Musterfrau, erika@example.org")


async def _letters(bench: Any, state: str = "open") -> Sequence[Any]:
    async with bench.units.read() as connection:
        return await list_dead_letters(connection, CONSUMER, state=state)


async def _given_up(bench: Any) -> Any:
    found = await eventually(lambda: _letters(bench), within=LONG)
    return found[0]


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (lambda r: Outgoing(b"{not json \xff\x00", r.key, r.headers, 0), "BadEventBodyError"),
        (lambda r: Outgoing(None, r.key, r.headers, 0), "BadEventBodyError"),
        (lambda r: Outgoing(r.value, None, r.headers, 0), "BadEventBodyError"),
        (lambda r: Outgoing(r.value, b"\xff\xfe\x00", r.headers, 0), "BadEventBodyError"),
        (lambda r: Outgoing(r.value, b"a\x00b", r.headers, 0), "BadEventBodyError"),
        (lambda r: Outgoing(r.value, r.key, {}, 0), "UnknownEventTypeError"),
        (
            lambda r: Outgoing(
                r.value, r.key, {**r.headers, "ce_type": b"router.case.exploded.v1"}, 0
            ),
            "UnknownEventTypeError",
        ),
        (
            lambda r: Outgoing(
                r.value, r.key, {**r.headers, "ce_type": b"router.mention.parked.v9"}, 0
            ),
            "UnknownEventVersionError",
        ),
        (
            lambda r: Outgoing(r.value, r.key, {**r.headers, "ce_id": b"\x00\xff"}, 0),
            "BadEventBodyError",
        ),
    ],
    ids=[
        "body",
        "no-body",
        "no-key",
        "binary-key",
        "nul-key",
        "no-envelope",
        "unknown-type",
        "unknown-version",
        "bad-id",
    ],
)
async def test_an_unreadable_record_is_dead_at_once_and_kept_byte_for_byte(
    bench: Any, broken: Any, error: str
) -> None:
    whole = bench.record(bench.event("k", 1), partition=0)
    bad: Outgoing = broken(whole)
    await bench.produce(bad, bench.record(bench.event("k", 2), partition=0))
    bench.start()
    bench.start_relay()
    await eventually(lambda: bench.count("effect", "number = 2"), within=LONG)
    letter: Incoming = (await read(bench.bootstrap, f"{bench.topic}.{CONSUMER}.dlq", count=1))[0]
    assert letter.value == (bad.value or b"")
    assert letter.key == (bad.key or b"")
    assert letter.headers["x-error-class"] == error.encode()
    assert letter.headers["x-attempts"] == b"1"
    assert letter.headers["x-origin-topic"] == bench.topic.encode()
    assert letter.headers["x-origin-partition"] == b"0"
    assert letter.headers["x-origin-offset"] == b"0"
    assert {"x-error-hash", "x-first-failed-at", "x-service-version"} <= set(letter.headers)
    assert ("x-origin-key" in letter.headers) == (bad.key is None)
    assert ("x-origin-value" in letter.headers) == (bad.value is None)
    rows = await bench.rows("select key, payload, headers, state from dead_letter")
    assert len(rows) == 1
    assert rows[0].key == bad.key
    assert rows[0].payload == bad.value
    assert rows[0].state == "open"


async def test_a_poisoned_event_leaves_no_trace_of_its_handler(bench: Any) -> None:
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(3)))
    bench.start({MentionParked: Switch(bench, 1, error=PoisonMessageError)})
    await eventually(lambda: bench.count("effect", "number = 2"), within=LONG)
    assert await bench.effects() == [("k", 0), ("k", 2)]
    assert await bench.count("inbox") == 2  # not the dead one: its replay must be new


async def test_nothing_personal_stands_beside_the_original(bench: Any) -> None:
    await bench.produce(bench.record(bench.event("k", 1), partition=0))
    bench.start({MentionParked: Switch(bench, 1)})
    bench.start_relay()
    letter = await _given_up(bench)
    assert "Erika" not in letter.problem
    assert "erika" not in letter.problem
    (dead,) = await read(bench.bootstrap, f"{bench.topic}.{CONSUMER}.dlq", count=1)
    added = {n: v for n, v in dead.headers.items() if n.startswith("x-")}
    assert not any(b"Erika" in value or b"erika" in value for value in added.values())


async def test_a_dead_letter_that_cannot_be_written_commits_nothing(bench: Any) -> None:
    await bench.do("alter table dead_letter add constraint refuse check (attempts < 0)")
    await bench.produce(
        Outgoing(b"{", b"k", bench.record(bench.event("k", 1)).headers, 0),
        bench.record(bench.event("k", 2), partition=0),
    )
    await bench.produce(bench.record(bench.event("k", 3), partition=1))
    loop = bench.start()
    await eventually(lambda: bench.count("effect", "number = 3"), within=LONG)
    await eventually(lambda: loop.what._partitions.held.get((bench.topic, 0)), within=LONG)
    offsets = await bench.rows("select next_offset from consumer_offset where part = 0")
    assert offsets[0][0] == 0
    assert await bench.effects() == [("k", 3)]
    await bench.do("alter table dead_letter drop constraint refuse")
    await eventually(lambda: bench.count("effect", "number = 2"), within=LONG)
    assert await bench.count("dead_letter") == 1


async def test_an_unexplained_error_parks_its_key_and_nothing_else(bench: Any) -> None:
    handler = Switch(bench, 1)
    events = [bench.event(key, n) for n in range(4) for key in ("bad", "good")]
    for event in events:
        if event.data.reason == "good" and event.data.configuration_version == 1:
            events[events.index(event)] = bench.event("good", 11)
    await bench.produce(*(bench.record(event, partition=0) for event in events))
    bench.start({MentionParked: handler})
    letter = await _given_up(bench)
    await eventually(lambda: bench.count("effect", "key = 'good' and number = 3"), within=LONG)
    effects = await bench.effects()
    assert [n for key, n in effects if key == "good"] == [0, 11, 2, 3]
    assert [n for key, n in effects if key == "bad"] == [0]
    assert letter.is_parked
    assert letter.error_class == "ValueError"
    assert letter.attempts == 3  # the policy of the bench
    assert await bench.count("parked_event") == 3


async def test_a_passing_trouble_heals_by_itself_in_order(bench: Any) -> None:
    handler = Switch(bench, 1)
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(6)))
    bench.start({MentionParked: handler})
    await eventually(lambda: bench.count("parked_key"), within=LONG)
    handler.bad.clear()
    await eventually(lambda: bench.count("effect", "number = 5"), within=LONG)
    assert await bench.effects() == [("k", n) for n in range(6)]
    await eventually(lambda: _is_empty(bench, "parked_key"), within=LONG)
    assert await bench.count("dead_letter") == 0


async def test_unparking_goes_on_in_order_and_twice_is_once(bench: Any) -> None:
    handler = Switch(bench, 1)
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(6)))
    bench.start({MentionParked: handler})
    await _given_up(bench)
    key = (await bench.rows("select key from parked_key"))[0][0]
    handler.bad.clear()
    await bench.produce(bench.record(bench.event("k", 6), partition=0))
    await unpark(bench.units, CONSUMER, key, actor=ACTOR)
    await eventually(lambda: bench.count("effect", "number = 6"), within=LONG)
    assert await bench.effects() == [("k", n) for n in range(7)]
    await eventually(lambda: _is_empty(bench, "parked_key"), within=LONG)
    (letter,) = await _letters(bench, "replayed")
    assert letter.actor == ACTOR
    with pytest.raises(NotFoundError):
        await unpark(bench.units, CONSUMER, key, actor=ACTOR)
    await bench.produce(bench.record(bench.event("k", 7), partition=0))
    await eventually(lambda: bench.count("effect", "number = 7"), within=LONG)
    assert len(await bench.effects()) == 8


async def test_replaying_a_dead_letter_twice_changes_nothing_the_second_time(bench: Any) -> None:
    handler = Switch(bench, 1, error=PoisonMessageError)
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(3)))
    bench.start({MentionParked: handler})
    letter = await _given_up(bench)
    handler.bad.clear()
    for _ in range(2):
        await replay(bench.units, CONSUMER, letter_id=letter.id, actor=ACTOR)
    await eventually(lambda: bench.count("effect", "number = 1"), within=LONG)
    await eventually(lambda: _letters(bench, "replayed"), within=LONG)
    await replay(bench.units, CONSUMER, letter_id=letter.id, actor=ACTOR)
    await bench.produce(bench.record(bench.event("k", 3), partition=0))
    await eventually(lambda: bench.count("effect", "number = 3"), within=LONG)
    assert await bench.effects() == [("k", 0), ("k", 2), ("k", 1), ("k", 3)]
    assert await bench.count("parked_key") == 0
    with pytest.raises(ConflictError):
        await discard(bench.units, CONSUMER, letter_id=letter.id, actor=ACTOR, reason="late")


async def test_a_replay_that_fails_again_opens_the_letter_again(bench: Any) -> None:
    handler = Switch(bench, 1, error=PoisonMessageError)
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(2)))
    bench.start({MentionParked: handler})
    letter = await _given_up(bench)
    tries = len(handler.calls)
    await replay(bench.units, CONSUMER, letter_id=letter.id, actor=ACTOR)
    await eventually(lambda: len(handler.calls) > tries, within=LONG)
    again = await _given_up(bench)
    assert again.id == letter.id
    assert again.attempts > letter.attempts
    assert await bench.count("parked_key") == 0


async def test_discarding_lets_the_events_behind_go_on(bench: Any) -> None:
    await bench.produce(*(bench.record(bench.event("k", n), partition=0) for n in range(4)))
    bench.start({MentionParked: Switch(bench, 1)})
    letter = await _given_up(bench)
    with pytest.raises(InvalidInputError):
        await discard(bench.units, CONSUMER, letter_id=letter.id, actor=ACTOR, reason=" ")
    for _ in range(2):
        await discard(
            bench.units, CONSUMER, letter_id=letter.id, actor=ACTOR, reason="a test account"
        )
    await eventually(lambda: bench.count("effect", "number = 3"), within=LONG)
    assert await bench.effects() == [("k", 0), ("k", 2), ("k", 3)]
    (gone,) = await _letters(bench, "discarded")
    assert (gone.actor, gone.reason) == (ACTOR, "a test account")
    with pytest.raises(ConflictError):
        await replay(bench.units, CONSUMER, letter_id=letter.id, actor=ACTOR)
    assert await bench.count("parked_key") == 0


async def test_looking_shows_no_body_unless_asked(bench: Any) -> None:
    record = bench.record(bench.event("k", 1), partition=0)
    await bench.produce(record)
    bench.start({MentionParked: Switch(bench, 1, error=PoisonMessageError)})
    letter = await _given_up(bench)
    async with bench.units.read() as connection:
        shown = await show_dead_letter(connection, CONSUMER, letter_id=letter.id)
        assert shown == letter
        assert not any(isinstance(getattr(shown, n), bytes) for n in shown.__slots__)
        assert await read_content(connection, CONSUMER, letter_id=letter.id) == record.value
        with pytest.raises(NotFoundError):
            await show_dead_letter(connection, "router", letter_id=letter.id)
        with pytest.raises(NotFoundError):
            await read_content(connection, CONSUMER, letter_id=letter.id + 1)


async def test_the_list_goes_on_after_an_id(bench: Any) -> None:
    headers = bench.record(bench.event("k", 1)).headers
    await bench.produce(*(Outgoing(b"{", b"k", headers, 0) for _ in range(5)))
    bench.start()
    await eventually(lambda: bench.count("dead_letter", '"offset" = 4'), within=LONG)
    async with bench.units.read() as connection:
        first = await list_dead_letters(connection, CONSUMER, limit=2)
        rest = await list_dead_letters(connection, CONSUMER, after=first[-1].id)
    assert [letter.offset for letter in (*first, *rest)] == [0, 1, 2, 3, 4]


async def test_two_consumers_try_a_parked_key_without_a_double(bench: Any) -> None:
    handler = Switch(bench, *range(5))
    keys = [f"k{n}" for n in range(5)]
    for n, key in enumerate(keys):
        await bench.produce(
            bench.record(bench.event(key, n), partition=0),
            bench.record(bench.event(key, 100 + n), partition=0),
        )
    bench.start({MentionParked: handler})
    bench.start({MentionParked: handler})
    await eventually(lambda: _all_given_up(bench, 5), within=LONG)
    handler.bad.clear()
    names = [row[0] for row in await bench.rows("select key from parked_key")]
    await asyncio.gather(*(unpark(bench.units, CONSUMER, name, actor=ACTOR) for name in names))
    await eventually(lambda: _is_empty(bench, "parked_key"), within=LONG)
    effects = await bench.effects()
    assert len(effects) == 10
    assert all(
        [number for name, number in effects if name == key] == [n, 100 + n]
        for n, key in enumerate(keys)
    )


async def _all_given_up(bench: Any, count: int) -> bool:
    return bool(await bench.count("parked_key", "given_up_at is not null") == count)


async def _is_empty(bench: Any, table: str) -> bool:
    return bool(await bench.count(table) == 0)
