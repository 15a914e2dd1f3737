"""Whether the database answers; the readiness probe asks."""

from __future__ import annotations

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWorkFactory


async def is_reachable(units: UnitOfWorkFactory) -> bool:
    """True, or the error of the database."""
    async with units.read() as connection:
        await connection.execute(text("select 1"))
    return True
