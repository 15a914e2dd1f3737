"""What only a deployment decides: written by `migrate` with the owner's rights, read by the guards.

The service's own role cannot change it, so nobody who takes over the service can let unread words
leave (S58).
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_WRITE = text(
    """
    update responder.deployment_policy
       set break_glass = :break_glass, certificates = :certificates
    """
)


async def write_policy(owner: AsyncEngine, *, break_glass: str, certificates: str) -> None:
    """Put the deployment's policy in force; `owner` connects as the owner of the tables."""
    async with owner.begin() as connection:
        await connection.execute(_WRITE, {"break_glass": break_glass, "certificates": certificates})
