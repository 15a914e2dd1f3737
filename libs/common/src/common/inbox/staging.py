"""Grouping a batch by handler without breaking the order of any key. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)


def stages(
    items: Iterable[T], *, key: Callable[[T], str], handler: Callable[[T], H]
) -> list[tuple[H, list[T]]]:
    """The items as calls: (handler, its items), to be made one after the other.

    For every key the items keep their order, over the calls and within one. Greedy: each item
    joins the first call of its handler that is not before the last call of its key.
    """
    calls: list[tuple[H, list[T]]] = []
    places_of: dict[H, list[int]] = {}
    last_of: dict[str, int] = {}
    for item in items:
        name, wanted = key(item), handler(item)
        places = places_of.setdefault(wanted, [])
        found = bisect_left(places, last_of.get(name, 0))
        if found == len(places):
            places.append(len(calls))
            calls.append((wanted, []))
        place = places[found]
        calls[place][1].append(item)
        last_of[name] = place
    return calls
