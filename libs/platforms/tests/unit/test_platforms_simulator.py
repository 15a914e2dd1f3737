"""The simulated network: its lies are the ones asked for, and every effect is written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from platforms.simulator.faults import Fault, FaultPlan, parse_rates
from platforms.simulator.posts import PostLog
from platforms.simulator.server import Keys, Simulator

POST = {
    "network": "simulated",
    "account": "motorrad_ag",
    "in_reply_to": "p/1",
    "visibility": "public",
    "text": "Grüße",
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=0.5) as client:
        yield client


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    network = Simulator(PostLog(tmp_path / "posts.jsonl"), FaultPlan({}, seed=1))
    await network.start("127.0.0.1", 0)
    yield network
    await network.aclose()


def written(tmp_path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (tmp_path / "posts.jsonl").read_bytes().splitlines()]


async def test_a_post_is_published_and_read_in_its_thread(
    simulator: Simulator, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    answer = await client.post(simulator.address + "/posts", json=POST)
    assert answer.status_code == 201
    thread = await client.get(simulator.address + "/threads/p%2F1")
    (post,) = thread.json()["posts"]
    assert (post["id"], post["text"]) == (answer.json()["id"], "Grüße")
    assert written(tmp_path) == [post]
    one = await client.get(f"{simulator.address}/posts/{post['id']}")
    assert one.json() == post


@pytest.mark.parametrize(
    ("fault", "effects", "seen"),
    [
        ("effect_then_timeout", 1, httpx.ReadTimeout),
        ("effect_then_reset", 1, httpx.ReadError),
        ("effect_then_5xx", 1, 503),
        ("reset_before_effect", 0, httpx.ReadError),
        ("refused_4xx", 0, 422),
        ("rate_limited", 0, 429),
        ("none", 1, 201),
    ],
)
async def test_each_lie_is_the_one_asked_for(
    simulator: Simulator,
    client: httpx.AsyncClient,
    tmp_path: Path,
    fault: str,
    effects: int,
    seen: Any,
) -> None:
    async def post() -> int:
        answer = await client.post(
            simulator.address + "/posts", json=POST, headers={"X-Simulate": fault}
        )
        return answer.status_code

    if isinstance(seen, int):
        assert await post() == seen
    else:
        with pytest.raises(seen):
            await post()
    assert len(written(tmp_path)) == effects


async def test_keys_are_ignored_unless_switched_on(
    simulator: Simulator, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    key = {"Idempotency-Key": "k1"}
    for _ in range(2):
        await client.post(simulator.address + "/posts", json=POST, headers=key)
    assert len(written(tmp_path)) == 2
    honest = Simulator(PostLog(None), FaultPlan({}, seed=1), keys=Keys.HONOURED)
    await honest.start("127.0.0.1", 0)
    answers = [
        (await client.post(honest.address + "/posts", json=POST, headers=key)).json()["id"]
        for _ in range(2)
    ]
    await honest.aclose()
    assert answers[0] == answers[1]


async def test_a_restart_forgets_nothing(tmp_path: Path, client: httpx.AsyncClient) -> None:
    for count in (1, 2):
        network = Simulator(PostLog(tmp_path / "posts.jsonl"), FaultPlan({}, seed=1))
        await network.start("127.0.0.1", 0)
        await client.post(network.address + "/posts", json=POST)
        shown = (await client.get(network.address + "/posts")).json()["posts"]
        await network.aclose()
        assert len(shown) == count


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"text": 1}'])
async def test_a_bad_request_is_answered_and_has_no_effect(
    simulator: Simulator, client: httpx.AsyncClient, tmp_path: Path, body: bytes
) -> None:
    answer = await client.post(simulator.address + "/posts", content=body)
    assert answer.status_code in (400, 422)
    assert written(tmp_path) == []


def test_a_plan_repeats_with_its_seed_and_keeps_its_rates() -> None:
    rates = parse_rates(["effect_then_reset=0.05", "rate_limited=0.05"])
    draws = [[FaultPlan(rates, seed=7).draw(None) for _ in range(1)] for _ in range(2)]
    assert draws[0] == draws[1]
    plan = FaultPlan(rates, seed=7)
    drawn = [plan.draw(None) for _ in range(4000)]
    assert 150 < drawn.count(Fault.EFFECT_THEN_RESET) < 250
    with pytest.raises(ValueError):
        FaultPlan({Fault.RATE_LIMITED: 1.1}, seed=1)
