"""Timers on a real PostgreSQL: once each, on time, in the transaction of their effect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.events.envelope import Message
from common.observability import metrics
from common.testing.eventually import eventually
from common.testing.postgres import create_database, drop_database
from common.timers import loop as timer_loop
from common.timers import table
from common.timers.loop import TimerLoop
from common.timers.store import DueTimer, NewTimer, arm, cancel

pytestmark = pytest.mark.postgres

SECOND = timedelta(seconds=1)


class Ops:
    """The one call of `alembic.op` that table.create makes, on a plain connection."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, statement: str) -> None:
        self.statements.append(statement)


async def build(admin: str) -> str:
    dsn = await create_database(admin)
    ops = Ops()
    table.create(ops)  # type: ignore[arg-type]
    connection = await asyncpg.connect(dsn)
    for statement in (
        *ops.statements,
        "create table effect (owner_id uuid, kind text, generation int, at timestamptz)",
        "create table cases (id uuid primary key, answered boolean not null default false)",
    ):
        await connection.execute(statement)
    await connection.close()
    return dsn


@pytest.fixture
async def database(postgres_admin_dsn: str) -> AsyncIterator[str]:
    dsn = await build(postgres_admin_dsn)
    yield dsn
    await drop_database(dsn)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database, pool_size=20, application_name="test-timers")
    yield engine
    await engine.dispose()


async def no_outbox(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    raise AssertionError("nothing is published here")


@pytest.fixture
def units(engine: AsyncEngine) -> UnitOfWorkFactory:
    return UnitOfWorkFactory(engine, no_outbox)


async def record(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
    await uow.connection.execute(
        text(
            "insert into effect select o, k, g, clock_timestamp() from unnest("
            "cast(:o as uuid[]), cast(:k as text[]), cast(:g as int[])) as t (o, k, g)"
        ),
        {
            "o": [timer.owner_id for timer in timers],
            "k": [timer.kind for timer in timers],
            "g": [timer.generation for timer in timers],
        },
    )


async def refuse(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
    raise ValueError("the handler is broken")


def new(owner: UUID, uow: UnitOfWork, *, after: timedelta, kind: str = "warn") -> NewTimer:
    return NewTimer(
        owner_id=owner,
        conversation_id=owner,
        kind=kind,
        due_at=uow.now + after,
        payload={"of": str(owner)},
    )


async def arm_one(
    units: UnitOfWorkFactory, *, after: timedelta = timedelta(0), kind: str = "warn"
) -> UUID:
    owner = uuid4()
    async with units.begin() as uow:
        await arm(uow.connection, [new(owner, uow, after=after, kind=kind)])
    return owner


async def rows(engine: AsyncEngine, sql: str) -> list[tuple[object, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


class Running:
    """Loops that run for the length of a block."""

    def __init__(self, *loops: TimerLoop) -> None:
        self._loops = loops
        self._stop = asyncio.Event()

    async def __aenter__(self) -> None:
        self._tasks = [asyncio.create_task(loop.run(self._stop)) for loop in self._loops]

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.wait_for(asyncio.gather(*self._tasks), 5)


class TestStore:
    async def test_arming_again_sets_it_anew_whatever_its_state(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        owner = await arm_one(units)
        loop = TimerLoop(units, {"warn": record})
        await loop.fire_due()
        assert await rows(engine, "select state, generation from timer") == [(1, 0)]
        async with units.begin() as uow:
            await arm(uow.connection, [new(owner, uow, after=SECOND)])
        assert await rows(
            engine, "select state, generation, fired_at, due_at > now() from timer"
        ) == [(0, 1, None, True)]
        async with units.begin() as uow:
            assert await cancel(uow.connection, [owner], ["warn", "breach"]) == 1
            assert await cancel(uow.connection, [owner], ["warn"]) == 0
        assert await rows(engine, "select state from timer") == [(2,)]
        async with units.begin() as uow:
            await arm(uow.connection, [new(owner, uow, after=timedelta(0))])
        await loop.fire_due()
        assert await rows(engine, "select generation from effect order by at") == [(0,), (2,)]

    async def test_nothing_is_armed_or_cancelled_by_an_empty_call(
        self, units: UnitOfWorkFactory
    ) -> None:
        async with units.begin() as uow:
            await arm(uow.connection, [])
            assert await cancel(uow.connection, [], ["warn"]) == 0
            assert await cancel(uow.connection, [uuid4()], []) == 0

    def test_an_occurrence_has_one_id_and_the_next_another(self) -> None:
        def due(*, generation: int, attempts: int) -> DueTimer:
            return DueTimer(
                id=1,
                owner_id=UUID(int=7),
                conversation_id=UUID(int=7),
                kind="warn",
                due_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
                payload={},
                generation=generation,
                attempts=attempts,
            )

        first = due(generation=0, attempts=0)
        again = due(generation=0, attempts=3)
        rearmed = due(generation=1, attempts=0)
        assert first.occurrence_id == again.occurrence_id != rearmed.occurrence_id


class TestLoop:
    async def test_it_sleeps_until_the_next_one_is_due(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        for milliseconds in (150, 300, 430):
            await arm_one(units, after=timedelta(milliseconds=milliseconds))
        async with Running(TimerLoop(units, {"warn": record})):
            await eventually(lambda: rows(engine, "select 1 from effect offset 2"))
        late = await rows(
            engine,
            "select extract(epoch from at - armed_for)::float8 from effect "
            "join timer using (owner_id) order by at",
        )
        assert all(0 <= each[0] < 0.2 for each in late), late  # type: ignore[operator]

    async def test_it_wakes_when_told(self, units: UnitOfWorkFactory, engine: AsyncEngine) -> None:
        wake = asyncio.Event()
        loop = TimerLoop(units, {"warn": record}, wake)
        async with Running(loop):
            await eventually(lambda: metrics.TIMERS_PENDING_ROWS._value.get() == 0)
            await arm_one(units)
            wake.set()
            await eventually(
                lambda: rows(engine, "select 1 from effect"), within=timedelta(seconds=2)
            )

    async def test_far_timers_and_foreign_kinds_stay(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        await arm_one(units, kind="from_newer_code")
        await arm_one(units, after=60 * SECOND)
        pause = await TimerLoop(units, {"warn": record}).fire_due()
        assert await rows(engine, "select state from timer") == [(0,), (0,)]
        assert timedelta(milliseconds=400) < pause <= timer_loop.LONGEST_SLEEP

    async def test_a_scenarios_offset_moves_the_due_time(
        self, engine: AsyncEngine, units: UnitOfWorkFactory
    ) -> None:
        await arm_one(units, after=3600 * SECOND)
        later = UnitOfWorkFactory(engine, no_outbox, offset=timedelta(hours=2))
        await TimerLoop(units, {"warn": record}).fire_due()
        assert await rows(engine, "select 1 from effect") == []
        loop = TimerLoop(later, {"warn": record})
        await loop.fire_due()
        assert len(await rows(engine, "select 1 from effect")) == 1
        await loop._count()

    async def test_a_failing_handler_blocks_no_other_and_loses_nothing(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        bad = await arm_one(units, kind="bad")
        good = [await arm_one(units) for _ in range(5)]
        loop = TimerLoop(units, {"warn": record, "bad": refuse})
        before = metrics.TIMERS_POSTPONED_TOTAL.labels("bad", "ValueError")._value.get()
        await loop.fire_due()
        fired = await rows(engine, "select owner_id from effect")
        assert {each[0] for each in fired} == set(good)
        assert await rows(
            engine,
            "select owner_id, attempts, due_at > armed_for, armed_for < now() from timer "
            "where state = 0",
        ) == [(bad, 1, True, True)]
        assert metrics.TIMERS_POSTPONED_TOTAL.labels("bad", "ValueError")._value.get() == before + 1

        await loop._count()
        assert metrics.TIMERS_FAILING_ROWS._value.get() == 1
        assert metrics.TIMERS_OLDEST_OVERDUE_SECONDS._value.get() > 0

        async with units.begin() as uow:
            await uow.connection.execute(text("update timer set due_at = now() where state = 0"))
        seen: list[DueTimer] = []

        async def repaired(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
            seen.extend(timers)

        await TimerLoop(units, {"bad": repaired}).fire_due()
        assert [(each.owner_id, each.attempts) for each in seen] == [(bad, 1)]

    async def test_delays_grow_and_end_at_five_minutes(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        await arm_one(units, kind="bad")
        loop = TimerLoop(units, {"bad": refuse})
        for wanted in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300):
            ((before,),) = await rows(engine, "select now()")
            await loop.fire_due()
            ((due_at, after),) = await rows(engine, "select due_at, now() from timer")
            delay = timedelta(seconds=wanted)  # from some moment in between, however long it took
            assert before + delay <= due_at <= after + delay
            async with units.begin() as uow:
                await uow.connection.execute(text("update timer set due_at = now()"))

    async def test_what_a_handler_wrote_before_it_failed_is_gone(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        async def write_and_fail(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
            await record(uow, timers)
            raise ValueError

        await arm_one(units)
        await TimerLoop(units, {"warn": write_and_fail}).fire_due()
        assert await rows(engine, "select 1 from effect") == []
        assert await rows(engine, "select state, attempts from timer") == [(0, 1)]

    async def test_a_handler_may_arm_its_own_timer_again(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        async def again(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
            await record(uow, timers)
            await arm(uow.connection, [new(each.owner_id, uow, after=SECOND) for each in timers])

        await arm_one(units)
        await TimerLoop(units, {"warn": again}).fire_due()
        assert await rows(engine, "select state, generation from timer") == [(0, 1)]

    async def test_it_outlives_a_database_that_is_gone(
        self, units: UnitOfWorkFactory, engine: AsyncEngine, database: str
    ) -> None:
        name = database.rpartition("/")[2]
        admin = await asyncpg.connect(database.rpartition("/")[0] + "/postgres")
        failed = metrics.TIMERS_FAILURES_TOTAL
        async with Running(TimerLoop(units, {"warn": record})):
            await admin.execute(f"alter database {name} allow_connections false")
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
            )
            await eventually(lambda: sum(s.value for m in failed.collect() for s in m.samples))
            await admin.execute(f"alter database {name} allow_connections true")
            await admin.close()
            await eventually(lambda: arm_one(units), retry_on=(Exception,))
            await eventually(lambda: rows(engine, "select 1 from effect"))


class TestSideBySide:
    async def test_a_handler_looks_again_and_sees_that_the_case_was_answered(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        """The command holds the case, the loop has claimed the timer and waits for the case."""
        owner = await arm_one(units)
        async with units.begin() as uow:
            await uow.connection.execute(text("insert into cases (id) values (:id)"), {"id": owner})
        claimed = asyncio.Event()
        seen: list[bool] = []

        async def look_again(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
            claimed.set()
            for timer in timers:
                answered = await uow.connection.execute(
                    text("select answered from cases where id = :id for update"),
                    {"id": timer.owner_id},
                )
                seen.append(answered.scalar_one())

        async with units.begin() as uow:
            await uow.connection.execute(
                text("update cases set answered = true where id = :id"), {"id": owner}
            )
            firing = asyncio.create_task(TimerLoop(units, {"warn": look_again}).fire_due())
            await claimed.wait()
            # The timer is locked by the loop: cancelling passes it by, at once.
            async with asyncio.timeout(0.2):
                assert await cancel(uow.connection, [owner], ["warn"]) == 0
        await firing
        await TimerLoop(units, {"warn": look_again}).fire_due()
        assert seen == [True]
        assert await rows(engine, "select state from timer") == [(1,)]

    async def test_arming_a_timer_that_fires_does_not_deadlock(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        """The command holds the case and wants the timer, the loop the other way round."""
        owner = await arm_one(units)
        async with units.begin() as uow:
            await uow.connection.execute(text("insert into cases (id) values (:id)"), {"id": owner})
        claimed = asyncio.Event()

        async def lock_case(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
            claimed.set()
            for timer in timers:
                await uow.connection.execute(
                    text("select from cases where id = :id for update"), {"id": timer.owner_id}
                )
            await record(uow, timers)

        loop = TimerLoop(units, {"warn": lock_case})
        async with units.begin() as uow:
            await uow.connection.execute(
                text("select from cases where id = :id for update"), {"id": owner}
            )
            firing = asyncio.create_task(loop.fire_due())
            await claimed.wait()
            async with asyncio.timeout(0.9):  # deadlock_timeout is 1 s
                await arm(uow.connection, [new(owner, uow, after=60 * SECOND)])
        await firing
        assert await rows(engine, "select state, generation, attempts from timer") == [(0, 1, 0)]
        assert await rows(engine, "select 1 from effect") == []

    async def test_cancelling_and_firing_under_load_never_deadlock(
        self, units: UnitOfWorkFactory, engine: AsyncEngine
    ) -> None:
        owners = [uuid4() for _ in range(400)]
        async with units.begin() as uow:
            await uow.connection.execute(
                text("insert into cases select unnest(cast(:ids as uuid[]))"), {"ids": owners}
            )
            await arm(
                uow.connection,
                [
                    new(owner, uow, after=timedelta(milliseconds=2 * number))
                    for number, owner in enumerate(owners)
                ],
            )

        async def answer_race(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
            waiting = await uow.connection.execute(
                text(
                    "select id from cases where id = any(cast(:ids as uuid[])) "
                    "and not answered order by id for update"
                ),
                {"ids": [timer.owner_id for timer in timers]},
            )
            ids = {row.id for row in waiting}
            await record(uow, [timer for timer in timers if timer.owner_id in ids])

        async def answer(owner: UUID) -> None:
            async with units.begin() as uow:
                await uow.connection.execute(
                    text("update cases set answered = true where id = :id"), {"id": owner}
                )
                await cancel(uow.connection, [owner], ["warn"])

        async with Running(*(TimerLoop(units, {"warn": answer_race}) for _ in range(3))):
            await asyncio.gather(*(answer(owner) for owner in owners[1::2]))
            await eventually(lambda: nothing_pending(engine), within=timedelta(seconds=20))
        fired = await rows(engine, "select owner_id, count(*) from effect group by 1")
        assert all(count == 1 for _, count in fired)
        assert {owner for owner, _ in fired} >= set(owners[0::2])

    async def test_a_loop_stops_within_its_batch(self, units: UnitOfWorkFactory) -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(TimerLoop(units, {"warn": record}).run(stop))
        stop.set()
        await asyncio.wait_for(task, 2)


async def nothing_pending(engine: AsyncEngine) -> bool:
    return await rows(engine, "select count(*) from timer where state = 0") == [(0,)]
