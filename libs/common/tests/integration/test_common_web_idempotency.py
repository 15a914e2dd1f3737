"""Idempotency-Keys on a real PostgreSQL: effect and answer stand or fall together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import ConflictError, ForbiddenError
from common.events.envelope import Message
from common.testing.postgres import create_database, drop_database
from common.web import idempotency_table
from common.web.app import create_app
from common.web.auth import DevIssuer, require
from common.web.idempotency import Answer, Once

pytestmark = pytest.mark.postgres
ISSUER = DevIssuer("a secret for tests that has enough bytes")


class Statements:
    """What a migration hands to PostgreSQL, kept instead."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def execute(self, sqltext: str) -> None:
        self.all.append(sqltext)


@pytest.fixture(scope="module")
def database(postgres_admin_dsn: str) -> Iterator[str]:
    async def build() -> str:
        dsn = await create_database(postgres_admin_dsn)
        statements = Statements()
        idempotency_table.create(statements)
        connection = await asyncpg.connect(dsn)
        for statement in (*statements.all, "create table effect (number int)"):
            await connection.execute(statement)
        await connection.close()
        return dsn

    dsn = asyncio.run(build())
    yield dsn
    asyncio.run(drop_database(dsn))


async def no_outbox(_connection: AsyncConnection, _messages: Sequence[Message]) -> None: ...


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database, pool_size=5, application_name="test-once")
    async with engine.begin() as connection:
        await connection.execute(text("truncate idempotent_answer, effect"))
    yield engine
    await engine.dispose()


class Order(BaseModel):
    number: int


class Gate:
    """Holds an effect in the middle of its transaction."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()


def api(gate: Gate) -> APIRouter:
    router = APIRouter(dependencies=[Depends(require())])

    @router.post("/orders", status_code=201)
    async def order(body: Order, request: Request, once: Annotated[Once, Depends()]) -> Response:
        async def effect(uow: UnitOfWork) -> Answer:
            await uow.connection.execute(
                text("insert into effect values (:number)"), {"number": body.number}
            )
            gate.reached.set()
            await gate.open.wait()
            if body.number == 13:
                raise ConflictError("not this one")
            if body.number == 14:
                return Answer.refused(ForbiddenError("own text", code="own_text"))
            if body.number == 15:
                raise RuntimeError("our mistake")
            return Answer(201, body, {"Location": f"/orders/{body.number}"})

        return await once.run(request.app.state.units, effect)

    @router.post("/orders/{number}/cancel")
    async def cancel(number: int, request: Request, once: Annotated[Once, Depends()]) -> Response:
        async def effect(_uow: UnitOfWork) -> Answer:
            return Answer(204)

        return await once.run(request.app.state.units, effect)

    return router


class Client:
    """One caller of the API."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def order(self, number: int, key: str | None, *, who: str = "ann") -> httpx.Response:
        return await self.http.post("/orders", json={"number": number}, headers=_as(who, key))

    async def cancel(self, number: int, key: str) -> httpx.Response:
        return await self.http.post(f"/orders/{number}/cancel", headers=_as("ann", key))


def _as(who: str, key: str | None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {ISSUER.token(who, who)}"}
    return headers if key is None else {**headers, "Idempotency-Key": key}


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def client(engine: AsyncEngine, gate: Gate) -> AsyncIterator[Client]:
    client = Client(
        create_app(
            service="test",
            version="1",
            routers=[api(gate)],
            state={"units": UnitOfWorkFactory(engine, no_outbox)},
            auth=ISSUER,
            readiness={},
            liveness={},
            max_body_bytes=10_000,
        )
    )
    yield client
    await client.http.aclose()


async def effects(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text("select count(*) from effect"))).scalar_one())


async def test_a_repetition_does_nothing_and_gets_the_same_answer(
    client: Client, engine: AsyncEngine
) -> None:
    first = await client.order(1, "key-1")
    again = await client.order(1, "key-1")
    assert (first.status_code, first.json()) == (201, {"number": 1})
    assert first.headers["location"] == "/orders/1"
    assert "idempotency-replayed" not in first.headers
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == "/orders/1"
    assert again.headers["content-type"] == "application/json"
    assert again.headers["idempotency-replayed"] == "true"
    assert await effects(engine) == 1


async def test_without_a_key_everything_happens_each_time(
    client: Client, engine: AsyncEngine
) -> None:
    for _ in range(2):
        assert (await client.order(1, None)).status_code == 201
    assert await effects(engine) == 2


async def test_another_request_under_the_key_is_422(client: Client, engine: AsyncEngine) -> None:
    await client.order(1, "key-1")
    answer = await client.order(2, "key-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert (await client.cancel(1, "key-2")).status_code == 204
    # The same route and an empty body, but another thing.
    assert (await client.cancel(2, "key-2")).json()["code"] == "key_reused"
    assert (await client.cancel(1, "key-2")).status_code == 204
    assert await effects(engine) == 1


async def test_keys_of_other_people_and_routes_are_other_keys(
    client: Client, engine: AsyncEngine
) -> None:
    assert (await client.order(1, "key-1")).status_code == 201
    assert (await client.order(2, "key-1", who="bea")).json() == {"number": 2}
    assert (await client.cancel(1, "key-1")).status_code == 204
    assert await effects(engine) == 2


async def test_while_the_first_is_at_work_the_second_gets_409(
    client: Client, engine: AsyncEngine, gate: Gate
) -> None:
    gate.open.clear()
    first = asyncio.create_task(client.order(1, "key-1"))
    await gate.reached.wait()
    second = await client.order(1, "key-1")
    assert (second.status_code, second.json()["code"]) == (409, "in_progress")
    assert second.headers["retry-after"] == "1"
    gate.open.set()
    assert (await first).status_code == 201
    assert (await client.order(1, "key-1")).headers["idempotency-replayed"] == "true"
    assert await effects(engine) == 1


async def test_many_at_once_have_one_effect(client: Client, engine: AsyncEngine) -> None:
    answers = await asyncio.gather(*(client.order(1, "key-1") for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum("idempotency-replayed" not in a.headers for a in answers if a.is_success) == 1
    assert await effects(engine) == 1


@pytest.mark.parametrize(("number", "status"), [(13, 409), (15, 500)])
async def test_a_refusal_leaves_nothing_and_may_be_tried_again(
    client: Client, engine: AsyncEngine, number: int, status: int
) -> None:
    for _ in range(2):
        answer = await client.order(number, "key-1")
        assert answer.status_code == status
        assert "idempotency-replayed" not in answer.headers
    assert await effects(engine) == 0
    assert (await client.order(1, "key-1")).status_code == 201


async def test_a_refusal_that_is_to_be_recorded_is_kept(
    client: Client, engine: AsyncEngine
) -> None:
    first, again = [await client.order(14, "key-1") for _ in range(2)]
    assert (first.status_code, first.json()["code"]) == (403, "own_text")
    assert first.headers["content-type"] == "application/problem+json"
    assert again.json() == first.json()
    assert again.headers["content-type"] == "application/problem+json"
    assert await effects(engine) == 1


@pytest.mark.parametrize("key", ["", "two words", "ä", "k" * 201])
async def test_a_key_that_is_none_is_422(client: Client, key: str) -> None:
    headers: Any = {**_as("ann", None), "Idempotency-Key": key.encode("latin-1")}
    answer = await client.http.post("/orders", json={"number": 1}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_after_a_day_the_key_is_free_and_old_answers_are_cleared(
    client: Client, engine: AsyncEngine
) -> None:
    for number in range(5):
        await client.order(number, f"key-{number}")
    async with engine.begin() as connection:
        await connection.execute(
            text("update idempotent_answer set created_at = now() - interval '25 hours'")
        )
    assert "idempotency-replayed" not in (await client.order(7, "key-0")).headers
    async with engine.connect() as connection:
        kept = await connection.execute(text("select count(*) from idempotent_answer"))
        assert kept.scalar_one() == 1
    assert (await client.order(7, "key-0")).headers["idempotency-replayed"] == "true"


async def test_nothing_in_the_table_names_a_person(client: Client, engine: AsyncEngine) -> None:
    await client.order(1, "key-1")
    async with engine.connect() as connection:
        row = (await connection.execute(text("select * from idempotent_answer"))).one()
    assert "ann" not in str(row)
    assert "key-1" not in str(row)
