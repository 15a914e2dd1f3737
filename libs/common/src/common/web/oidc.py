"""Access tokens of an OpenID Connect issuer, verified against its published keys.

Fixed algorithms, exact issuer and audience; verified tokens are remembered for at most a minute
by their hash (verification costs 0.2 to 0.3 ms, RELIABILITY 4).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from datetime import timedelta

from common.clock import Clock
from common.web.jwks import ALGORITHMS, KeySet
from common.web.principal import Principal
from common.web.tokens import (
    Expectation,
    TokenRefusedError,
    principal_from,
    read_header,
    verify,
)

_REMEMBER = timedelta(seconds=60)
_MOST_REMEMBERED = 10_000


class OidcAuthenticator:
    """Verifies tokens; `run` keeps the issuer's keys fresh and belongs to the app's lifespan."""

    def __init__(
        self, issuer: str, audience: str, *, clock: Clock, jwks_url: str | None = None
    ) -> None:
        self._expected = Expectation(issuer=issuer, audience=audience)
        self._clock = clock
        self._keys = KeySet(issuer, jwks_url=jwks_url, clock=clock)
        self._known: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch the keys now and every ten minutes until `stop`."""
        await self._keys.run(stop)

    async def authenticate(self, token: str) -> Principal:
        header = read_header(token, algorithms=ALGORITHMS)
        digest = hashlib.sha256(token.encode("ascii")).digest()
        now = self._clock.now().timestamp()
        remembered = self._known.get(digest)
        if remembered is not None and now < remembered[1]:
            return remembered[0]
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise TokenRefusedError("key_id")
        key = await self._keys.find(kid)
        if key.algorithm != header["alg"]:
            # The key decides the algorithm, never the token (CVE-2026-48523 and its ancestors).
            raise TokenRefusedError("algorithm")
        claims = verify(token, key.public_key, algorithm=key.algorithm, expected=self._expected)
        principal = principal_from(claims)
        self._known[digest] = (principal, min(now + _REMEMBER.total_seconds(), claims["exp"]))
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return principal
