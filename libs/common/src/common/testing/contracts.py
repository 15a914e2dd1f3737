"""Contract assertions: what a producer emits must hold what its consumers need (HOUSE section 7).

The files stand in libs/common/contracts: schemas (generated), examples (kept for ever), consumers
(the least message each consumer needs).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.events.catalog import CATALOG
from common.events.envelope import Message

CONTRACTS = Path(__file__).parents[3] / "contracts"


@dataclass(frozen=True, slots=True)
class Example:
    """One record that was once emitted, as it stood on the topic."""

    type: str
    key: bytes
    headers: tuple[tuple[str, bytes], ...]
    value: bytes
    path: Path


def examples(type_: str | None = None) -> Iterator[Example]:
    """Every example ever committed, or those of one event type."""
    for path in sorted(CONTRACTS.glob(f"examples/{type_ or '*'}/*.json")):
        document = json.loads(path.read_text())
        yield Example(
            type=path.parent.name,
            key=document["key"].encode(),
            headers=tuple((name, value.encode()) for name, value in document["headers"].items()),
            value=json.dumps(document["body"], ensure_ascii=False).encode(),
            path=path,
        )


def least_message(consumer: str, type_: str) -> Any:
    """The least body of an event that a consumer can work with."""
    return json.loads((CONTRACTS / "consumers" / consumer / f"{type_}.json").read_text())


def assert_satisfies_consumers(message: Message) -> None:
    """Fail if a message that a producer really emitted lacks something that a consumer needs."""
    body = json.loads(message.payload)
    for consumer in sorted(CATALOG[message.type].consumers):
        missing = list(_missing(body, least_message(consumer, message.type), ""))
        assert not missing, f"{message.type} does not satisfy {consumer}: {', '.join(missing)}"


def _missing(emitted: Any, needed: Any, path: str) -> Iterator[str]:
    if isinstance(needed, Mapping):
        if not isinstance(emitted, Mapping):
            yield f"{path or 'body'} is no object"
            return
        for name, value in needed.items():
            if name not in emitted:
                yield f"{path}{name} is missing"
            else:
                yield from _missing(emitted[name], value, f"{path}{name}.")
    elif needed is not None and emitted is not None and not _same_type(emitted, needed):
        yield f"{path.rstrip('.')} has another type"


def _same_type(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return True
    return type(one) is type(other)
