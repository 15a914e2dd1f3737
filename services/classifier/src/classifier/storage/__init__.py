"""The classifier's database: inbox and outbox are common's, so only the question of its health."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


async def is_reachable(engine: AsyncEngine) -> bool:
    """True when a query comes back; raises what the driver raises otherwise."""
    async with engine.connect() as connection:
        return bool((await connection.execute(text("select true"))).scalar_one())
