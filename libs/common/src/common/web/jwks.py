"""The issuer's public keys: fetched in the background, kept through the issuer's outages.

Fresh for 10 minutes; an unknown key id causes at most one fetch per 30 s; if fetching fails the
old keys count for 24 h (RELIABILITY 9.7). Weak and foreign keys are left out when a set is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from common.clock import Clock
from common.errors import ConfigurationError
from common.observability import metrics
from common.observability.logging import get_logger
from common.web.tokens import TokenRefusedError

ALGORITHMS = ("RS256", "ES256", "EdDSA")
_FRESH = timedelta(minutes=10)
_BETWEEN_FETCHES = timedelta(seconds=30)
_STALE = timedelta(hours=24)
_TIMEOUT_S = 5.0
_LARGEST = 262_144
_LEAST_RSA_BITS = 2048
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# What an issuer that is down, misconfigured or not one at all may lead to. All of it means: keep
# the keys we have. It must never become an error of the request that happened to ask.
_UNUSABLE = (
    httpx.HTTPError,
    httpx.InvalidURL,
    ConfigurationError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)
_log = get_logger("common.web")


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the one algorithm it may be used with."""

    algorithm: str
    public_key: Any


class KeySet:
    """The keys of one issuer. `find` may fetch; `run` keeps the set fresh."""

    def __init__(self, issuer: str, *, clock: Clock, jwks_url: str | None = None) -> None:
        self._issuer = issuer
        self._url = jwks_url
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._lock = asyncio.Lock()
        _check_address(issuer)
        if jwks_url is not None:
            _check_address(jwks_url)

    async def find(self, kid: str) -> Key:
        """The key; raises TokenRefusedError `unknown_key`, or `no_keys` while there are none."""
        if kid not in self._usable():
            await self._fetch_if_due()
        keys = self._usable()
        if not keys:
            raise TokenRefusedError("no_keys")
        if kid not in keys:
            raise TokenRefusedError("unknown_key")
        return keys[kid]

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch now and then every 10 minutes, after a failure every 30 s, until `stop`."""
        while not stop.is_set():
            await self._fetch_if_due()
            age = self._age()
            if self._fetched_at is not None:
                metrics.HTTP_JWKS_AGE_SECONDS.set(age.total_seconds())
            pause = _FRESH if age < _BETWEEN_FETCHES else _BETWEEN_FETCHES
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause.total_seconds())

    def _usable(self) -> Mapping[str, Key]:
        return self._keys if self._age() < _STALE else {}

    def _age(self) -> timedelta:
        return self._clock.now() - self._fetched_at if self._fetched_at else timedelta.max

    async def _fetch_if_due(self) -> None:
        async with self._lock:
            now = self._clock.now()
            if self._tried_at is not None and now - self._tried_at < _BETWEEN_FETCHES:
                return
            self._tried_at = now
            try:
                keys = read_keys(await self._download())
            except _UNUSABLE as error:
                metrics.HTTP_JWKS_FETCHES_TOTAL.labels("failed").inc()
                _log.warning("jwks_fetch_failed", error=error)
                return
            metrics.HTTP_JWKS_FETCHES_TOTAL.labels("ok").inc()
            self._keys, self._fetched_at = keys, now

    async def _download(self) -> Any:
        # Reading the certificates takes a quarter of a second: not in the event loop, and once.
        trusted = await asyncio.to_thread(_trusted_certificates)
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_S, follow_redirects=False, verify=trusted
        ) as client:
            if self._url is None:
                base = self._issuer.rstrip("/")
                found = await _get_json(client, f"{base}/.well-known/openid-configuration")
                if found["issuer"] != self._issuer:
                    raise ValueError("the discovery document names another issuer")
                _check_address(found["jwks_uri"])
                self._url = found["jwks_uri"]
            return await _get_json(client, self._url)


def read_keys(document: Any) -> Mapping[str, Key]:
    """The usable keys of a JWK set by key id; raises ValueError when there is not one."""
    keys: dict[str, Key] = {}
    for entry in document["keys"]:
        kid = entry.get("kid")
        if not isinstance(kid, str) or entry.get("use", "sig") != "sig":
            continue
        try:
            public_key = jwt.PyJWK(entry).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue  # a kind of key we do not know; the others still count
        algorithm = _algorithm_for(public_key)
        if algorithm is not None and entry.get("alg", algorithm) == algorithm:
            keys[kid] = Key(algorithm, public_key)
    if not keys:
        raise ValueError("the issuer publishes no usable key")
    return keys


def _algorithm_for(key: Any) -> str | None:
    """The one algorithm of a key; None for a private, symmetric, weak or unknown one."""
    if isinstance(key, RSAPublicKey):
        return "RS256" if key.key_size >= _LEAST_RSA_BITS else None
    if isinstance(key, EllipticCurvePublicKey):
        return "ES256" if isinstance(key.curve, SECP256R1) else None
    return "EdDSA" if isinstance(key, Ed25519PublicKey) else None


async def _get_json(client: httpx.AsyncClient, url: str) -> Any:
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as response:
        if response.status_code != 200:
            raise ValueError(f"the issuer answered {response.status_code}")
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _LARGEST:
                raise ValueError("the issuer's answer is too long")
    return httpx.Response(200, content=body).json()


@functools.cache
def _trusted_certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise ConfigurationError(f"the issuer's address must be https: {parts.scheme}://...")
