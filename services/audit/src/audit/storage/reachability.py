"""Is the database there? For the readiness probe."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ASK = text("select exists (select from chain_head)")


async def answers(connection: AsyncConnection) -> bool:
    """True if the service's tables can be read; raises a database error if not."""
    await connection.execute(_ASK)
    return True
