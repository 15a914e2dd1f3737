"""Lists in pages by key, not by number: `?limit=50&cursor=...` and a `next` link.

A cursor is the sort key of the last row (keyset), opaque to callers; it needs no signature because
it grants nothing: the query it goes into checks the team as always.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from common.errors import NotFoundError

T = TypeVar("T")
R = TypeVar("R")
KeyPart = str | int | datetime | UUID
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_LONGEST_CURSOR = 1000
_LARGEST_INT = 2**63


class Page(BaseModel, Generic[T]):
    """A page of a list. `next` is the address of the following page, null on the last one."""

    items: list[T]
    next: str | None = Field(None, description="Where the list goes on; null at its end")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort key of the last row of a page: texts, integers, aware times, UUIDs."""

    parts: tuple[KeyPart, ...]

    def encode(self) -> str:
        """The cursor as text for an address."""
        raw = json.dumps([_tag(part) for part in self.parts], separators=(",", ":"))
        return urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @staticmethod
    def decode(text: str, *types: type[Any]) -> Cursor:
        """The cursor whose parts have exactly these types; raises NotFoundError otherwise."""
        try:
            if len(text) > _LONGEST_CURSOR:
                raise ValueError("too long")
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            parts = tuple(_untag(item) for item in json.loads(raw))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise _bad_cursor() from error
        if tuple(type(part) for part in parts) != types:
            raise _bad_cursor()
        return Cursor(parts)


class PageRequest:
    """Dependency: `page: Annotated[PageRequest, Depends()]`; reads `limit` and `cursor`."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=_LONGEST_CURSOR)] = None,
    ) -> None:
        self._request = request
        self.limit = limit
        self.cursor = cursor

    @property
    def fetch(self) -> int:
        """How many rows to ask the database for: one more than shown, to know if more follow."""
        return self.limit + 1

    def after(self, *types: type[Any]) -> tuple[Any, ...] | None:
        """The sort key to continue behind, its parts of these types; None on the first page."""
        return Cursor.decode(self.cursor, *types).parts if self.cursor else None

    def page(
        self,
        rows: Sequence[R],
        show: Callable[[R], T],
        *,
        key: Callable[[R], tuple[KeyPart, ...]],
    ) -> Page[T]:
        """The page of up to `fetch` rows in order; `key` gives a row's sort key.

        `next` keeps the other query parameters, so that filters stay.
        """
        shown = rows[: self.limit]
        following = None
        if len(rows) > self.limit:
            cursor = Cursor(key(shown[-1])).encode()
            url = self._request.url.include_query_params(cursor=cursor, limit=self.limit)
            following = f"{url.path}?{url.query}"
        return Page(items=[show(row) for row in shown], next=following)


def _tag(part: KeyPart) -> Any:
    if isinstance(part, datetime):
        return {"t": part.isoformat()}
    if isinstance(part, UUID):
        return {"u": str(part)}
    return part


def _untag(item: Any) -> KeyPart:
    if isinstance(item, str) and "\x00" not in item:
        return item
    if isinstance(item, int) and not isinstance(item, bool) and abs(item) < _LARGEST_INT:
        return item
    if isinstance(item, dict) and len(item) == 1:
        if "t" in item:
            moment = datetime.fromisoformat(item["t"])
            if moment.tzinfo is not None:
                # The driver sends UTC, and what has none (year 1 east of Greenwich) would be a 500.
                return moment.astimezone(UTC)
        elif "u" in item and isinstance(item["u"], str):
            return UUID(item["u"])
    raise ValueError("not a part of a cursor")


def _bad_cursor() -> NotFoundError:
    # 404 and not 422: it has the documented shape, there is just no such page.
    return NotFoundError("This list has no such page.", code="bad_cursor")
