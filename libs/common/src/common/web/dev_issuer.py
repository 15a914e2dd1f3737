"""Tokens for development and tests: signed with a shared secret, issuer `dev`.

Only an app whose settings say `auth=dev` takes them; an app built for OIDC refuses them, because
neither their algorithm nor their issuer is its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import jwt

from common.clock import Clock, SystemClock
from common.errors import ConfigurationError
from common.web.principal import Principal
from common.web.tokens import Expectation, principal_from, read_header, verify

ISSUER = "dev"
AUDIENCE = "ombud"
_ALGORITHM = "HS256"
_LEAST_SECRET_BYTES = 32  # RFC 7518, section 3.2: a key as long as the hash
_HOUR = timedelta(hours=1)


class DevIssuer:
    """Issues development tokens and is the Authenticator that takes them."""

    def __init__(self, secret: str, *, clock: Clock | None = None) -> None:
        if len(secret.encode()) < _LEAST_SECRET_BYTES:
            raise ConfigurationError(
                f"OMBUD_DEV_TOKEN_SECRET must have at least {_LEAST_SECRET_BYTES} bytes"
            )
        self._secret = secret
        self._clock = clock or SystemClock()

    def token(
        self,
        subject: str,
        name: str,
        *,
        roles: Iterable[str] = (),
        teams: Iterable[str] = (),
        expires: timedelta = _HOUR,
        kind: str = "person",
    ) -> str:
        """A token for `subject`; its principal's id is `dev|<subject>`."""
        now = self._clock.now()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "name": name,
            "roles": sorted(roles),
            "teams": sorted(teams),
            "kind": kind,
            "iat": now,
            "exp": now + expires,
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    async def authenticate(self, token: str) -> Principal:
        read_header(token, algorithms=(_ALGORITHM,))
        claims = verify(
            token,
            self._secret,
            algorithm=_ALGORITHM,
            expected=Expectation(issuer=ISSUER, audience=AUDIENCE),
        )
        return principal_from(claims)
