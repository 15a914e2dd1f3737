"""The chain: every kind of damage is found, and named at its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain.chain import (
    GENESIS,
    Break,
    Fact,
    Finding,
    Head,
    StoredEntry,
    append,
    check_chain,
    check_counts,
    link_hash,
    microseconds,
)
from audit.domain.filing import Filing

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
HERE = UUID(int=7)


def fact(number: int = 1, **changes: Any) -> Fact:
    values: dict[str, Any] = {
        "event_id": UUID(int=number),
        "topic": "mentions.raw",
        "type": "ingest.mention.received.v1",
        "subject": "m1",
        "at": NOW,
        "body": b'{"a":1}',
        "filing": Filing(UUID(int=70), UUID(int=71), "dev|mia"),
        **changes,
    }
    return Fact(**values)


def stored(count: int) -> tuple[list[StoredEntry], Head]:
    heads = {HERE: Head(0, GENESIS)}
    facts = [fact(n) for n in range(1, count + 1)]
    links = append(heads, [(HERE, one) for one in facts], recorded_at=NOW)
    entries = [
        StoredEntry(link.seq, one, NOW, link.prev, link.hash)
        for one, link in zip(facts, links, strict=True)
    ]
    return entries, heads[HERE]


def kinds(entries: list[StoredEntry], head: Head | None) -> list[tuple[Break, int | None]]:
    return [(found.kind, found.seq) for found in check_chain(HERE, entries, head)]


def test_an_untouched_chain_has_no_findings() -> None:
    entries, head = stored(5)
    assert kinds(entries, head) == []
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]


def test_an_empty_chain_is_intact() -> None:
    assert kinds([], Head(0, GENESIS)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"event_id": uuid4()},
        {"topic": "mentions.rax"},
        {"type": "ingest.mention.received.v2"},
        {"subject": "m2"},
        {"at": NOW + timedelta(microseconds=1)},
        {"body": b'{"a":2}'},
        {"filing": Filing(UUID(int=72), UUID(int=71), "dev|mia")},
        {"filing": Filing(UUID(int=70), None, "dev|mia")},
        {"filing": Filing(UUID(int=70), UUID(int=71), "dev|tom")},
        {"filing": Filing(UUID(int=71), UUID(int=70), "dev|mia")},
    ],
)
def test_any_changed_field_is_found_at_its_entry(change: dict[str, Any]) -> None:
    entries, head = stored(5)
    entries[2] = entries[2]._replace(fact=entries[2].fact._replace(**change))
    assert kinds(entries, head) == [(Break.CHANGED, 3)]


def test_a_changed_time_of_recording_is_found() -> None:
    entries, head = stored(3)
    entries[0] = entries[0]._replace(recorded_at=NOW + timedelta(seconds=1))
    assert kinds(entries, head) == [(Break.CHANGED, 1)]


def test_an_entry_rewritten_with_its_hash_breaks_the_link_behind_it() -> None:
    entries, head = stored(5)
    forged = entries[2].fact._replace(body=b"forged")
    hash_ = link_hash(entries[2].prev, HERE, 3, forged, recorded_at=NOW)
    entries[2] = entries[2]._replace(fact=forged, hash=hash_)
    assert kinds(entries, head) == [(Break.UNLINKED, 4)]


def test_a_rewritten_last_entry_differs_from_the_head() -> None:
    entries, head = stored(3)
    forged = entries[2].fact._replace(body=b"forged")
    hash_ = link_hash(entries[2].prev, HERE, 3, forged, recorded_at=NOW)
    entries[2] = entries[2]._replace(fact=forged, hash=hash_)
    assert kinds(entries, head) == [(Break.HEAD_DIFFERS, 3)]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda e: [*e[:1], *e[2:]], [(Break.GAP, 3)]),
        (lambda e: e[1:], [(Break.GAP, 2)]),
        (lambda e: e[:-1], [(Break.TRUNCATED, 4)]),
        (lambda e: [], [(Break.TRUNCATED, 0)]),
    ],
)
def test_missing_entries_are_found(
    damage: Callable[[list[StoredEntry]], list[StoredEntry]], expected: list[Any]
) -> None:
    entries, head = stored(5)
    assert kinds(damage(entries), head) == expected


def test_entries_that_changed_places_are_found() -> None:
    entries, head = stored(4)
    entries[1], entries[2] = (
        entries[1]._replace(seq=3),
        entries[2]._replace(seq=2),
    )
    found = kinds(sorted(entries, key=lambda entry: entry.seq), head)
    assert {kind for kind, _ in found} == {Break.CHANGED, Break.UNLINKED}


def test_heads_that_are_wrong_are_found() -> None:
    entries, head = stored(3)
    assert kinds(entries, None) == [(Break.HEAD_MISSING, None)]
    assert kinds(entries, Head(2, entries[1].hash)) == [(Break.HEAD_BEHIND, 2)]
    assert kinds(entries, Head(4, head.hash)) == [(Break.TRUNCATED, 3)]
    assert kinds(entries, Head(3, bytes(32))) == [(Break.HEAD_DIFFERS, 3)]


def test_the_same_fact_elsewhere_has_another_hash() -> None:
    there = link_hash(GENESIS, UUID(int=8), 1, fact(), recorded_at=NOW)
    assert there != link_hash(GENESIS, HERE, 1, fact(), recorded_at=NOW)


@given(a=st.text(max_size=5), b=st.text(max_size=5), c=st.text(max_size=5), d=st.text(max_size=5))
def test_fields_do_not_run_into_each_other(a: str, b: str, c: str, d: str) -> None:
    one = link_hash(GENESIS, HERE, 1, fact(topic=a, type=b), recorded_at=NOW)
    other = link_hash(GENESIS, HERE, 1, fact(topic=c, type=d), recorded_at=NOW)
    assert (one == other) == ((a, b) == (c, d))


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_are_exact(moment: datetime) -> None:
    since = datetime(1970, 1, 1, tzinfo=UTC)
    assert since + timedelta(microseconds=microseconds(moment)) == moment


def test_the_zone_of_a_time_does_not_matter() -> None:
    elsewhere = NOW.astimezone(tz=datetime.fromisoformat("2026-01-01T00:00:00+05:30").tzinfo)
    assert microseconds(elsewhere) == microseconds(NOW)


def test_the_formula_does_not_change_by_accident() -> None:
    """A known value: histories that exist must verify with every later version."""
    known = "411a91ea35a013f764800f89a67456c5340268a6da1efef63b896b2935613295"
    assert link_hash(GENESIS, HERE, 1, fact(), recorded_at=NOW).hex() == known


def test_missing_and_surplus_types_are_found() -> None:
    found = check_counts({"a": 3, "b": 1}, {"a": 3, "c": 2})
    assert found == [
        Finding(kind=Break.COUNT_DIFFERS, about="b"),
        Finding(kind=Break.COUNT_DIFFERS, about="c"),
    ]
    assert check_counts({"a": 3}, {"a": 3}) == []
