"""No reply is posted twice (R2): a lying network, and dispatchers that die at any moment.

Every tenth post takes effect and is then answered by silence, a reset or a 503, while dispatcher
processes are killed with SIGKILL and started again. Half of the replies go to a network that posts
again when it is asked again: there every doubt must end as unknown. The other half goes to a bridge
that knows a repeat by its id: there doubts are settled by repeating. Afterwards what the networks
published is compared with the ledger. 300 replies; OMBUD_FULL=1 makes it 10,000.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from responder_bridge import Bridge

from common.testing.eventually import eventually
from common.testing.processes import ServiceProcess
from platforms.simulator.faults import Fault, FaultPlan
from platforms.simulator.server import Simulator

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]
IS_FULL = os.environ.get("OMBUD_FULL") == "1"
REPLIES = 10_000 if IS_FULL else 300
KILLS = 60 if IS_FULL else 12
PARALLEL = 8 if IS_FULL else 2
DISPATCHERS = 3
SEED = 20261121
RATES = {
    Fault.EFFECT_THEN_TIMEOUT: 0.03,
    Fault.EFFECT_THEN_RESET: 0.04,
    Fault.EFFECT_THEN_5XX: 0.03,
    Fault.RESET_BEFORE_EFFECT: 0.02,
    Fault.REFUSED_4XX: 0.01,
    Fault.RATE_LIMITED: 0.02,
}
LIES = {fault.value for fault in Fault if fault.value.startswith("effect_then")}

# The service's own role, as plain SQL: the guards see every row.
SEEDING = (
    (
        "insert into case_context(case_id, conversation_id, network, in_reply_to, visibility,"
        " customer_id, customer_handle, mention_texts, team)"
        " select gen_random_uuid(), gen_random_uuid(),"
        " case when n % 2 = 0 then 'simulated' else 'bridged' end, 'p' || n, 'public', 'a' || n,"
        " '@a' || n, '{}', 'social_support' from generate_series(1, $1::int) n"
    ),
    (
        "insert into draft(draft_id, case_id, conversation_id)"
        " select gen_random_uuid(), case_id, conversation_id from case_context limit $1"
    ),
    (
        "insert into revision(draft_id, revision, network, account, in_reply_to, visibility, kind,"
        " text, content_hash, author_id, author_name)"
        " select draft_id, 1, c.network, 'motorrad_ag', c.in_reply_to, 'public', 'answer',"
        " 'Antwort an ' || c.customer_handle, content_hash_of(c.network, 'motorrad_ag',"
        " c.in_reply_to, 'public', 'answer', 'Antwort an ' || c.customer_handle),"
        " 'dev|anna', 'Anna'"
        " from draft join case_context c using (case_id) limit $1"
    ),
    (
        "insert into submission(draft_id, revision, content_hash, review, actor_id, actor_name)"
        " select draft_id, 1, content_hash, 'required', 'dev|anna', 'Anna' from revision limit $1"
    ),
    (
        "insert into approval(draft_id, revision, content_hash, actor_id, actor_name)"
        " select draft_id, 1, content_hash, 'dev|ben', 'Ben' from revision limit $1"
    ),
    (
        "insert into dispatch(dispatch_id, draft_id, revision, content_hash, network,"
        " idempotency_key) select d.id, d.draft_id, 1, d.content_hash, d.network, d.id::text"
        " from (select gen_random_uuid() as id, r.* from revision r limit $1) d"
    ),
)


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan(RATES, seed=SEED)


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    async with Bridge(FaultPlan(RATES, seed=SEED + 1), pause_s=1) as running:
        yield running


@pytest.fixture
async def ledger(service_dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(service_dsn)
    yield connection
    await connection.close()


@pytest.fixture
def dispatchers(
    service_dsn: str, simulator: Simulator, bridge: Bridge, tmp_path: Path
) -> Iterator[list[ServiceProcess]]:
    link = {
        "kind": "webhook",
        "network": "bridged",
        "url": bridge.url,
        "accounts": ["motorrad_ag"],
        "secrets": [{"env": "BRIDGE_SECRET"}],
    }
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OMBUD_")},
        "OMBUD_DATABASE_URL": service_dsn,
        "OMBUD_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "OMBUD_SIMULATOR_URL": simulator.address,
        "OMBUD_DISPATCH_TIMEOUT_S": "1",
        "OMBUD_DISPATCH_LEASE_S": "4",
        "OMBUD_DISPATCH_PARALLEL": str(PARALLEL),
        "OMBUD_CHANNELS": json.dumps([link]),
        "BRIDGE_SECRET": bridge.secret,
    }
    processes = [
        ServiceProcess(
            name=f"dispatcher-{number}",
            module="responder",
            port=0,
            env=env,
            log=tmp_path / f"dispatcher-{number}.log",
            arguments=("dispatcher",),
        )
        for number in range(DISPATCHERS)
    ]
    yield processes
    for process in processes:
        process.close()


async def counts(ledger: asyncpg.Connection[Any]) -> Counter[str]:
    rows = await ledger.fetch("select state, count(*) from dispatch group by state")
    return Counter({row["state"]: row["count"] for row in rows})


async def test_nothing_is_posted_twice(
    ledger: asyncpg.Connection[Any],
    dispatchers: list[ServiceProcess],
    bridge: Bridge,
    tmp_path: Path,
) -> None:
    for statement in SEEDING:
        await ledger.execute(statement, REPLIES)
    assert await counts(ledger) == {"pending": REPLIES}
    for process in dispatchers:
        process.start()
    await _kill_while_they_send(ledger, dispatchers)

    async def settled() -> bool:
        states = await counts(ledger)
        # One last look at every thread, so that what can be found has been found.
        unseen = await ledger.fetchval(
            "select count(*) from dispatch where state = 'unknown' and looks < 2"
        )
        return not states["pending"] and not states["sending"] and not unseen

    await eventually(settled, within=timedelta(seconds=900 if IS_FULL else 240))
    # The bridge lives in this loop: it must go on answering while they finish.
    ended = [asyncio.to_thread(process.terminate) for process in dispatchers]
    exit_codes = await asyncio.gather(*ended)
    await _compare(ledger, tmp_path)
    await _compare_bridged(ledger, bridge)
    assert exit_codes == [0] * DISPATCHERS


async def _kill_while_they_send(
    ledger: asyncpg.Connection[Any], dispatchers: list[ServiceProcess]
) -> None:
    chance = random.Random(SEED)
    for number in range(1, KILLS + 1):
        # All kills fall into the first two thirds, so that there is work left for each of them.
        goal = REPLIES * 2 * number // (3 * KILLS)

        async def sent_so_many(goal: int = goal) -> bool:
            states = await counts(ledger)
            return REPLIES - states["pending"] >= goal

        await eventually(sent_so_many, within=timedelta(seconds=120))
        victim = chance.choice(dispatchers)
        await asyncio.to_thread(victim.kill)
        await asyncio.to_thread(victim.start)


async def _compare(ledger: asyncpg.Connection[Any], folder: Path) -> None:
    posts = [orjson.loads(line) for line in (folder / "posts.jsonl").read_bytes().splitlines()]
    times = Counter(post["idempotency_key"] for post in posts)
    assert not [key for key, number in times.items() if number > 1], "posted twice"
    assert len({post["in_reply_to"] for post in posts}) == len(posts)

    assert await ledger.fetchval("select count(*) from dispatch") == REPLIES
    lines = await ledger.fetch("select * from dispatch where network = 'simulated'")
    for line in lines:
        posted = times[line["idempotency_key"]]
        allowed = {"sent": {1}, "failed": {0}, "unknown": {0, 1}}[line["state"]]
        assert posted in allowed, (line["state"], posted, line["last_error"])
    published = {post["id"]: post["idempotency_key"] for post in posts}
    for line in lines:
        if line["state"] == "sent":
            assert published[line["platform_id"]] == line["idempotency_key"]

    events = await ledger.fetch("select type, payload from outbox")
    unknown = {
        orjson.loads(event["payload"])["dispatch_id"]
        for event in events
        if event["type"] == "responder.reply.outcome_unknown.v1"
    }
    lied = {post["idempotency_key"] for post in posts if post["fault"] in LIES}
    assert lied, "the network must have lied"
    assert lied <= unknown, "an ambiguous answer was taken for a definite one"
    sent = [event for event in events if event["type"] == "responder.reply.sent.v1"]
    assert len(sent) == (await counts(ledger))["sent"]
    assert await ledger.fetchval("select count(*) from four_eyes_violation") == 0


async def _compare_bridged(ledger: asyncpg.Connection[Any], bridge: Bridge) -> None:
    lines = await ledger.fetch("select * from dispatch where network = 'bridged'")
    assert len(lines) == REPLIES // 2
    published = set(bridge.published)
    for line in lines:
        name = line["idempotency_key"]
        # Whatever was handed over, however often, was one and the same message.
        assert len(set(bridge.bodies_of(name))) <= 1
        match line["state"]:
            case "sent":
                assert name in published
            case "failed":
                assert name not in published
            case _:
                assert line["in_doubt"], "only a refusal of a repeat leaves this doubt"
    repeated = [line for line in lines if line["in_doubt"] and line["state"] == "sent"]
    assert repeated, "some doubts must have been settled by repeating"
    unsettled = [line for line in lines if line["state"] == "unknown"]
    assert len(unsettled) <= max(3, len(lines) // 100)
