"""The life of clocks, follow-ups and escalations through replies, posts, timers and the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from router_builders import MIA, Mentions, reply
from router_steps import case_of, place, stop, types_of

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import Event, new_event
from common.events.parts import Promise
from common.events.responder import NoReplyDecided
from common.events.vocabulary import NoReplyDisposition
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.timers.loop import TimerLoop
from router.domain.claims import Person
from router.handlers.apply_configuration import apply_configuration
from router.handlers.claim_case import CaseCommand
from router.handlers.lift_mention import lift_mention
from router.handlers.merge_cases import merge_case
from router.handlers.note_replies import waive_unanswered
from router.handlers.replan_clocks import replan_clocks
from router.handlers.sweep_cases import sweep_cases
from router.jobs import timers
from router.storage import clocks, sweep
from router.storage.configuration_document import packaged_default, parse
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres
Login = Callable[..., dict[str, str]]
TEAMS = ("community_management", "social_support")
ALL = "select type from outbox order by id"


@dataclass(frozen=True, slots=True)
class Case:
    """A case that a service mention of `minutes` ago opened."""

    id: UUID
    conversation: UUID
    mention: Event[Any]

    @property
    def url(self) -> str:
        return f"/cases/{self.id}"


async def opened(
    units: UnitOfWorkFactory, configurations: Configurations, *, minutes: float = 4, **more: Any
) -> Case:
    detected = datetime.now(UTC) - timedelta(minutes=minutes)
    mention = Mentions(detected_at=detected)("service", thread="thread", **more)
    await place(units, configurations, mention)
    return Case(case_of(mention), mention.data.mention.conversation_id, mention)


def sent(case: Case, kind: str, *, minutes_ago: float = 0, **more: Any) -> Event[Any]:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return reply(case.id, case.conversation, kind=kind, sent_at=at, **more)


def later(units: UnitOfWorkFactory, **span: float) -> UnitOfWorkFactory:
    return UnitOfWorkFactory(units._engine, write_outbox, offset=timedelta(**span))


async def ring(units: UnitOfWorkFactory) -> None:
    loop = TimerLoop(units, timers(Configurations()))
    while await loop.fire_due() == timedelta(0):
        continue


async def clock(database: Any, kind: str) -> Any:
    return await database.fetchrow(
        "select * from clock where kind = $1 order by started_at desc limit 1", kind
    )


async def test_holding_starts_the_answer_clock_a_question_pauses_it_and_the_customer_resumes(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    case = await opened(units, configurations)
    assert (await stop(units, sent(case, "holding", minutes_ago=3)))[:2] == [
        "router.clock.stopped.v1",
        "router.clock.started.v1",
    ]
    assert (await clock(database, "first_reaction"))["state"] == "met"
    running = await clock(database, "answer")
    assert (running["state"], running["duration"]) == ("running", timedelta(hours=24))
    assert running["calendar"] is not None

    assert (await stop(units, sent(case, "question", minutes_ago=2)))[0] == "router.clock.paused.v1"
    paused = await clock(database, "answer")
    assert (paused["state"], paused["due_at"]) == ("paused", None)
    # A clock that stands still watches nothing: policy does.
    assert await database.fetchval("select count(*) from follow_up where source = 'policy'") == 1

    again = Mentions(detected_at=datetime.now(UTC) - timedelta(minutes=1))
    again("service")  # the maker's first author is the customer
    stranger = again("service", thread="thread", native_id="p7")
    await place(units, configurations, stranger)
    assert (await clock(database, "answer"))["state"] == "paused", "a bystander resumes nothing"
    customer = Mentions(detected_at=datetime.now(UTC) - timedelta(minutes=1))(
        "service", thread="thread", native_id="p8"
    )
    await place(units, configurations, customer)  # number one of its maker, as the first post was
    assert (await clock(database, "answer"))["state"] == "running"

    assert "router.clock.stopped.v1" in await stop(units, sent(case, "answer"))
    assert (await clock(database, "answer"))["state"] == "met"


@pytest.mark.parametrize("kind", ["holding", "answer", "question"])
async def test_what_nobody_wrote_touches_no_clock(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any, kind: str
) -> None:
    case = await opened(units, configurations)
    assert await stop(units, sent(case, kind, authors=())) == []
    assert (await clock(database, "first_reaction"))["state"] == "running"
    assert await database.fetchval("select count(*) from clock") == 1


async def test_a_private_answer_answers_but_is_no_first_reaction(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    case = await opened(units, configurations)
    await stop(units, sent(case, "holding", visibility="private", minutes_ago=2))
    assert (await clock(database, "answer"))["state"] == "running"
    await stop(units, sent(case, "answer", visibility="private"))
    assert (await clock(database, "answer"))["state"] == "met"
    assert (await clock(database, "first_reaction"))["state"] == "running"


async def test_a_decision_not_to_reply_waives_and_the_case_stays_watched(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    case = await opened(units, configurations)
    decided = NoReplyDecided(
        draft_id=new_id(),
        case_id=case.id,
        conversation_id=case.conversation,
        disposition=NoReplyDisposition.OBSERVING,
        reason="Nur Beschimpfung, kein Anliegen.",
        authors=(MIA,),
        approver=MIA,
        decided_at=datetime.now(UTC),
    )
    event = new_event(decided, id=new_id(), subject=decided.draft_id, time=decided.decided_at)
    async with units.begin() as uow:
        await waive_unanswered(configurations, uow, [event])
        published = [message.type for message in uow.messages]
    assert published == ["router.clock.waived.v1", "router.follow_up.planned.v1"]
    assert (await clock(database, "first_reaction"))["state"] == "waived"


async def test_a_promise_becomes_a_follow_up_and_comes_back_to_who_made_it(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    case = await opened(units, configurations)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    promise = Promise(text="Wir melden uns bis morgen.", due_at=tomorrow)
    await stop(units, sent(case, "answer", promises=(promise,)))
    row = await database.fetchrow("select * from follow_up where source = 'promise'")
    assert (row["owner_id"], row["due_at"], row["state"]) == (MIA.id, tomorrow, "planned")
    # It is enough: policy plans none of its own beside it.
    assert await database.fetchval("select count(*) from follow_up") == 1

    await ring(later(units, days=1, minutes=1))
    assert "follow_up.due" in types_of(await database.fetch(ALL))
    row = await database.fetchrow("select * from follow_up where source = 'promise'")
    assert (row["state"], row["went_to_id"]) == ("due", MIA.id)
    owner = await database.fetchval("select owner_id from cases where case_id = $1", case.id)
    assert owner == MIA.id


async def test_an_absent_owner_has_a_deputy(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    document = packaged_default().dumped()
    people = {person["id"]: person for person in document["people"]}
    away, deputy = "motorrad|anna", "motorrad|bela"
    people[away]["deputies"] = [deputy]
    people[away]["absences"] = [
        {"from": "2026-01-01", "until": "2040-01-01", "reason": "Elternzeit"}
    ]
    async with units.begin() as uow:
        await apply_configuration(uow, parse(document), by=_person(), expected_version=1)
    case = await opened(units, configurations)
    soon = Promise(text="Gleich.", due_at=datetime.now(UTC) + timedelta(seconds=1))
    anna = type(MIA)(id=away, name="Anna Antwort")
    await stop(units, sent(case, "answer", authors=(anna,), promises=(soon,)))
    await ring(later(units, minutes=1))
    row = await database.fetchrow("select * from follow_up where source = 'promise'")
    assert (row["owner_id"], row["went_to_id"]) == (away, deputy)


async def test_a_follow_up_that_nobody_handles_goes_to_the_lead_and_further(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    case = await opened(units, configurations)
    await stop(units, sent(case, "answer"))
    for _ in range(6):  # date, deadline, date, deadline ...: nobody ever looks
        await ring(later(units, days=20))
        await ring(later(units, days=40))
    level = await database.fetchval("select escalation_level from cases")
    assert level == 2
    steps = await database.fetch("select from_level, to_level, cause from escalation order by seq")
    assert [tuple(step) for step in steps] == [(0, 1, "breach"), (1, 2, "breach")]
    assert await database.fetchval("select count(*) from clock where state = 'running'") == 1
    assert case.id


async def test_the_third_contact_without_an_answer_escalates_once(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    await opened(units, configurations, minutes=30)
    for minutes in (20, 10, 5):
        maker = Mentions(detected_at=datetime.now(UTC) - timedelta(minutes=minutes))
        await place(
            units, configurations, maker("service", thread="thread", native_id=f"m{minutes}")
        )
    steps = await database.fetch("select to_level, cause from escalation")
    assert [tuple(step) for step in steps] == [(1, "unanswered_contacts")]
    assert types_of(await database.fetch(ALL)).count("case.escalated") == 1


async def test_a_reply_begins_the_count_of_contacts_anew(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    case = await opened(units, configurations, minutes=30)
    for minutes in (20, 10):
        maker = Mentions(detected_at=datetime.now(UTC) - timedelta(minutes=minutes))
        await stop(units, sent(case, "progress", minutes_ago=minutes + 5))
        await place(
            units, configurations, maker("service", thread="thread", native_id=f"m{minutes}")
        )
    assert await database.fetchval("select count(*) from escalation") == 0


async def test_a_new_configuration_replans_running_clocks_and_loses_nothing(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    case = await opened(units, configurations)
    await stop(units, sent(case, "holding", minutes_ago=2))
    document = packaged_default().dumped()
    document["clocks"]["answer"] = {"hours": 6, "warn_at_percent": 50}
    async with units.begin() as uow:
        await apply_configuration(uow, parse(document), by=_person(), expected_version=1)
    before = await clock(database, "answer")
    while await replan_clocks(configurations, units):
        continue
    after = await clock(database, "answer")
    assert (after["duration"], after["configuration_version"]) == (timedelta(hours=6), 2)
    line = await database.fetchrow(
        "select * from clock_entry where clock_id = $1 and entry = 'replan'", after["clock_id"]
    )
    assert (line["old_due_at"], line["new_due_at"]) == (before["due_at"], after["due_at"])
    assert (line["reason"], line["configuration_version"]) == (
        "Version 2 of the configuration.",
        2,
    )
    timer = await database.fetchval(
        "select due_at from timer where owner_id = $1 and kind = 'answer_breach'",
        after["clock_id"],
    )
    assert timer == after["due_at"]
    assert await replan_clocks(configurations, units) == 0, "once per version"
    explained = await client.get(
        f"{case.url}/clocks/{after['clock_id']}/explain", headers=login("lea", "lead")
    )
    assert explained.json()["agrees"] is True, explained.text
    assert [line["entry"] for line in explained.json()["lines"]] == ["start", "replan"]


async def test_people_change_clocks_where_policy_lets_them_and_the_replay_agrees(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    case = await opened(units, configurations)
    await stop(units, sent(case, "holding", minutes_ago=2))
    agent, lead = login("mia", "agent", teams=TEAMS), login("lea", "lead")
    clocks = (await client.get(f"{case.url}/clocks", headers=agent)).json()
    assert [each["kind"] for each in clocks] == ["first_reaction", "answer"]
    answer, first = clocks[1], clocks[0]

    async def post(clock_id: str, what: str, headers: Any, **body: Any) -> httpx.Response:
        key = {"Idempotency-Key": str(new_id())}
        return await client.post(
            f"{case.url}/clocks/{clock_id}/{what}",
            headers={**headers, **key},
            json={"reason": "Die Werkstatt ist zu.", **body},
        )

    paused = await post(answer["clock_id"], "pause", agent)
    assert (paused.status_code, paused.json()["state"]) == (200, "paused"), paused.text
    assert (await post(answer["clock_id"], "pause", agent)).status_code == 409
    assert (await post(answer["clock_id"], "waive", agent)).status_code == 403
    assert (await post(first["clock_id"], "waive", lead)).json()[
        "code"
    ] == "clock_is_not_for_people"
    replanned = await post(answer["clock_id"], "replan", lead, duration_minutes=90)
    assert replanned.json()["duration_seconds"] == 5400
    resumed = await post(answer["clock_id"], "resume", agent)
    assert resumed.json()["state"] == "running"

    explained = (
        await client.get(f"{case.url}/clocks/{answer['clock_id']}/explain", headers=agent)
    ).json()
    assert explained["agrees"] is True
    assert explained["recomputed_due_at"] == resumed.json()["due_at"]
    assert [line["entry"] for line in explained["lines"]] == ["start", "pause", "replan", "resume"]
    assert explained["lines"][1]["actor_name"] == "Mia"
    assert types_of(await database.fetch(ALL))[-4:].count("clock.replanned") == 1
    other = login("otto", "agent", teams=("nobody",))
    assert (await client.get(f"{case.url}/clocks", headers=other)).status_code == 404


async def test_a_follow_up_by_a_person_through_the_api(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    case = await opened(units, configurations)
    agent = login("mia", "agent", teams=TEAMS)

    async def post(path: str, body: dict[str, Any]) -> httpx.Response:
        key = {"Idempotency-Key": str(new_id())}
        return await client.post(f"{case.url}{path}", headers={**agent, **key}, json=body)

    date = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    wish = {"due_at": date, "reason": "Fragen, ob die Kette ruhig ist."}
    planned = await post("/follow-ups", wish)
    assert planned.status_code == 201, planned.text
    past = await post("/follow-ups", {**wish, "due_at": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["code"]) == (422, "date_has_passed")
    far = await post("/follow-ups", {**wish, "due_at": "9999-12-31T23:59:59Z"})
    assert (far.status_code, far.json()["code"]) == (422, "date_too_far")
    nowhere = await post("/follow-ups", {**wish, "due_at": "9999-12-31T23:59:59-14:00"})
    assert nowhere.status_code == 422, "a moment that has no name in UTC"
    unknown = await post("/follow-ups", {**wish, "owner": "nobody|here"})
    assert unknown.json()["code"] == "unknown_person"
    state = (await client.get(case.url, headers=agent)).json()["state"]
    assert state == "open", "a first reaction is owed: the case does not rest"
    mine = (await client.get("/follow-ups?owner=me", headers=agent)).json()
    assert [each["reason"] for each in mine["items"]] == [wish["reason"]]
    result = f"/follow-ups/{planned.json()['follow_up_id']}/result"
    done = await post(result, {"result": "Sie ist ruhig."})
    assert (done.json()["state"], done.json()["settled_by_name"]) == ("done", "Mia")
    assert (await post(result, {"result": "Noch einmal."})).status_code == 409
    await stop(units, sent(case, "answer"))
    assert (await post("/follow-ups", wish)).status_code == 201
    assert (await client.get(case.url, headers=agent)).json()["state"] == "follow_up"
    await ring(later(units, days=4))
    assert (await client.get(case.url, headers=agent)).json()["state"] == "open"


async def test_people_take_a_case_up_and_leads_take_it_down(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    case = await opened(units, configurations)
    agent, lead = login("mia", "agent", teams=TEAMS), login("lea", "lead")

    async def post(what: str, headers: Any, **body: Any) -> httpx.Response:
        key = {"Idempotency-Key": str(new_id())}
        return await client.post(
            f"{case.url}/{what}", headers={**headers, **key}, json={"reason": "Anwalt.", **body}
        )

    assert (await post("escalate", agent, to_level=2)).status_code == 200
    assert (await post("escalate", agent)).json()["code"] == "no_such_escalation"
    assert (await post("deescalate", agent)).status_code == 403
    assert (await post("deescalate", lead, to_level=0)).status_code == 200
    seen = (await client.get(f"{case.url}/escalations", headers=agent)).json()
    assert [(each["from_level"], each["to_level"]) for each in seen] == [(0, 2), (2, 0)]
    assert types_of(await database.fetch(ALL))[-2:] == ["case.escalated", "case.deescalated"]


async def test_every_open_case_is_watched_and_the_sweep_finds_nothing(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    maker = Mentions(detected_at=datetime.now(UTC) - timedelta(minutes=2))
    mentions = [
        maker("service"),
        maker("triage"),
        maker("non_service", kind="praise"),
        maker("non_service", via=("mention",)),
    ]
    await place(units, configurations, *mentions)
    for mention in mentions[:2]:
        case = Case(case_of(mention), mention.data.mention.conversation_id, mention)
        await stop(units, sent(case, "answer"))
    assert await database.fetchval("select count(*) from cases where rings_at > now()") == 4
    assert await sweep_cases(configurations, later(units, minutes=5)) == 0


async def test_a_new_case_shows_the_dates_that_its_clocks_come_to(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    maker = Mentions()
    mentions = [
        maker("service"),
        maker("non_service", kind="praise"),
        # In one batch: a case that starts no clock, and then one.
        maker("non_service", kind="praise", thread="both"),
        maker("service", thread="both"),
        # In one batch: a case that starts its clock, and what goes on in it.
        maker("service", thread="twice"),
        maker("service", thread="twice"),
    ]
    await place(units, configurations, *mentions)
    shown = "select case_id, next_due_at, rings_at from cases order by case_id"
    before = await database.fetch(shown)
    async with units.begin() as uow:
        await clocks.refresh_cases(uow.connection, [row["case_id"] for row in before])
    assert await database.fetch(shown) == before
    kinds = await database.fetch("select kind from clock order by kind")
    assert [row["kind"] for row in kinds] == [*["first_reaction"] * 3, "follow_up"]
    differing = await database.fetchval(
        "select count(*) from clock full join clock_entry using (clock_id) where"
        " (clock.seq, clock.started_at, clock.due_at, clock.duration, clock.warn_share)"
        " is distinct from (clock_entry.seq, at, new_due_at, clock_entry.duration,"
        " clock_entry.warn_share)"
    )
    assert differing == 0


async def test_the_deep_sweep_goes_slice_by_slice_through_every_open_case(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    maker = Mentions()
    await place(units, configurations, *(maker("service") for _ in range(5)))
    position, seen = None, 0
    async with units.read() as connection:
        while True:
            slice_ = await sweep.deep(
                connection, after=position, teams=TEAMS, now=datetime.now(UTC), limit=2
            )
            seen, position = seen + slice_.looked_at, slice_.position
            if position is None:
                break
    assert seen == 5
    await database.execute("set enable_seqscan = off")
    plan = await database.fetch(
        "explain select case_id from cases where state <> 'closed'"
        " and conversation_id > gen_random_uuid() order by conversation_id limit 5"
    )
    assert any("cases_one_open" in row[0] for row in plan), plan


async def test_the_sweep_finds_what_was_forgotten_and_takes_care_of_it(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    admin_dsn: str,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    forgotten = await opened(units, configurations)
    silent = Mentions()("service", native_id="silent", thread="other")
    await place(units, configurations, silent)
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute("set search_path = router")
    # By hand, as no code does it: a clock ends and nothing follows; a timer is lost.
    await admin.execute(
        "update clock set state = 'waived', ended_at = now() where case_id = $1", forgotten.id
    )
    await admin.execute(
        "update cases set rings_at = '-infinity', opened_at = opened_at - interval '1 hour'"
    )
    await admin.execute("delete from timer where owner_id = $1", case_of(silent))
    await admin.execute(
        "update cases set rings_at = now() + interval '1 hour' where case_id = $1", case_of(silent)
    )
    await admin.close()

    seen = (await client.get("/sweep", headers=login("lea", "lead"))).json()
    assert seen["is_clean"] is False
    assert [each["problem"] for each in seen["violations"]] == ["nothing_pending"]
    assert await sweep_cases(configurations, units) == 2
    assert await sweep_cases(configurations, units) == 0
    pending = await database.fetch(
        "select kind from timer where owner_id = $1 and state = 0", case_of(silent)
    )
    assert {row["kind"] for row in pending} == {"first_reaction_warn", "first_reaction_breach"}
    assert await database.fetchval("select source from follow_up") == "policy"


async def test_a_case_of_a_team_that_is_gone_is_nobodys_until_a_lead_hands_it_over(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    admin_dsn: str,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    case = await opened(units, configurations)
    admin = await asyncpg.connect(admin_dsn)
    # As a case that was placed while its team was taken out of the configuration.
    await admin.execute(
        "update router.cases set team = 'nights', opened_at = opened_at - interval '1 hour'"
    )
    await admin.close()
    assert await sweep_cases(configurations, units) == 1
    assert await sweep_cases(configurations, units) == 1, "nobody has seen to it"
    lead = login("lea", "lead")
    seen = (await client.get(case.url, headers=lead)).headers["ETag"]
    handed = await client.post(
        f"{case.url}/hand-over",
        json={"team": TEAMS[0], "reason": "The nights are over."},
        headers={**lead, "If-Match": seen},
    )
    assert handed.status_code == 200, handed.text
    assert await sweep_cases(configurations, units) == 0


async def test_who_was_never_answered_is_listed(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    client: httpx.AsyncClient,
    login: Login,
) -> None:
    case = await opened(units, configurations, minutes=60)
    await ring(units)
    seen = (await client.get("/sweep", headers=login("lea", "lead"))).json()
    assert [each["case_id"] for each in seen["never_answered"]] == [str(case.id)]
    await stop(units, sent(case, "answer"))
    seen = (await client.get("/sweep", headers=login("lea", "lead"))).json()
    assert seen == {"is_clean": True, "violations": [], "never_answered": []}


async def test_the_ledger_cannot_be_changed_by_the_service(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    await opened(units, configurations)
    for statement in (
        "update clock_entry set at = now()",
        "delete from clock_entry",
        "truncate clock_entry",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.execute(statement)


async def test_the_quick_look_costs_what_it_finds(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    await opened(units, configurations)
    async with units.read() as connection:
        assert (
            await sweep.quick(connection, now=datetime.now(UTC), grace=sweep.GRACE, limit=5) == []
        )
    await database.execute("set enable_seqscan = off")  # a single row is read either way
    plan = await database.fetch(
        "explain select case_id from cases where state <> 'closed'"
        " and rings_at <= now() - interval '1 minute' order by rings_at limit 5"
    )
    assert any("cases_rings" in row[0] for row in plan), plan


async def test_a_reply_in_a_merged_conversation_counts_for_the_case_that_goes_on(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    goes_on = await opened(units, configurations)
    await stop(units, sent(goes_on, "holding", minutes_ago=2))
    other = Mentions(detected_at=datetime.now(UTC) - timedelta(minutes=3))(
        "non_service", kind="praise", thread="other", native_id="other"
    )
    await place(units, configurations, other)
    command = CaseCommand(case_id=case_of(other), by=_person(), teams=None)
    async with units.begin() as uow:
        await merge_case(
            uow, command, target_id=goes_on.id, reason="Dieselbe Kette.", new_id=new_id
        )
    merged = Case(case_of(other), other.data.mention.conversation_id, other)
    published = await stop(units, sent(merged, "question", minutes_ago=1))
    assert published[0] == "router.clock.paused.v1"
    paused = await clock(database, "answer")
    assert (paused["case_id"], paused["state"]) == (goes_on.id, "paused")


async def test_lifting_a_parked_mention_starts_its_clock_with_the_word_of_the_person(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    parked = Mentions(detected_at=datetime.now(UTC) - timedelta(days=2))("non_service", kind="news")
    await place(units, configurations, parked)
    assert await database.fetchval("select count(*) from clock") == 0
    async with units.begin() as uow:
        await lift_mention(
            configurations,
            uow,
            parked.data.mention.mention_id,
            by=_person(),
            team=None,
            new_id=new_id,
        )
        lifted_at = uow.now
    started = await clock(database, "first_reaction")
    assert (started["started_at"], started["state"]) == (lifted_at, "running")
    assert started["due_at"] == lifted_at + timedelta(minutes=10)
    assert started["posted_at"] == parked.data.mention.posted_at


def _person() -> Any:

    return Person("dev|olaf", "Olaf")
