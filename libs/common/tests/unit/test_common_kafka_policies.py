"""Back-off, the breaker, health, the standard partitioner, and what a dead letter says."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from common.errors import TooManyDeadLettersError
from common.kafka.dead_letter import dead_letter, error_hash
from common.kafka.health import LoopHealth
from common.kafka.policies import DeadLetterBreaker, DeadLetterPolicy, RetryPolicy
from common.kafka.port import Record, TopicPartition
from common.kafka.producer import murmur2, partition_of

SECOND = timedelta(seconds=1)
ONE = TopicPartition("t", 0)
TWO = TopicPartition("t", 1)


# --- back-off ---------------------------------------------------------------------------------


@given(st.integers(1, 10_000), st.randoms(use_true_random=False))
def test_pauses_stay_between_the_shortest_and_the_longest(
    attempt: int, luck: random.Random
) -> None:
    delay = RetryPolicy().delay(attempt, luck=luck)
    assert timedelta(milliseconds=200) <= delay <= timedelta(seconds=30)


def test_pauses_grow_and_spread() -> None:
    luck = random.Random(1)
    policy = RetryPolicy()
    means = [
        sum((policy.delay(n, luck=luck) for _ in range(500)), timedelta()) / 500
        for n in range(1, 8)
    ]
    assert means == sorted(means)
    assert means[-1] > 10 * means[0]
    assert len({policy.delay(5, luck=luck) for _ in range(50)}) == 50


def test_an_unexplained_error_is_tried_five_times_or_a_minute() -> None:
    policy, start = RetryPolicy(), datetime(2026, 1, 5, tzinfo=UTC)
    assert not policy.is_exhausted(4, first_failed_at=start, now=start + 59 * SECOND)
    assert policy.is_exhausted(5, first_failed_at=start, now=start)
    assert policy.is_exhausted(1, first_failed_at=start, now=start + 60 * SECOND)


# --- the breaker ------------------------------------------------------------------------------


def _put_away(breaker: DeadLetterBreaker, partition: TopicPartition) -> None:
    breaker.admit({partition: 1})
    breaker.record_dead({partition: 1})


def test_the_record_that_is_one_too_many_in_a_row_is_not_admitted() -> None:
    breaker = DeadLetterBreaker(DeadLetterPolicy())
    for _ in range(50):
        _put_away(breaker, ONE)
    with pytest.raises(TooManyDeadLettersError):
        breaker.admit({ONE: 1})
    breaker.admit({TWO: 50})


def test_a_handled_record_ends_the_row_of_its_partition_only() -> None:
    breaker = DeadLetterBreaker(DeadLetterPolicy(most_in_a_row=3))
    for _ in range(3):
        _put_away(breaker, ONE)
        _put_away(breaker, TWO)
    breaker.record({ONE: 1})
    breaker.admit({ONE: 3})
    with pytest.raises(TooManyDeadLettersError):
        breaker.admit({TWO: 1})


def test_a_fifth_of_the_window_is_too_many_however_they_lie() -> None:
    breaker = DeadLetterBreaker(DeadLetterPolicy(most_in_a_row=50, window=100))
    with pytest.raises(TooManyDeadLettersError):
        for _ in range(100):
            breaker.record({ONE: 2})
            _put_away(breaker, ONE)


@pytest.mark.parametrize("healthy", [9, 49, 99])
def test_a_few_among_many_never_stop_the_loop(healthy: int) -> None:
    breaker = DeadLetterBreaker(DeadLetterPolicy(window=100))
    for _ in range(1000):
        breaker.record({ONE: healthy})
        _put_away(breaker, ONE)


def test_a_storm_that_is_over_is_forgotten() -> None:
    breaker = DeadLetterBreaker(DeadLetterPolicy(most_in_a_row=50, window=100))
    for _ in range(20):
        _put_away(breaker, ONE)
    with pytest.raises(TooManyDeadLettersError):
        breaker.admit({ONE: 1})
    breaker.record({ONE: 100})
    breaker.admit({ONE: 20})


# --- health -----------------------------------------------------------------------------------


class _Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _running(seconds: _Seconds) -> LoopHealth:
    health = LoopHealth(seconds)
    health.is_running = True
    return health


def test_a_loop_is_stalled_when_assigned_behind_and_still_for_a_minute() -> None:
    seconds = _Seconds()
    health = _running(seconds)
    health.assigned, health.lag = 4, 7
    seconds.now += 60
    health.beat()
    assert health.is_live()
    seconds.now += 1
    assert health.is_stalled
    assert not health.is_live()
    health.progress()
    assert health.is_live()


@pytest.mark.parametrize(("assigned", "lag"), [(0, 7), (4, 0)])
def test_nothing_to_do_is_no_stall(assigned: int, lag: int) -> None:
    seconds = _Seconds()
    health = _running(seconds)
    health.assigned, health.lag = assigned, lag
    seconds.now += 3600
    health.beat()
    assert health.is_live()


def test_a_loop_that_does_not_come_round_is_not_alive() -> None:
    seconds = _Seconds()
    health = _running(seconds)
    seconds.now += 15
    assert health.is_live()
    seconds.now += 0.1
    assert not health.is_live()


# --- partitions -------------------------------------------------------------------------------


@given(st.binary(max_size=100))
def test_murmur2_is_kafkas(data: bytes) -> None:
    assert murmur2(data) == reference(data)


def test_keys_spread_over_all_partitions() -> None:
    counts = Counter(partition_of(f"conversation-{n}", 12) for n in range(12_000))
    assert set(counts) == set(range(12))
    assert max(counts.values()) < 2 * min(counts.values())


# --- dead letters -----------------------------------------------------------------------------


def _raise(text: str) -> BaseException:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


def test_the_hash_groups_by_place_and_tells_nothing_of_the_text() -> None:
    assert error_hash(_raise("Erika")) == error_hash(_raise("Max"))
    assert error_hash(_raise("Erika")) != error_hash(KeyError("Erika"))


def test_a_dead_letter_keeps_key_bytes_and_headers_and_adds_where_and_why() -> None:
    record = Record("t", 3, 42, 0, b"\xff\x00k", b"\x00\xff", [("ce_type", b"x.y.z.v1")])
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    letter = dead_letter(
        record, consumer="router", error=_raise("Erika"), attempts=5, first_failed_at=at
    )
    assert letter.topic == "t.router.dlq"
    assert letter.key.encode("utf-8", "surrogateescape") == record.key
    assert letter.payload == record.value
    assert letter.headers["ce_type"] == "x.y.z.v1"
    assert letter.headers["x-error-class"] == "ValueError"
    assert letter.headers["x-origin-offset"] == "42"
    assert letter.headers["x-first-failed-at"] == at.isoformat()
    assert not any("Erika" in value for value in letter.headers.values())


def test_the_same_record_makes_the_same_letter() -> None:
    record = Record("t", 3, 42, 0, b"k", b"v", [])
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    one, two = (
        dead_letter(record, consumer="router", error=_raise("x"), attempts=n, first_failed_at=at)
        for n in (1, 5)
    )
    assert one.event_id == two.event_id
