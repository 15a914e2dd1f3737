"""What only a deployment decides: written by `migrate` with the owner's rights, read by the guards.

The service's own role cannot change it, so nobody who takes over the service can let unread words
leave (S58).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_WRITE = text(
    """
    update responder.deployment_policy
       set break_glass = :break_glass, certificates = :certificates, lead_in = :lead_in
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPolicy:
    """Break-glass off or for leads; who must be certified; whether private needs a lead-in."""

    break_glass: str = "off"
    certificates: str = "named"
    lead_in: str = "required"


async def write_policy(owner: AsyncEngine, policy: DeploymentPolicy) -> None:
    """Put the deployment's policy in force; `owner` connects as the owner of the tables."""
    async with owner.begin() as connection:
        await connection.execute(_WRITE, asdict(policy))
