"""The peer: FastStream with one ORM transaction per message, in its own environment."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import msgspec

from bench.feed import mention
from bench.measure import until
from common.events.envelope import Message
from common.events.topics import Topic
from common.kafka.aiokafka_client import ensure_topics
from common.kafka.producer import BatchProducer
from common.settings import KafkaSettings
from common.testing.pipeline import create_database
from common.testing.postgres import with_database
from common.testing.stack import Stack

HERE = Path(__file__).parent / "peers"
ENVIRONMENT = Path(".venv-peer")
ROOT = Path(__file__).parents[1]
DATABASE = "bench_peer"
TOPICS = ("peer.raw", "peer.classified", "peer.cases")
SERVICES = ("classifier", "router", "responder", "audit")


async def measure(stack: Stack, say: Callable[[str], None], *, mentions: int) -> float:
    """Mentions per second through the peer's four services."""
    python = await _environment(say)
    await create_database(stack.postgres_dsn, DATABASE)
    dsn = with_database(stack.postgres_dsn, DATABASE)
    settings = KafkaSettings(kafka_bootstrap=stack.kafka_bootstrap)
    await ensure_topics(
        settings, [Topic(name, "bench", "the peer") for name in TOPICS], replication_factor=1
    )
    tables = await _start(python, "tables", dsn, stack.kafka_bootstrap)
    if await tables.wait():
        raise RuntimeError("the peer could not make its tables")
    services = [await _start(python, service, dsn, stack.kafka_bootstrap) for service in SERVICES]
    producer = BatchProducer(settings, client_id="bench")
    history = await asyncpg.connect(dsn)
    try:
        say(f"the peer: {mentions} mentions, one ORM transaction per message")
        await producer.publish([_message(number, "warm") for number in range(50)])
        await until(lambda: _kept(history), 50, within_s=120)
        batch = [_message(number, "run") for number in range(mentions)]
        began = time.perf_counter()
        await producer.publish(batch)
        await until(lambda: _kept(history), 50 + mentions, within_s=600)
        return mentions / (time.perf_counter() - began)
    finally:
        for service in services:
            if service.returncode is None:
                service.terminate()
        await asyncio.gather(*(_ended(service) for service in services))
        await producer.stop()
        await history.close()


async def _ended(service: asyncio.subprocess.Process) -> None:
    """One that does not obey, because it waits for a broker, is killed: nothing runs on."""
    try:
        await asyncio.wait_for(service.wait(), 20)
    except TimeoutError:
        service.kill()
        await service.wait()


def _message(number: int, run: str) -> Message:
    from datetime import UTC, datetime

    found = mention(number, f"peer-{run}", datetime.now(UTC))
    body = msgspec.json.encode({"event_id": uuid4(), "mention": found})
    return Message(
        topic=TOPICS[0],
        key=str(found.conversation_id),
        event_id=uuid4(),
        type="peer",
        payload=body,
        headers={"content-type": "application/json"},
    )


async def _environment(say: Callable[[str], None]) -> Path:
    python = ENVIRONMENT / "bin" / "python"
    lock, installed = HERE / "requirements.lock", ENVIRONMENT / "installed.lock"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        say("installing the peer into .venv-peer (once)")
        await _run(sys.executable, "-m", "venv", str(ENVIRONMENT))
        await _run(str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock))
        installed.write_bytes(lock.read_bytes())
    return python


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{command[0]} failed")


async def _start(
    python: Path, service: str, dsn: str, bootstrap: str
) -> asyncio.subprocess.Process:
    paths = (ROOT / "services/classifier/src", ROOT / "libs/common/src")
    return await asyncio.create_subprocess_exec(
        str(python),
        str(HERE / "faststream_pipeline.py"),
        service,
        dsn,
        bootstrap,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(path) for path in paths),
            "OMP_NUM_THREADS": "1",
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _kept(history: asyncpg.Connection) -> int:
    return int(await history.fetchval("select count(*) from entry where topic = $1", TOPICS[2]))
