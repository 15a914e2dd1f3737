"""Cases of a rota are offered to persons on duty: one at a time, explained, fair, kept (S31)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from router_builders import Mentions
from router_steps import case_of, place

from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import Event
from common.outbox.writer import write_outbox
from common.timers.loop import TimerLoop
from router.domain.claims import Person
from router.handlers.apply_configuration import apply_configuration
from router.jobs import timers
from router.storage.configuration_document import packaged_default, parse
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres

SUPPORT, COMMUNITY = "social_support", "community_management"
AGENTS = {"motorrad|anna", "motorrad|bela", "motorrad|cem", "motorrad|doro"}
CMS = {"motorrad|carla", "motorrad|malte"}
Login = Callable[..., dict[str, str]]


async def apply(units: UnitOfWorkFactory, **sections: Any) -> None:
    """Put the packaged configuration with other sections in force as version 2."""
    document = parse(packaged_default().dumped() | sections)
    async with units.begin() as uow:
        await apply_configuration(uow, document, by=Person("dev|ole", "Ole"), expected_version=1)


async def triage(units: UnitOfWorkFactory, configurations: Configurations, count: int) -> list[Any]:
    make = Mentions()
    events = [make("triage") for _ in range(count)]
    await place(units, configurations, *events)
    return events


async def later(units: UnitOfWorkFactory, minutes: float) -> None:
    """Ring what is due by then."""
    moved = UnitOfWorkFactory(units._engine, write_outbox, offset=timedelta(minutes=minutes))
    await TimerLoop(moved, timers(Configurations())).fire_due()


async def offers_of(database: Any, case_id: UUID) -> list[Any]:
    rows: list[Any] = await database.fetch(
        "select * from duty_offer where case_id = $1 order by round", case_id
    )
    return rows


async def test_a_triage_case_is_offered_to_one_person_and_the_offer_is_told_and_shown(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    (event,) = await triage(units, configurations, 1)
    case_id, lead = case_of(event), login("lena", "lead")
    shown = (await client.get(f"/cases/{case_id}", headers=lead)).json()
    assert shown["team"] == COMMUNITY
    assert shown["offered_to"]["person_id"] == "motorrad|carla"
    told = await database.fetchval(
        "select convert_from(payload, 'utf8')::json from outbox"
        " where type = 'router.case.offered.v1'"
    )
    assert '"motorrad|carla"' in told
    (why,) = (await client.get(f"/rota/triage/explain/{case_id}", headers=lead)).json()
    assert why["reason"].startswith("Carla Community has had the fewest turns")
    assert [each["name"] for each in why["considered_teams"]] == [COMMUNITY, SUPPORT]
    assert {each["name"] for each in why["considered_people"]} == CMS
    elsewhere = login("anna", "agent", teams=(SUPPORT,))
    hidden = await client.get(f"/rota/triage/explain/{case_id}", headers=elsewhere)
    assert hidden.status_code == 404
    rota = (await client.get("/rota/triage", headers=lead)).json()
    assert [(each["name"], each["turns"]) for each in rota["teams"]] == [
        (COMMUNITY, 1),
        (SUPPORT, 0),
    ]


async def test_what_nobody_takes_is_offered_to_the_next_until_all_were_asked_often_enough(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    rota = packaged_default().dumped()["rotas"]
    rota["triage"]["offer"] = {"minutes": 1, "most": 3}
    await apply(units, rotas=rota)
    (event,) = await triage(units, configurations, 1)
    for minute in (2, 4, 6, 8, 10):
        await later(units, minute)
    offers = await offers_of(database, case_of(event))
    assert [each["person_id"] for each in offers] == [
        "motorrad|carla",
        "motorrad|malte",
        "motorrad|carla",
    ]
    assert [each["ending"] for each in offers] == ["expired"] * 3
    told = await database.fetchval(
        "select count(*) from outbox where type = 'router.case.offered.v1'"
    )
    assert told == 3


async def test_a_claim_ends_the_offer_and_giving_back_offers_it_to_the_next(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    (event,) = await triage(units, configurations, 1)
    case_id, mia = case_of(event), login("mia", "agent", teams=(COMMUNITY,))
    claimed = await client.post(f"/cases/{case_id}/claim", json={}, headers=mia)
    assert claimed.json()["offered_to"] is None
    await later(units, 5)
    (offer,) = await offers_of(database, case_id)
    assert offer["ending"] == "taken"
    await client.delete(f"/cases/{case_id}/claim", headers=mia)
    await later(units, 5)
    assert [each["ending"] for each in await offers_of(database, case_id)] == ["taken", None]


async def test_whom_it_is_offered_to_sees_it_among_their_offers(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    document = packaged_default().dumped()
    document["people"] = [document["people"][0] | {"id": "dev|carla", "deputies": []}]
    await apply(units, people=document["people"])
    events = await triage(units, configurations, 2)
    mine = await client.get("/rota/offers", headers=login("carla", "agent", teams=(COMMUNITY,)))
    assert {each["case_id"] for each in mine.json()} == {str(case_of(each)) for each in events}
    other = await client.get("/rota/offers", headers=login("mia", "agent", teams=(COMMUNITY,)))
    assert other.json() == []


async def test_when_nobody_is_on_duty_the_case_waits_and_is_offered_when_somebody_returns(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    people = packaged_default().dumped()["people"]
    now = await database.fetchval("select now()")
    for number, person in enumerate(people):
        until = now + timedelta(minutes=30 + number)
        person["absences"] = [
            {"from": (now - timedelta(hours=1)).isoformat(), "until": until.isoformat()}
        ]
    await apply(units, people=people)
    (event,) = await triage(units, configurations, 1)
    (nobody,) = await offers_of(database, case_of(event))
    assert (nobody["person_id"], nobody["until"] - now) == (None, timedelta(minutes=30))
    await later(units, 20)
    assert len(await offers_of(database, case_of(event))) == 1
    await later(units, 30.5)
    offers = await offers_of(database, case_of(event))
    assert [each["person_id"] for each in offers] == [None, "motorrad|carla"]


async def test_turns_stay_fair_with_four_processes_and_restarts(
    units: UnitOfWorkFactory, service_dsn: str, database: Any
) -> None:
    """Four replicas with connections of their own place at once; each is restarted midway."""
    make = Mentions()
    events = [make("triage") for _ in range(240)]

    async def replica(mine: list[Event[Any]]) -> None:
        for half in (mine[:30], mine[30:]):
            engine = create_engine(service_dsn, pool_size=2, application_name="replica")
            own = UnitOfWorkFactory(engine, write_outbox)
            for start in range(0, len(half), 6):
                await place(own, Configurations(), *half[start : start + 6])
            await engine.dispose()

    await asyncio.gather(*(replica(events[number::4]) for number in range(4)))
    teams = Counter(
        {
            row["team"]: row["n"]
            for row in await database.fetch("select team, count(*) as n from cases group by team")
        }
    )
    assert teams == {COMMUNITY: 120, SUPPORT: 120}
    people = {
        row["person_id"]: row["n"]
        for row in await database.fetch(
            "select person_id, count(*) as n from duty_offer group by person_id"
        )
    }
    assert people == {**dict.fromkeys(CMS, 60), **dict.fromkeys(AGENTS, 30)}
