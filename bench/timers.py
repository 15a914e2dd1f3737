"""Timers against goal R4: lateness at a rate, a burst, an outage, and each exactly once.

    python -m bench timers              300,000 pending, about two minutes
    python -m bench timers --full       3,000,000 pending, the sizes of the goal

Lateness is measured from the moment a timer was due to the commit of its effect, by the clock of
this machine, on which everything runs. Workers are processes, each with one loop.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from bench.measure import percentile, until
from bench.timers_worker import KIND
from common.outbox import table as outbox
from common.testing.postgres import create_database, drop_database
from common.timers import table as timers

Say = Callable[[str], None]
RATE = 1_000
AIMS = {
    "timers_p99_ms": 50.0,
    "timers_max_ms": 1_000.0,
    "timers_burst_s": 1.0,
    "timers_outage_s": 10.0,
    "timers_twice": 0.0,
    "timers_never": 0.0,
}
"""Goal R4, on a quiet machine; the kill -9 phase has no aim for lateness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything; the goal's own sizes with `full`."""

    pending: int = 300_000
    seconds: int = 15
    burst: int = 20_000
    outage: int = 100_000
    workers: int = 8
    kills: int = 16

    @classmethod
    def full(cls) -> Sizes:
        return cls(pending=3_000_000, seconds=60, kills=40)


class Statements(list[str]):
    """Takes what `table.create` would execute."""

    execute = list.append


@dataclass(slots=True)
class Workers:
    """The firing processes, and what they told: (due, committed), in seconds since 1970."""

    dsn: str
    told: list[tuple[float, float]] = field(default_factory=list)
    _running: list[asyncio.subprocess.Process] = field(default_factory=list)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self, count: int) -> None:
        """Start so many and wait until each is ready."""
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bench.timers_worker",
                self.dsn,
                stdout=asyncio.subprocess.PIPE,
                limit=2**20,
            )
            self._running.append(process)
            ready = asyncio.Event()
            self._readers.append(asyncio.create_task(self._read(process, ready)))
            await ready.wait()

    async def kill_one(self, chance: random.Random) -> None:
        """kill -9 one, and start another in its place."""
        victim = self._running.pop(chance.randrange(len(self._running)))
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        await self.start(1)

    async def stop(self) -> None:
        for process in self._running:
            process.kill()
            await process.wait()
        await asyncio.gather(*self._readers)
        self._running, self._readers = [], []

    async def _read(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        if process.stdout is None:
            raise RuntimeError("a worker without a pipe")
        async for line in process.stdout:
            if line == b"ready\n":
                ready.set()
                continue
            if not line.endswith(b"\n"):
                return  # killed while it wrote
            committed, *due = (float(each) for each in line.split())
            self.told += [(each, committed) for each in due]
        ready.set()


async def measure(server: str, say: Say, *, sizes: Sizes) -> dict[str, float]:
    """All phases on a database of their own; figures by name."""
    dsn = await create_database(server)
    workers = Workers(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        await _create(connection)
        say(f"timers: {sizes.pending} pending, {sizes.workers} workers")
        await _fill(connection, sizes.pending)
        await workers.start(sizes.workers)
        found: dict[str, float] = {"timers_pending": sizes.pending}
        found |= await _rate(connection, workers, say, sizes)
        found["timers_burst_s"] = await _burst(connection, workers, sizes.burst)
        say(f"  {sizes.burst} in one instant: {found['timers_burst_s']:.2f} s")
        found["timers_outage_s"] = await _outage(connection, workers, sizes)
        say(f"  {sizes.outage} overdue after an outage: {found['timers_outage_s']:.2f} s")
        found |= await _kills(connection, workers, say, sizes)
        found |= await _once(connection)
        return found
    finally:
        await workers.stop()
        await connection.close()
        await drop_database(dsn)


async def _create(connection: asyncpg.Connection) -> None:
    statements = Statements()
    timers.create(statements)  # type: ignore[arg-type]
    outbox.create(statements)
    for statement in statements:
        await connection.execute(statement)


async def _fill(connection: asyncpg.Connection, pending: int) -> None:
    """Timers that are due from tomorrow on, in any order."""
    await connection.execute(
        "insert into timer (owner_id, conversation_id, kind, armed_for, due_at) "
        "select o, o, $1, d, d from (select gen_random_uuid() as o, "
        " now() + interval '1 day' + random() * interval '30 days' as d "
        f" from generate_series(1, {pending})) as new",
        KIND,
        timeout=600,
    )
    await connection.execute("vacuum analyze timer", timeout=600)
    await connection.execute("checkpoint", timeout=600)


async def _arm(connection: asyncpg.Connection, count: int, due_at: str) -> float:
    """Arm `count` timers; `due_at` is SQL over n. When that was committed."""
    await connection.execute(
        "insert into timer (owner_id, conversation_id, kind, armed_for, due_at) "
        "select o, o, $1, d, d from (select gen_random_uuid() as o, "
        f" {due_at} as d from generate_series(1, {count}) as n) as new",
        KIND,
        timeout=120,
    )
    return time.time()


async def _told(workers: Workers, wanted: int, *, within_s: float) -> list[tuple[float, float]]:
    """What was told since the last time, once it is `wanted` timers."""

    async def count() -> int:
        return len(workers.told)

    await until(count, wanted, within_s=within_s)
    told, workers.told = workers.told, []
    return told


async def _rate(
    connection: asyncpg.Connection, workers: Workers, say: Say, sizes: Sizes
) -> dict[str, float]:
    count = RATE * sizes.seconds
    await _arm(connection, count, f"clock_timestamp() + make_interval(secs => 4 + n / {RATE}.0)")
    told = await _told(workers, count, within_s=sizes.seconds + 120)
    late = [1000 * (committed - due) for due, committed in told]
    found = {
        "timers_p50_ms": percentile(late, 0.50),
        "timers_p99_ms": percentile(late, 0.99),
        "timers_max_ms": max(late),
    }
    say(
        f"  {RATE} due per second for {sizes.seconds} s: p50 {found['timers_p50_ms']:.1f} ms,"
        f" p99 {found['timers_p99_ms']:.1f} ms, max {found['timers_max_ms']:.0f} ms"
    )
    return found


async def _burst(connection: asyncpg.Connection, workers: Workers, count: int) -> float:
    await _arm(connection, count, "now() + interval '6 seconds'")
    told = await _told(workers, count, within_s=120)
    return max(committed - due for due, committed in told)


async def _outage(connection: asyncpg.Connection, workers: Workers, sizes: Sizes) -> float:
    """What was due during ten minutes becomes visible at once, to workers that are ready.

    Not by stopping the workers: here eight processes start for longer than the backlog lasts.
    """
    overdue = f"now() - make_interval(secs => n * 600.0 / {sizes.outage})"
    visible_at = await _arm(connection, sizes.outage, overdue)
    told = await _told(workers, sizes.outage, within_s=300)
    return max(committed for _, committed in told) - visible_at


async def _kills(
    connection: asyncpg.Connection, workers: Workers, say: Say, sizes: Sizes
) -> dict[str, float]:
    """Due all the time while processes are killed; what a killed one told last may be lost."""
    chance = random.Random(4)
    before = await connection.fetchval("select count(*) from outbox")
    count = RATE * 10
    await _arm(connection, count, "clock_timestamp() + make_interval(secs => 2 + n / 1000.0)")
    for _ in range(sizes.kills):
        await asyncio.sleep(chance.uniform(0.1, 0.6))
        await workers.kill_one(chance)

    async def fired() -> int:
        return int(await connection.fetchval("select count(*) from outbox")) - int(before)

    await until(fired, count, within_s=120)
    late = [1000 * (committed - due) for due, committed in workers.told]
    workers.told = []
    found = {"timers_kills": float(sizes.kills), "timers_kills_p99_ms": percentile(late, 0.99)}
    say(f"  {count} while {sizes.kills} processes were killed: p99 {percentile(late, 0.99):.0f} ms")
    return found


async def _once(connection: asyncpg.Connection) -> dict[str, float]:
    # The key of an event is the conversation, and each of these timers has its own.
    twice = await connection.fetchval(
        "select count(*) from (select from outbox group by key having count(*) > 1) as more"
    )
    never = await connection.fetchval(
        "select count(*) from timer"
        " left join outbox on outbox.key = convert_to(timer.conversation_id::text, 'UTF8')"
        " where (timer.due_at <= now()) <> (outbox.key is not null)",
        timeout=120,
    )
    return {"timers_twice": float(twice), "timers_never": float(never)}


def verdict(found: dict[str, float]) -> list[str]:
    """Each aim with what was measured, one line each."""
    return [
        f"{name:>22}  {found[name]:>10.1f}  aim {aim:g}  {'ok' if found[name] <= aim else 'MISSED'}"
        for name, aim in AIMS.items()
    ]
