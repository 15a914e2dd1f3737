"""Steps that several of the router's integration tests take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import Event
from common.ids import derived_id, new_id
from router.domain.claims import Person
from router.domain.closing import Closing, Fault, Outcome
from router.handlers.claim_case import CaseCommand
from router.handlers.close_case import close_case
from router.handlers.note_replies import note_replies
from router.handlers.place_mentions import place_mentions
from router.storage.configurations import Configurations


async def place(
    units: UnitOfWorkFactory, configurations: Configurations, *events: Event[Any]
) -> list[str]:
    """Place a batch; the types of what was published, in order."""
    async with units.begin() as uow:
        await place_mentions(configurations, uow, events)
        return [message.type for message in uow.messages]


async def stop(units: UnitOfWorkFactory, *events: Event[Any]) -> list[str]:
    """Hear of sent replies; the types of what was published, in order."""
    async with units.begin() as uow:
        await note_replies(Configurations(), uow, events)
        return [message.type for message in uow.messages]


async def close(units: UnitOfWorkFactory, case_id: UUID, outcome: str = "no_action") -> None:
    """Close a case as Mia, who sees everything."""
    account = Closing(Outcome(outcome), "a cause", "A summary.", Fault.NOBODY)
    command = CaseCommand(case_id=case_id, by=Person("dev|mia", "Mia Muster"), teams=None)
    async with units.begin() as uow:
        await close_case(uow, command, account, new_id=new_id)


def case_of(event: Event[Any]) -> UUID:
    """The id of the case that this mention opens."""
    return derived_id("router", "case", event.data.mention.mention_id)


def types_of(rows: Sequence[Any]) -> list[str]:
    """The short names of published events: `case.opened` of `router.case.opened.v1`."""
    return [row["type"].removeprefix("router.").removesuffix(".v1") for row in rows]


async def somebody_waits_for_a_lock(database: Any) -> bool:
    """Whether a session of this database stands behind a row that another one holds."""
    waiting: bool = await database.fetchval(
        "select count(*) > 0 from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    return waiting
