"""Who asks: the person or service behind a token, as the rest of the house sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

ROLES = frozenset({"triage", "agent", "lead", "department", "observer", "operator"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """`id` is `issuer|subject`, the only thing ever compared (RELIABILITY 9.5); `name` is for eyes.

    `kind` is `service` for machine accounts: they may neither write nor approve a reply.
    """

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    kind: Literal["person", "service"] = "person"

    @property
    def is_service(self) -> bool:
        return self.kind == "service"

    def has_any(self, *roles: str) -> bool:
        """Whether one of these roles was given to them."""
        return not self.roles.isdisjoint(roles)


class Authenticator(Protocol):
    """The border to whoever issues tokens."""

    async def authenticate(self, token: str) -> Principal:
        """Who the bearer is; raises `tokens.TokenRefusedError` and nothing else."""
        ...
