"""One process that fires timers, as a service does: the loop, and an event per timer.

What fired is told after its commit, on stdout: the commit's time and, of each timer, when it was
due. Killed in between, a timer that fired is not told of, but its event stands in the outbox. What
a service does besides (the clock's row, its ledger) comes on top and is not measured here.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.events.envelope import new_event
from common.events.router import ClockBreached
from common.events.vocabulary import ClockKind
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.timers.loop import TimerLoop
from common.timers.store import DueTimer

KIND = "bench_breach"


class Worker:
    """Fires, and remembers what of it is not committed yet."""

    def __init__(self) -> None:
        self._due: list[float] = []

    async def fire(self, uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
        """An event per firing, with an id of its own: one that fires twice has two."""
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
                    id=new_id(),
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
