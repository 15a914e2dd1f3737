"""One process that fires timers, as a service does: the loop, an event per timer, a row each.

What fired is told after its commit, on stdout: the commit's time and, of each timer, when it was
due. Killed in between, a timer that fired is not told of, but it stands in the table of effects.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

from sqlalchemy import text

from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.events.envelope import new_event
from common.events.router import ClockBreached
from common.events.vocabulary import ClockKind
from common.outbox.writer import write_outbox
from common.timers.loop import TimerLoop
from common.timers.store import DueTimer

KIND = "bench_breach"
_EFFECT = text("insert into effect (timer_id) select unnest(cast(:ids as bigint[]))")


class Worker:
    """Fires, and remembers what of it is not committed yet."""

    def __init__(self) -> None:
        self._due: list[float] = []

    async def fire(self, uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
        """What a router does at least: a row per timer, and an event."""
        await uow.connection.execute(_EFFECT, {"ids": [timer.id for timer in timers]})
        uow.publish(
            *(
                new_event(
                    ClockBreached(
                        case_id=timer.owner_id,
                        conversation_id=timer.conversation_id,
                        clock=ClockKind.FIRST_REACTION,
                        team="social_support",
                        started_at=timer.due_at,
                        due_at=timer.due_at,
                        breached_at=uow.now,
                    ),
                    id=timer.occurrence_id,
                    subject=timer.owner_id,
                    time=uow.now,
                )
                for timer in timers
            )
        )
        self._due = [timer.due_at.timestamp() for timer in timers]

    def committed(self) -> None:
        """After each commit: tell."""
        due, self._due = self._due, []
        line = " ".join(f"{each:.6f}" for each in (time.time(), *due))
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


async def main(dsn: str) -> None:
    worker = Worker()
    engine = create_engine(dsn, pool_size=2, application_name="bench-timers")
    units = UnitOfWorkFactory(engine, write_outbox, on_commit=worker.committed)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await TimerLoop(units, {KIND: worker.fire}).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
