"""What Kubernetes and Prometheus ask. Alive never asks PostgreSQL or Kafka: restarting us would
not bring them back (RELIABILITY 9.2). Ready does, and is false from the moment we are stopping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse

from common.observability.logging import get_logger
from common.observability.metrics import REGISTRY
from common.web.auth import public

ReadinessCheck = Callable[[], Awaitable[bool]]
LivenessCheck = Callable[[], bool]
_CHECK_S = 2.0
_log = get_logger("common.web")


def health_router(
    *, readiness: Mapping[str, ReadinessCheck], liveness: Mapping[str, LivenessCheck]
) -> APIRouter:
    """`/health/live`, `/health/ready` and `/metrics`, open to anybody who reaches the port."""
    router = APIRouter(tags=["operations"], dependencies=[Depends(public())])

    @router.get("/health/live", summary="Does this process make progress?")
    async def live() -> Any:
        return _answer({name: check() for name, check in liveness.items()})

    @router.get(
        "/health/ready",
        summary="May this process get requests?",
        responses={503: {"description": "Not now; `checks` says why"}},
    )
    async def ready(request: Request) -> Any:
        if request.app.state.is_stopping():
            return _answer({"not_stopping": False})
        results = await asyncio.gather(*(_ask(name, ask) for name, ask in readiness.items()))
        return _answer(dict(zip(readiness, results, strict=True)))

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


async def _ask(name: str, check: ReadinessCheck) -> bool:
    """A check's answer; false where it fails or takes more than 2 s."""
    try:
        return await asyncio.wait_for(check(), _CHECK_S)
    except Exception as error:  # noqa: BLE001  (a probe must answer whatever its check stumbles on)
        _log.warning("readiness_check_failed", check=name, error=error)
        return False


def _answer(checks: Mapping[str, bool]) -> JSONResponse:
    is_well = all(checks.values())
    return JSONResponse(
        {"status": "ok" if is_well else "unavailable", "checks": dict(checks)},
        status_code=200 if is_well else 503,
    )
