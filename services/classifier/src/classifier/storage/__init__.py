"""The classifier's database: recent mentions, corrections, rules, models, crises, identities.

Inbox, outbox and kept answers are common's. Bodies of events are bytes here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


async def is_reachable(engine: AsyncEngine) -> bool:
    """True when a query comes back; raises what the driver raises otherwise."""
    async with engine.connect() as connection:
        return bool((await connection.execute(text("select true"))).scalar_one())


async def database_time(connection: AsyncConnection) -> datetime:
    """The database's time, which every replica shares."""
    now: datetime = (await connection.execute(text("select now()"))).scalar_one()
    return now
