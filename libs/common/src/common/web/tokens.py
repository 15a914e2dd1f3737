"""The rules a bearer token must pass, whoever signed it (RFC 8725; RELIABILITY 4, 9.7, SEC3).

The token is taken apart strictly before any library sees it: size, three parts, no duplicate
members, a known algorithm, no `crit`. Headers that bring their own key (jku, x5u, jwk, x5c) are
never looked at. What is wrong is counted and logged by name, and never told to the caller.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from common.errors import OmbudError
from common.web.principal import ROLES, Principal

MAX_TOKEN_BYTES = 8192
LEEWAY = timedelta(seconds=30)
REQUIRED_CLAIMS = ("exp", "iat", "iss", "sub", "aud")
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_LONGEST_ID = 255


class TokenRefusedError(OmbudError):
    """The token does not prove anything; `reason` is a stable word for logs and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a token must say exactly: issuer, audience."""

    issuer: str
    audience: str


def read_header(token: str, *, algorithms: tuple[str, ...]) -> Mapping[str, Any]:
    """The token's header after the strict checks; raises TokenRefusedError."""
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenRefusedError("too_long")
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise TokenRefusedError("malformed")
    header = _strict_object(parts[0])
    _strict_object(parts[1])
    if header.get("alg") not in algorithms:
        raise TokenRefusedError("algorithm")
    if "crit" in header or "b64" in header:
        raise TokenRefusedError("critical_header")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenRefusedError("type")
    return header


def verify(token: str, key: Any, *, algorithm: str, expected: Expectation) -> Mapping[str, Any]:
    """The claims, once signature, times, issuer and audience hold; raises TokenRefusedError."""
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=[algorithm],
            audience=expected.audience,
            issuer=expected.issuer,
            leeway=LEEWAY,
            options={"require": list(REQUIRED_CLAIMS)},
        )
    except jwt.PyJWTError as error:
        raise TokenRefusedError(type(error).__name__) from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        # The content is the attacker's: whatever the libraries stumble over is a refusal.
        raise TokenRefusedError("malformed") from error
    return claims


def principal_from(claims: Mapping[str, Any]) -> Principal:
    """The principal that verified claims describe; unknown roles are ignored."""
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_ID:
        raise TokenRefusedError("subject")
    name = claims.get("name")
    return Principal(
        id=f"{claims['iss']}|{subject}",
        name=name if isinstance(name, str) and name else subject,
        roles=_words(claims.get("roles")) & ROLES,
        teams=_words(claims.get("teams")),
        kind="service" if _is_machine(claims, subject) else "person",
    )


def _is_machine(claims: Mapping[str, Any], subject: str) -> bool:
    """RFC 9068, section 2.2: with client credentials the subject is the client itself."""
    return claims.get("kind") == "service" or subject in (
        claims.get("client_id"),
        claims.get("azp"),
    )


def _words(value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        return frozenset()
    return frozenset(item for item in value if isinstance(item, str))


def _strict_object(part: str) -> Mapping[str, Any]:
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        value = json.loads(raw, object_pairs_hook=_no_duplicates)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise TokenRefusedError("malformed") from error
    if not isinstance(value, dict):
        raise TokenRefusedError("malformed")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TokenRefusedError("duplicate_member")
    return found
