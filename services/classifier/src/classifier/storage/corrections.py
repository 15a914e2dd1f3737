"""What people corrected, kept as training data: the text, what stood there, what stands now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One correction. `before` and `after` hold label, decision, kind, abusive, urgent ..."""

    correction_id: UUID
    mention_id: UUID
    conversation_id: UUID
    corrected_at: datetime
    actor_id: str
    actor_name: str
    reason: str
    network: str
    account: str | None
    language: str
    text: str
    model: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


_COLUMNS = (
    "correction_id, mention_id, conversation_id, corrected_at, actor_id, actor_name, reason, "
    "network, account, language, text, model, before, after"
)
_ADD = text(
    f"insert into correction ({_COLUMNS}) values (:correction_id, :mention_id, "  # noqa: S608
    ":conversation_id, :corrected_at, :actor_id, :actor_name, :reason, :network, :account, "
    ":language, :text, :model, cast(:before as jsonb), cast(:after as jsonb))"
)
_LATEST = text(
    f"select {_COLUMNS} from (select distinct on (mention_id) {_COLUMNS} "  # noqa: S608
    "from correction order by mention_id, corrected_at desc, correction_id desc) latest "
    "where cast(:after_at as timestamptz) is null "
    "or (corrected_at, correction_id) > (:after_at, cast(:after_id as uuid)) "
    "order by corrected_at, correction_id limit :most"
)
_SWEEP = text(
    """
    delete from correction where correction_id in (
        select correction_id from correction where corrected_at < :before
        order by corrected_at limit 5000 for update skip locked)
    """
)


async def add(connection: AsyncConnection, correction: Correction) -> None:
    """Keep a correction."""
    given = {name: getattr(correction, name) for name in correction.__slots__}
    given["before"] = json.dumps(correction.before)
    given["after"] = json.dumps(correction.after)
    await connection.execute(_ADD, given)


async def latest(
    connection: AsyncConnection, *, after: tuple[datetime, UUID] | None, most: int
) -> list[Correction]:
    """The last correction of each mention, oldest first, behind `after` (time and id)."""
    given = {"after_at": after[0] if after else None, "after_id": after[1] if after else None}
    rows = await connection.execute(_LATEST, given | {"most": most})
    return [Correction(**row._mapping) for row in rows]


async def sweep(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget corrections from before; how many."""
    return int((await connection.execute(_SWEEP, {"before": before})).rowcount)
