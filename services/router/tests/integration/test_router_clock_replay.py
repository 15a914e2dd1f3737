"""Whatever happens to a clock: its ledger, replayed from the database, is what is stored.

Random lives of a clock over months, across a change of daylight saving: questions and answers of
the customer, pauses and re-plans by people, new versions of the configuration, bells.
"""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from router_builders import Mentions, reply
from router_steps import case_of

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import ConflictError
from common.outbox.writer import write_outbox
from common.timers.loop import TimerLoop
from router.domain.claims import Person
from router.domain.clock_ledger import EntryKind
from router.handlers.apply_configuration import apply_configuration
from router.handlers.change_clock import change_clock, replan_clock
from router.handlers.claim_case import CaseCommand
from router.handlers.note_replies import note_replies
from router.handlers.place_mentions import place_mentions
from router.handlers.replan_clocks import replan_clocks
from router.jobs import timers
from router.storage import clocks
from router.storage.clock_view import explain_clock
from router.storage.configuration_document import packaged_default, parse
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres
LIVES, STEPS = (40, 40) if os.environ.get("OMBUD_FULL") else (4, 14)
OLAF = Person("dev|olaf", "Olaf")
ANSWERS = (
    {"hours": 24, "warn_at_percent": 75, "calendar": "support_de"},
    {"hours": 30, "warn_at_percent": 50},
    {"hours": 90, "warn_at_percent": 50, "calendar": "nights"},
)
NIGHTS = {"zone": "Europe/Berlin", "week": {day: ["01:00-04:00"] for day in ("sat", "sun", "mon")}}
Step = Callable[["Life"], Awaitable[None]]


class Life:
    """A case with an answer clock, and a time that only goes on."""

    def __init__(self, units: UnitOfWorkFactory, chance: random.Random) -> None:
        self._units, self.chance = units, chance
        self._offset = timedelta(0)
        self.configurations = Configurations()
        self.version = 1
        self.case_id = self.conversation = UUID(int=0)
        self._posts = 0

    @property
    def units(self) -> UnitOfWorkFactory:
        return UnitOfWorkFactory(self._units._engine, write_outbox, offset=self._offset)

    def go_on(self) -> None:
        self._offset += timedelta(days=self.chance.choice((0.01, 0.3, 1.7, 9, 30)))

    async def begin(self) -> None:
        await self.post()
        await self.send("holding")

    async def post(self) -> None:
        self._posts += 1
        async with self.units.begin() as uow:
            mention = Mentions(detected_at=uow.now)(
                "service", thread="t", native_id=f"{self._offset}-{self._posts}"
            )
            await place_mentions(self.configurations, uow, [mention])
            if self._posts == 1:
                self.case_id = case_of(mention)
                self.conversation = mention.data.mention.conversation_id

    async def send(self, kind: str) -> None:
        async with self.units.begin() as uow:
            sent_at = uow.now - timedelta(minutes=self.chance.choice((0, 0, 3, 90)))
            event = reply(self.case_id, self.conversation, kind=kind, sent_at=sent_at)
            await note_replies(self.configurations, uow, [event])

    async def change(self, do: Callable[[UnitOfWork, CaseCommand, UUID], Awaitable[None]]) -> None:
        async with self.units.begin() as uow:
            pending = await clocks.lock_open(uow.connection, [self.case_id], ["answer"])
            if not pending:
                return
            command = CaseCommand(case_id=self.case_id, by=OLAF, teams=None)
            try:
                await do(uow, command, pending[0].clock.clock_id)
            except ConflictError:
                return  # its state does not allow it: nothing was written yet

    async def ring(self) -> None:
        loop = TimerLoop(self.units, timers(self.configurations))
        while await loop.fire_due() == timedelta(0):
            continue


async def ask(life: Life) -> None:
    await life.send("question")


async def hold(life: Life) -> None:
    await life.send("holding")


async def answer(life: Life) -> None:
    if life.chance.random() < 0.3:
        await life.send("answer")


async def pause_or_resume(life: Life) -> None:
    kind = life.chance.choice((EntryKind.PAUSE, EntryKind.RESUME))

    async def do(uow: UnitOfWork, command: CaseCommand, clock_id: UUID) -> None:
        configuration = await life.configurations.in_force(uow.connection)
        await change_clock(
            configuration, uow, command, clock_id=clock_id, kind=kind, reason="Zufall."
        )

    await life.change(do)


async def replan(life: Life) -> None:
    duration = life.chance.choice((None, timedelta(hours=7), timedelta(days=20)))

    async def do(uow: UnitOfWork, command: CaseCommand, clock_id: UUID) -> None:
        configuration = await life.configurations.in_force(uow.connection)
        await replan_clock(
            configuration, uow, command, clock_id=clock_id, reason="Zufall.", duration=duration
        )

    await life.change(do)


async def configure(life: Life) -> None:
    document = packaged_default().dumped()
    document["clocks"]["answer"] = life.chance.choice(ANSWERS)
    document["calendars"]["nights"] = NIGHTS
    async with life.units.begin() as uow:
        life.version = await apply_configuration(
            uow, parse(document), by=OLAF, expected_version=life.version
        )
    while await replan_clocks(life.configurations, life.units):
        continue


async def ring(life: Life) -> None:
    await life.ring()


async def post(life: Life) -> None:
    await life.post()


ACTIONS: tuple[Step, ...] = (
    *(ask, hold, answer, pause_or_resume, pause_or_resume, replan, configure, ring, post),
)


@pytest.mark.parametrize("seed", range(LIVES))
async def test_the_ledger_in_the_database_replays_to_the_stored_clock(
    units: UnitOfWorkFactory, database: Any, seed: int
) -> None:
    life = Life(units, random.Random(seed))
    await life.begin()
    for _ in range(STEPS):
        life.go_on()
        await life.chance.choice(ACTIONS)(life)
    async with units.read() as connection:
        all_of_them = await clocks.of_case(connection, life.case_id)
        for clock in all_of_them:
            explained = await explain_clock(connection, life.case_id, clock.clock_id, None)
            assert explained.agrees, (seed, explained)
    assert {clock.kind for clock in all_of_them} >= {"first_reaction", "answer"}
    longest = await database.fetchval("select max(seq) from clock_entry")
    assert longest >= 1, "a life in which nothing happened shows nothing"
    differing = await database.fetch(
        "select clock.clock_id from clock left join timer on timer.owner_id = clock.clock_id"
        " and timer.kind = clock.kind || '_breach' and timer.state = 0"
        " where (clock.state = 'running') <> (timer.armed_for is not distinct from clock.due_at"
        " and timer.id is not null)"
    )
    assert differing == [], "a running clock has its timer at its deadline, another has none"
    unwatched = await database.fetchval(
        "select count(*) from cases where state not in ('resolved', 'unsolvable', 'closed')"
        " and not exists (select from clock where clock.case_id = cases.case_id"
        " and clock.state = 'running')"
    )
    assert unwatched == 0
