"""Grouping by handler keeps the order of every key: the property, not examples of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from common.inbox.staging import stages

ITEMS = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["open", "stop", "close"])))


@given(ITEMS)
def test_nothing_is_lost_and_every_call_is_of_one_handler(pairs: list[tuple[str, str]]) -> None:
    items = [(key, handler, place) for place, (key, handler) in enumerate(pairs)]
    calls = stages(items, key=lambda i: i[0], handler=lambda i: i[1])
    assert sorted(i for _, group in calls for i in group) == sorted(items)
    assert all(item[1] == handler for handler, group in calls for item in group)
    assert all(group for _, group in calls)


@given(ITEMS)
def test_every_key_keeps_its_order(pairs: list[tuple[str, str]]) -> None:
    items = [(key, handler, place) for place, (key, handler) in enumerate(pairs)]
    calls = stages(items, key=lambda i: i[0], handler=lambda i: i[1])
    for key in {item[0] for item in items}:
        places = [item[2] for _, group in calls for item in group if item[0] == key]
        assert places == sorted(places)


@given(ITEMS)
def test_no_key_waits_longer_than_its_own_changes_of_handler_demand(
    pairs: list[tuple[str, str]],
) -> None:
    """With distinct keys order demands nothing: each handler is called once."""
    items = [(str(place), handler) for place, (_, handler) in enumerate(pairs)]
    calls = stages(items, key=lambda i: i[0], handler=lambda i: i[1])
    assert len(calls) == len({handler for _, handler in items})


def test_a_later_call_is_opened_only_where_a_key_needs_it() -> None:
    items = [("a", "open"), ("a", "stop"), ("b", "open"), ("a", "open"), ("b", "stop")]
    calls = stages(items, key=lambda i: i[0], handler=lambda i: i[1])
    assert calls == [
        ("open", [("a", "open"), ("b", "open")]),
        ("stop", [("a", "stop"), ("b", "stop")]),
        ("open", [("a", "open")]),
    ]
