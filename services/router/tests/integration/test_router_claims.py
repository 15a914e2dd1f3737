"""Claims on a real PostgreSQL: one winner, leases that end by themselves, closing that ends all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from router_builders import Mentions, reply
from router_steps import case_of, place, somebody_waits_for_a_lock, stop, types_of

from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConflictError, NotFoundError, PreconditionFailedError
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.testing.eventually import eventually
from common.timers.loop import TimerLoop
from router.domain.claims import Person
from router.domain.closing import closing
from router.handlers.claim_case import CaseCommand, claim_case, release_case
from router.handlers.close_case import close_case
from router.jobs import timers
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres
MIA, TOM = Person("dev|mia", "Mia"), Person("dev|tom", "Tom")
ALL = "select type from outbox order by id"


@pytest.fixture
async def case_id(units: UnitOfWorkFactory, configurations: Configurations) -> UUID:
    mention = Mentions()("service")
    await place(units, configurations, mention)
    return case_of(mention)


@pytest.fixture
async def case_without_clock(units: UnitOfWorkFactory, configurations: Configurations) -> UUID:
    mention = Mentions()("non_service", kind="praise")
    await place(units, configurations, mention)
    return case_of(mention)


def wish(case_id: UUID, by: Person = MIA, **more: Any) -> CaseCommand:
    return CaseCommand(
        case_id=case_id,
        by=by,
        teams=more.get("teams"),
        expected_version=more.get("version"),
    )


async def take(
    units: UnitOfWorkFactory, command: CaseCommand, lease: timedelta | None = None
) -> None:
    async with units.begin() as uow:
        configuration = await Configurations().in_force(uow.connection)
        await claim_case(configuration, uow, command, lease=lease, new_id=new_id)


async def close(units: UnitOfWorkFactory, command: CaseCommand, outcome: str = "no_action") -> None:
    account = closing(
        outcome, cause="chain", summary="Adjusted at the next service.", fault="product"
    )
    async with units.begin() as uow:
        await close_case(uow, command, account, new_id=new_id)


async def test_eight_at_once_make_one_winner_whom_the_others_read_about(
    units: UnitOfWorkFactory, case_id: UUID, database: Any
) -> None:
    people = [Person(f"dev|{number}", f"Person {number}") for number in range(8)]
    results = await asyncio.gather(
        *(take(units, wish(case_id, person)) for person in people), return_exceptions=True
    )
    refusals = [result for result in results if isinstance(result, ConflictError)]
    assert len(refusals) == 7
    assert results.count(None) == 1
    winner = people[results.index(None)]
    assert {refusal.details["holder"] for refusal in refusals} == {winner.name}
    row = await database.fetchrow("select state, holder_id from cases")
    assert tuple(row) == ("claimed", winner.id)
    assert types_of(await database.fetch(ALL)) == [
        "case.opened",
        "case.claimed",
        "case.state_changed",
        "case.owner_changed",
    ]


async def test_who_comes_second_waits_for_the_first_and_then_reads_their_name(
    units: UnitOfWorkFactory, case_id: UUID, database: Any
) -> None:
    async with units.begin() as uow:
        configuration = await Configurations().in_force(uow.connection)
        await claim_case(configuration, uow, wish(case_id), lease=None, new_id=new_id)
        rival = asyncio.create_task(take(units, wish(case_id, TOM)))
        await eventually(lambda: somebody_waits_for_a_lock(database))
    with pytest.raises(ConflictError) as refusal:
        await rival
    assert refusal.value.details["holder"] == "Mia"


async def test_a_lease_ends_by_itself_and_a_renewed_one_does_not(
    units: UnitOfWorkFactory, case_id: UUID, database: Any
) -> None:
    await take(units, wish(case_id), timedelta(seconds=60))
    later = UnitOfWorkFactory(units._engine, write_outbox, offset=timedelta(seconds=50))
    await take(later, wish(case_id), timedelta(seconds=60))
    first_end = UnitOfWorkFactory(units._engine, write_outbox, offset=timedelta(seconds=61))
    await TimerLoop(first_end, timers(Configurations())).fire_due()
    assert await database.fetchval("select state from cases") == "claimed"

    second_end = UnitOfWorkFactory(units._engine, write_outbox, offset=timedelta(seconds=120))
    await asyncio.gather(
        *(TimerLoop(second_end, timers(Configurations())).fire_due() for _ in range(3))
    )
    row = await database.fetchrow("select state, holder_id, lease_until from cases")
    assert tuple(row) == ("open", None, None)
    published = await database.fetch(
        "select convert_from(payload, 'utf8')::json ->> 'reason' as reason from outbox"
        " where type = 'router.case.released.v1'"
    )
    assert [row["reason"] for row in published] == ["expired"]


async def test_a_lease_that_ran_out_is_taken_over_even_before_its_timer(
    units: UnitOfWorkFactory, case_id: UUID, database: Any
) -> None:
    await take(units, wish(case_id), timedelta(seconds=60))
    later = UnitOfWorkFactory(units._engine, write_outbox, offset=timedelta(seconds=61))
    await take(later, wish(case_id, TOM))
    assert types_of(await database.fetch(ALL)) == [
        "case.opened",
        *("case.claimed", "case.state_changed", "case.owner_changed"),
        *("case.released", "case.state_changed", "case.owner_changed"),
        *("case.claimed", "case.state_changed", "case.owner_changed"),
    ]
    assert await database.fetchval("select holder_name from cases") == "Tom"


async def test_giving_back_is_for_the_holder(
    units: UnitOfWorkFactory, case_id: UUID, database: Any
) -> None:
    await take(units, wish(case_id))
    with pytest.raises(ConflictError):
        async with units.begin() as uow:
            await release_case(uow, wish(case_id, TOM), new_id=new_id)
    async with units.begin() as uow:
        await release_case(uow, wish(case_id), new_id=new_id)
    assert await database.fetchval("select state from cases") == "open"
    assert (
        await database.fetchval(
            "select count(*) from timer where state = 0 and kind = $1", "claim_expiry"
        )
        == 0
    )


async def test_another_teams_case_does_not_exist(units: UnitOfWorkFactory, case_id: UUID) -> None:
    with pytest.raises(NotFoundError):
        await take(units, wish(case_id, teams=["community_management"]))
    await take(units, wish(case_id, teams=["social_support"]))


async def test_the_holder_is_named_before_a_stale_version_is(
    units: UnitOfWorkFactory, case_id: UUID
) -> None:
    await take(units, wish(case_id, version=1))
    with pytest.raises(ConflictError) as refusal:
        await take(units, wish(case_id, TOM, version=1))
    assert refusal.value.details["holder"] == "Mia"
    with pytest.raises(PreconditionFailedError):
        await take(units, wish(case_id, version=1))


async def test_closing_without_a_reaction_waives_the_clock_and_silences_every_timer(
    units: UnitOfWorkFactory, case_id: UUID, database: Any
) -> None:
    await take(units, wish(case_id))
    with pytest.raises(ConflictError) as refusal:
        await close(units, wish(case_id), "solved")
    assert refusal.value.code == "first_reaction_owed"
    await close(units, wish(case_id), "no_action")
    case = await database.fetchrow("select * from cases")
    assert (case["state"], case["outcome"], case["closed_by_name"]) == (
        "closed",
        "no_action",
        "Mia",
    )
    assert case["holder_id"] is None
    assert await database.fetchval("select state from clock") == "waived"
    assert await database.fetchval("select count(*) from timer where state = 0") == 0
    with pytest.raises(ConflictError) as again:
        await close(units, wish(case_id))
    assert again.value.code == "case_is_closed"


async def test_closing_after_a_reaction_keeps_the_met_clock(
    units: UnitOfWorkFactory, case_id: UUID, database: Any
) -> None:
    conversation = await database.fetchval("select conversation_id from cases")
    await stop(units, reply(case_id, conversation, sent_at=datetime.now(UTC)))
    await close(units, wish(case_id), "solved")
    assert await database.fetchval("select state from clock") == "met"


async def test_a_case_in_another_persons_hands_is_not_closed(
    units: UnitOfWorkFactory, case_without_clock: UUID
) -> None:
    await take(units, wish(case_without_clock))
    with pytest.raises(ConflictError):
        await close(units, wish(case_without_clock, TOM))
    await close(units, wish(case_without_clock), "answered")
