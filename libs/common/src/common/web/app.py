"""Builds the FastAPI app of a service and serves it inside the service's own life.

Everything a route needs is fetched from `request.app.state.<name>`; nothing is global. What the
routes are is the service's matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from common.errors import ConfigurationError
from common.observability import metrics
from common.observability.logging import get_logger
from common.settings import HttpSettings
from common.web import openapi, problems
from common.web.auth import Authenticator, check_every_route_is_guarded
from common.web.health import LivenessCheck, ReadinessCheck, health_router
from common.web.middleware import BodyLimit, Surroundings
from common.web.oidc import OidcAuthenticator
from common.web.rate_limit import RateLimit

_GRACEFUL_S = 4
_KEEP_ALIVE_S = 30
_OURS = frozenset({"authenticator", "rate_limit", "stop", "is_stopping", "open_streams"})
_log = get_logger("common.web")


def create_app(
    *,
    service: str,
    version: str,
    routers: Sequence[APIRouter],
    state: Mapping[str, Any],
    auth: Authenticator,
    readiness: Mapping[str, ReadinessCheck],
    liveness: Mapping[str, LivenessCheck],
    max_body_bytes: int,
    rate_limit: RateLimit | None = None,
    raw_bodies: Mapping[str, int] | None = None,
) -> FastAPI:
    """The app with health, metrics, problems, limits and auth around `routers`.

    `raw_bodies` (end of a path to bytes) names routes that read their body raw; see `BodyLimit`.

    Raises ConfigurationError where a route declares neither `require(...)` nor `public()`, and
    where `state` uses a name of this room.
    """
    app = FastAPI(
        title=f"Ombud {service}", version=version, lifespan=_lifespan, docs_url=None, redoc_url=None
    )
    if taken := _OURS & state.keys():
        raise ConfigurationError(f"state may not use {sorted(taken)}")
    for name, value in state.items():
        setattr(app.state, name, value)
    app.state.authenticator = auth
    app.state.rate_limit = rate_limit or RateLimit()
    app.state.open_streams = set()
    app.state.stop = asyncio.Event()
    app.state.is_stopping = lambda: app.state.stop.is_set()
    app.include_router(health_router(readiness=readiness, liveness=liveness))
    for router in routers:
        app.include_router(router)
    check_every_route_is_guarded(app)
    problems.install(app)
    openapi.install(app, title=f"Ombud {service}", version=version)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, max_bytes=max_body_bytes, raw_bodies=raw_bodies)
    app.add_middleware(Surroundings)
    metrics.BUILD_INFO.labels(service, version).set(1)
    return app


async def serve(app: FastAPI, settings: HttpSettings, stop: asyncio.Event) -> None:
    """Answer requests until `stop`, then finish those that run (4 s at most) and return.

    Signals are the business of `common.runtime`. The address in use is logged as
    `http_listening` and kept as `app.state.address` (host, port). Raises OSError where the port
    is taken.
    """
    app.state.stop = stop
    listener = _listen(settings.http_host, settings.http_port)
    app.state.address = listener.getsockname()[:2]
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="on",
            loop="none",
            ws="none",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACEFUL_S,
        )
    )
    host, port = app.state.address
    _log.info("http_listening", host=host, port=port)
    watcher = asyncio.create_task(_end_server(server, stop))
    try:
        # Not `serve()`: that one would take the signal handlers away from common.runtime.
        await server._serve(sockets=[listener])
    finally:
        watcher.cancel()
        listener.close()
    if not stop.is_set():
        raise RuntimeError("the HTTP server ended by itself")


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep the issuer's keys fresh while the app lives."""
    authenticator = app.state.authenticator
    refresher = None
    if isinstance(authenticator, OidcAuthenticator):
        refresher = asyncio.create_task(authenticator.run(app.state.stop), name="jwks")
    try:
        yield
    finally:
        if refresher is not None:
            refresher.cancel()
            await asyncio.wait({refresher})


async def _end_server(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With proto 0 asyncio would not see TCP and leave Nagle's 40 ms in every answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
