"""Says whether a schema may replace another under the same version: only additions may (HOUSE 4).

Compares JSON Schemas as `common.events.asyncapi` writes them; it is no general schema diff.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What in `new` would break a consumer or an old record; empty if it only adds.

    Breaking: a shape or field removed, a field newly required, or a field whose type narrowed or
    changed. Reordering, descriptions, new optional fields and new enum words are fine.
    """
    return list(_compare(old.get("$defs", {}), new.get("$defs", {})))


def _compare(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> Iterator[str]:
    for name, old_shape in old.items():
        if name not in new:
            yield f"{name} was removed"
            continue
        yield from _compare_shape(name, old_shape, new[name])


def _compare_shape(name: str, old: Schema, new: Schema) -> Iterator[str]:
    if "enum" in old:
        for word in old["enum"]:
            if word not in new.get("enum", ()):
                yield f"{name} no longer knows {word!r}"
        return
    for field in new.get("required", ()):
        if field not in old.get("required", ()):
            yield f"{name}.{field} is newly required"
    for field, old_type in old.get("properties", {}).items():
        if field not in new.get("properties", {}):
            yield f"{name}.{field} was removed"
        elif _type(old_type) != _type(new["properties"][field]):
            yield f"{name}.{field} changed its type"


def _type(schema: Any) -> Any:
    """A schema without what does not bind: titles, descriptions and defaults."""
    if isinstance(schema, Mapping):
        free = {"title", "description", "default"}
        return {key: _type(value) for key, value in schema.items() if key not in free}
    if isinstance(schema, list):
        return [_type(item) for item in schema]
    return schema
