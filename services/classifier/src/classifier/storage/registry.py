"""The models that were registered, and every change of who decides. Files are in the models folder.

The newest change says who is champion and who answers beside it; null is the shipped model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from classifier.domain.lineage import Change, What


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """A model with the figures of its last evaluation."""

    version: str
    note: str
    registered_at: datetime
    registered_by: str
    figures: Mapping[str, Any] | None
    evaluated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    """A change with who made it, when and why."""

    change: Change
    at: datetime
    actor_name: str
    reason: str


_MODELS = text(
    "select version, note, registered_at, registered_by, figures, evaluated_at "
    "from model_version order by registered_at, version"
)
_REGISTER = text(
    "insert into model_version (version, note, registered_at, registered_by) "
    "values (:version, :note, :at, :by) on conflict (version) do nothing"
)
_FIGURES = text(
    "update model_version set figures = cast(:figures as jsonb), evaluated_at = :at "
    "where version = :version"
)
_CHANGES = text(
    "select change, what, champion, challenger, at, actor_name, reason from model_change "
    "order by change"
)
_ADD = text(
    "insert into model_change (change, what, champion, challenger, at, actor_id, actor_name, "
    "reason) values (:change, :what, :champion, :challenger, :at, :actor_id, :actor_name, "
    ":reason) on conflict (change) do nothing"
)
_IN_FORCE = text(
    """
    select coalesce((select max(version) from rule_set), 0) as rules,
        coalesce(c.change, 0) as change, c.champion, c.challenger
    from (select 1) one
    left join lateral (
        select change, champion, challenger from model_change order by change desc limit 1
    ) c on true
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What decides now, by name: version of the rules, champion and challenger."""

    rules: int
    change: int
    champion: str | None
    challenger: str | None


async def in_force(connection: AsyncConnection) -> InForce:
    """One small question, asked between batches."""
    return InForce(**(await connection.execute(_IN_FORCE)).one()._mapping)


async def models(connection: AsyncConnection) -> list[RegisteredModel]:
    """All that were registered, the oldest first."""
    return [RegisteredModel(**row._mapping) for row in await connection.execute(_MODELS)]


async def register(
    connection: AsyncConnection, version: str, *, note: str, by: str, at: datetime
) -> bool:
    """Add a model; False when it is there already."""
    given = {"version": version, "note": note, "by": by, "at": at}
    return bool((await connection.execute(_REGISTER, given)).rowcount)


async def set_figures(
    connection: AsyncConnection, version: str, figures: Mapping[str, Any], *, at: datetime
) -> bool:
    """Keep the figures of an evaluation; False for a model that nobody registered."""
    given = {"version": version, "figures": json.dumps(figures), "at": at}
    return bool((await connection.execute(_FIGURES, given)).rowcount)


async def changes(connection: AsyncConnection) -> list[StoredChange]:
    """Every change, the first one first."""
    return [
        StoredChange(
            change=Change(row.change, What(row.what), row.champion, row.challenger),
            at=row.at,
            actor_name=row.actor_name,
            reason=row.reason,
        )
        for row in await connection.execute(_CHANGES)
    ]


async def add_change(
    connection: AsyncConnection,
    change: Change,
    *,
    actor: tuple[str, str],
    reason: str,
    at: datetime,
) -> bool:
    """Let somebody else decide from now on; False when another change came first."""
    result = await connection.execute(
        _ADD,
        {
            "change": change.number,
            "what": change.what.value,
            "champion": change.champion,
            "challenger": change.challenger,
            "at": at,
            "actor_id": actor[0],
            "actor_name": actor[1],
            "reason": reason,
        },
    )
    return bool(result.rowcount)
