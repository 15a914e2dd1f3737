"""The versions of the operator's rules. They are only added; the newest is in force."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRules:
    """A version as it was set, by whom, when and why."""

    version: int
    document: Mapping[str, Any]
    applied_at: datetime
    actor_name: str
    reason: str


_ONE = text(
    "select version, document, applied_at, actor_name, reason from rule_set "
    "where cast(:version as integer) is null or version = :version "
    "order by version desc limit 1"
)
_ADD = text(
    "insert into rule_set (version, document, applied_at, actor_id, actor_name, reason) "
    "values (:version, cast(:document as jsonb), :at, :actor_id, :actor_name, :reason) "
    "on conflict (version) do nothing"
)


async def stored(connection: AsyncConnection, version: int | None = None) -> StoredRules | None:
    """One version; the newest without `version`. None before anybody wrote a rule."""
    row = (await connection.execute(_ONE, {"version": version})).one_or_none()
    return None if row is None else StoredRules(**row._mapping)


async def add(
    connection: AsyncConnection,
    document: Mapping[str, Any],
    *,
    version: int,
    actor: tuple[str, str],
    reason: str,
    at: datetime,
) -> bool:
    """Put a new version in force; False when somebody else was quicker."""
    result = await connection.execute(
        _ADD,
        {
            "version": version,
            "document": json.dumps(document),
            "at": at,
            "actor_id": actor[0],
            "actor_name": actor[1],
            "reason": reason,
        },
    )
    return bool(result.rowcount)
