"""What changes between two documents, said by path: for people before they apply one (S119).

Parts of a list are matched by their `id` or `name`, so that a rule put in at the top is one change
and not one per rule. Knows JSON types only, nothing of what a document means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

_KEYS = ("id", "name", "team", "handle")


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` is moved where a named part stands at another place among those that both have."""

    path: str
    kind: Literal["added", "removed", "changed", "moved"]
    before: Any
    after: Any


def changes(before: Any, after: Any, *, path: str = "") -> list[Change]:
    """Every difference, in the order of the document before; empty where they are the same."""
    return list(_changes(before, after, path))


def _changes(before: Any, after: Any, path: str) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_named(before, after, path)
        return
    if isinstance(before, list) and isinstance(after, list):
        key = _key_of(before, after)
        if key is not None:
            old, new = ({str(part[key]): part for part in parts} for parts in (before, after))
            yield from _of_named(old, new, path)
            yield from _moved(list(old), list(new), path)
            return
    yield Change(path, "changed", before, after)


def _of_named(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    for name in before:
        where = f"{path}.{name}" if path else name
        if name not in after:
            yield Change(where, "removed", before[name], None)
        else:
            yield from _changes(before[name], after[name], where)
    for name in after:
        if name not in before:
            yield Change(f"{path}.{name}" if path else name, "added", None, after[name])


def _moved(before: Sequence[str], after: Sequence[str], path: str) -> Iterator[Change]:
    """Order decides among rules and in rotas: one change for the whole list."""
    old = [name for name in before if name in after]
    new = [name for name in after if name in before]
    if old != new:
        yield Change(path, "moved", old, new)


def _key_of(*lists: Sequence[Any]) -> str | None:
    """The key that names each part once in each of the lists; None where there is none."""
    for key in _KEYS:
        if all(_names_each_once(parts, key) for parts in lists):
            return key
    return None


def _names_each_once(parts: Sequence[Any], key: str) -> bool:
    if not all(isinstance(part, Mapping) and key in part for part in parts):
        return False
    return len({str(part[key]) for part in parts}) == len(parts)
