"""The state of the rotas: one row each, locked by whoever takes turns (S31).

A batch takes all its turns at once and keeps the row until it commits, so several replicas
together deal out one sequence. Rotas are locked before cases, and by name.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.rota import RotaState

_ENSURE = text(
    """
    insert into rota (name) select unnest(cast(:names as text[])) on conflict (name) do nothing
    """
)
_LOCK = text(
    """
    select name, position, served, turns from rota where name = any(cast(:names as text[]))
    order by name for update
    """
)
_SAVE = text(
    """
    update rota set position = :position, served = cast(:served as jsonb),
        turns = cast(:turns as jsonb)
    where name = :name
    """
)

_OF_ROTA = text(
    """
    select name, position, served, turns from rota
    where name = :name or starts_with(name, :name || '/')
    """
)


async def lock(connection: AsyncConnection, names: Collection[str]) -> dict[str, RotaState]:
    """These rotas, locked; one that was never used begins empty."""
    if not names:
        return {}
    found = await _lock(connection, names)
    if len(found) < len(set(names)):
        await connection.execute(_ENSURE, {"names": sorted(set(names))})
        found = await _lock(connection, names)
    return found


async def save(connection: AsyncConnection, name: str, state: RotaState) -> None:
    """Store the state after the turns taken."""
    await connection.execute(
        _SAVE,
        {
            "name": name,
            "position": state.position,
            "served": json.dumps(dict(state.served)),
            "turns": json.dumps(dict(state.turns)),
        },
    )


async def beginning_with(connection: AsyncConnection, name: str) -> dict[str, RotaState]:
    """A rota's state and those of its teams' people (`name/team`), to look at."""
    rows = await connection.execute(_OF_ROTA, {"name": name})
    return {row.name: RotaState(row.position, row.served, row.turns) for row in rows}


async def _lock(connection: AsyncConnection, names: Collection[str]) -> dict[str, RotaState]:
    rows = await connection.execute(_LOCK, {"names": sorted(set(names))})
    return {row.name: RotaState(row.position, row.served, row.turns) for row in rows}
