"""A query parameter that a route does not know is refused, but where anybody may call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Query

from common.web.app import create_app
from common.web.auth import DevIssuer, public, require
from common.web.pagination import PageRequest

ISSUER = DevIssuer("a secret for tests that has enough bytes")
ANN = {"Authorization": f"Bearer {ISSUER.token('ann', 'Ann', roles=('agent',))}"}


@dataclass
class Filters:
    """Nested, as the services nest theirs."""

    kind: str | None = None


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/notes", dependencies=[Depends(require("agent"))])
    async def notes(
        page: Annotated[PageRequest, Depends()],
        filters: Annotated[Filters, Depends()],
        named: Annotated[str | None, Query(alias="called")] = None,
    ) -> dict[str, str | None]:
        return {"kind": filters.kind, "called": named}

    @router.post("/hooks", dependencies=[Depends(public())])
    async def hooks() -> dict[str, str]:
        return {}

    return router


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?kind=praise&limit=3&called=x", 200),
        ("?knid=praise", 422),
        ("?named=x", 422),
        ("?kind=praise&utm_source=mail", 422),
    ],
)
async def test_a_misspelt_filter_is_refused_by_name(query: str, status: int) -> None:
    app = create_app(
        service="test",
        version="1",
        routers=(routes(),),
        state={},
        auth=ISSUER,
        readiness={},
        liveness={},
        max_body_bytes=2000,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(f"/notes{query}", headers=ANN)
        assert answer.status_code == status, answer.text
        if status == 422:
            assert answer.json()["code"] == "unknown_parameter"
            assert answer.json()["parameters"]
        assert (await client.get("/notes?knid=x")).status_code == 401
        assert (await client.post("/hooks?from=network")).status_code == 200
