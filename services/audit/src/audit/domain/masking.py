"""Masks the personal fields of an event's body for readers who may not see them (SPEC policy).

Which fields are personal stands in the event catalogue; the paths come in as values. Of a type
that nobody knows everything is personal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MASK = "***"


def masked(body: Any, paths: Sequence[str] | None) -> Any:
    """A copy of `body` in which each dotted path of `paths` that holds something reads `***`.

    `None` for `paths` means that nothing is known about the type: the whole body is masked.
    """
    if paths is None:
        return MASK
    for path in paths:
        body = _with_mask(body, path.split("."))
    return body


def _with_mask(value: Any, path: Sequence[str]) -> Any:
    if not path:
        return value if value is None else MASK
    if isinstance(value, Mapping):
        name, *rest = path
        if name not in value:
            return value
        return {**value, name: _with_mask(value[name], rest)}
    if isinstance(value, list):
        return [_with_mask(item, path) for item in value]
    return value
