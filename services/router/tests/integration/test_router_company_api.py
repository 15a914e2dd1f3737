"""Rules, configuration, actions and customers over HTTP, on a real PostgreSQL (S37, S103, S111)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from router_builders import Mentions
from router_steps import case_of, close, place

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.vocabulary import Signal
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.timers.loop import TimerLoop
from common.web.app import create_app
from common.web.auth import DevIssuer
from router.api import ROUTERS
from router.domain.customers import Customer
from router.gateways.customers import Author, Lookup
from router.jobs import timers
from router.storage.configuration_document import packaged_default
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres

SUPPORT, COMMUNITY = "social_support", "community_management"
Login = Callable[..., dict[str, str]]


@pytest.fixture
async def case(units: UnitOfWorkFactory, configurations: Configurations) -> UUID:
    mention = Mentions()("service")
    await place(units, configurations, mention)
    return case_of(mention)


@pytest.fixture
def anna(login: Login) -> dict[str, str]:
    return login("anna", "agent", teams=(SUPPORT,))


@pytest.fixture
def lena(login: Login) -> dict[str, str]:
    return login("lena", "lead")


@pytest.fixture
def ole(login: Login) -> dict[str, str]:
    return login("ole", "operator")


async def told(database: Any, kind: str) -> list[dict[str, Any]]:
    rows = await database.fetch("select payload from outbox where type = $1 order by id", kind)
    return [json.loads(row["payload"]) for row in rows]


async def test_a_decision_is_explained_by_every_rule_that_was_tried(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    client: httpx.AsyncClient,
    lena: dict[str, str],
    ole: dict[str, str],
) -> None:
    mention = Mentions()("service", kind="question")
    await place(units, configurations, mention)
    document = packaged_default().dumped()
    document["rules"] = [{"name": "all", "team": SUPPORT, "reason": "One team."}]
    await client.put("/configuration", json=document, headers={**ole, "If-Match": '"v1"'})
    why = await client.get(f"/cases/{case_of(mention)}/routing/explain", headers=lena)
    told = why.json()
    assert (told["rule"], told["configuration_version"]) == ("service_question", 1)
    assert told["is_reproduced"] is True
    tried = {each["rule"]: each["failed"] for each in told["tried"]}
    assert tried["service_question"] is None
    assert tried["triage_duty"] == {
        "condition": "decision",
        "wanted": ["triage"],
        "found": "service",
    }
    assert tried["needs_support"]["found"] == []
    assert "anything_else" not in tried


async def test_a_parked_mention_and_an_own_post_are_explained_too(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    client: httpx.AsyncClient,
    lena: dict[str, str],
) -> None:
    make = Mentions()
    talk, own = make("non_service", kind="talk"), make("service", own_post=True)
    await place(units, configurations, talk, own)
    paths = [f"/parked/{e.data.mention.mention_id}/routing/explain" for e in (talk, own)]
    parked, noted = [(await client.get(path, headers=lena)).json() for path in paths]
    assert (parked["rule"], parked["tried"][-1]["target"]) == ("talk_not_to_us", "parked")
    assert (noted["rule"], noted["tried"], noted["place"]) == ("own_post", [], "own_post")


async def test_a_dry_run_says_what_would_change_and_changes_nothing(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    client: httpx.AsyncClient,
    database: Any,
    lena: dict[str, str],
) -> None:
    make = Mentions()
    await place(
        units,
        configurations,
        *(make("service", kind="problem") for _ in range(3)),
        *(make("service", kind="question") for _ in range(2)),
        make("service", own_post=True),
    )
    before = await database.fetchval("select count(*) from outbox")
    candidate = [{"name": "all", "team": COMMUNITY, "reason": "r", "priority": "high"}]
    answer = await client.post("/rules/dry-run", json={"rules": candidate}, headers=lena)
    found = answer.json()
    assert (found["examined"], found["changed"]) == (5, 5)
    assert [
        (each["before"]["rule"], each["after"]["target"], each["count"], len(each["samples"]))
        for each in found["changes"]
    ] == [
        ("service", f"team:{COMMUNITY}", 3, 3),
        ("service_question", f"team:{COMMUNITY}", 2, 2),
    ]
    same = await client.post(
        "/rules/dry-run", json={"document": packaged_default().dumped()}, headers=lena
    )
    assert same.json()["changed"] == 0
    wrong = await client.post(
        "/rules/dry-run", json={"rules": [{"name": "a", "team": "x", "reason": "r"}]}, headers=lena
    )
    assert wrong.json()["problems"] == [{"path": "rules.0.team", "reason": "unknown team x"}]
    assert await database.fetchval("select count(*) from outbox") == before


async def test_the_history_and_the_difference_of_versions(
    client: httpx.AsyncClient, database: Any, ole: dict[str, str]
) -> None:
    document = packaged_default().dumped()
    document["people"][3]["capacity"] = 0.25
    document["rules"].insert(0, {"name": "vip", "team": SUPPORT, "reason": "r"})
    document["rules"][0]["when"] = {"reach": {"at_least": 100_000}}
    difference = await client.post("/configuration/diff", json=document, headers=ole)
    assert difference.json()["version"] == 1
    assert [
        (each["path"], each["kind"], each["before"]) for each in difference.json()["changes"]
    ] == [("people.motorrad|anna.capacity", "changed", 0.5), ("rules.vip", "added", None)]
    await client.put("/configuration", json=document, headers={**ole, "If-Match": '"v1"'})
    (event,) = await told(database, "router.configuration.applied.v1")
    people = {each["id"]: each for each in event["people"]}
    assert (event["version"], people["motorrad|anna"]["weight"]) == (2, 0.25)
    assert people["motorrad|anna"]["certified_from"] == "2025-01-01T00:00:00+01:00"
    old = await client.get("/configuration", params={"version": 1}, headers=ole)
    back = await client.put(
        "/configuration", json=old.json()["document"], headers={**ole, "If-Match": '"v2"'}
    )
    assert back.json() == {"version": 3}
    versions = await client.get("/configuration/versions", params={"limit": 2}, headers=ole)
    assert [each["version"] for each in versions.json()["items"]] == [3, 2]
    last = await client.get(versions.json()["next"], headers=ole)
    assert [each["actor_name"] for each in last.json()["items"]] == ["packaged default"]


async def test_a_high_priority_is_kept_with_the_case_and_can_be_asked_for(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    client: httpx.AsyncClient,
    lena: dict[str, str],
) -> None:
    make = Mentions()
    urgent, usual = make("service", urgent=True), make("service")
    await place(units, configurations, urgent, usual)
    rows = await database.fetch("select case_id, priority from cases")
    assert {row["case_id"]: row["priority"] for row in rows} == {
        case_of(urgent): "high",
        case_of(usual): "normal",
    }
    high = (await client.get("/cases", params={"priority": "high"}, headers=lena)).json()
    assert [each["case_id"] for each in high["items"]] == [str(case_of(urgent))]


async def test_the_skills_of_a_rule_stay_with_its_cases(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
    client: httpx.AsyncClient,
    ole: dict[str, str],
) -> None:
    document = packaged_default().dumped()
    asking = {"name": "all", "team": SUPPORT, "reason": "r", "skills": ["warranty", "brakes"]}
    document["rules"] = [asking]
    await client.put("/configuration", json=document, headers={**ole, "If-Match": '"v1"'})
    await place(units, configurations, Mentions()("service"))
    assert await database.fetchval("select skills from cases") == ["brakes", "warranty"]


def credit(amount: float) -> dict[str, Any]:
    parameters = {"amount": amount, "reason": "Zweimal vergeblich in der Werkstatt"}
    return {"action": "goodwill_credit", "parameters": parameters}


async def test_an_action_is_asked_for_within_the_limit_and_confirmed_once(
    client: httpx.AsyncClient,
    login: Login,
    database: Any,
    case: UUID,
    anna: dict[str, str],
    lena: dict[str, str],
) -> None:
    path, accounting = f"/cases/{case}/actions", login("accounting", "department")
    key = {"Idempotency-Key": "one"}
    asked = await client.post(path, json=credit(35.5), headers={**anna, **key})
    again = await client.post(path, json=credit(35.5), headers={**anna, **key})
    assert (asked.status_code, again.json()) == (201, asked.json())
    assert (asked.json()["state"], asked.json()["requested_as"]) == ("requested", "agent")
    over = await client.post(path, json=credit(20), headers=anna)
    assert (over.status_code, over.json()["code"]) == (403, "over_limit")
    assert (over.json()["who_may"], over.json()["total_with_this"]) == (["lead"], {"amount": 55.5})
    by_lead = await client.post(path, json=credit(20), headers=lena)
    assert by_lead.json()["requested_as"] == "lead"

    waiting = await client.get(
        "/actions", params={"state": "requested", "system": "accounting"}, headers=accounting
    )
    assert len(waiting.json()["items"]) == 2
    confirm = f"/actions/{asked.json()['action_id']}/confirmation"
    done = {"outcome": "confirmed", "reference": "GS-17"}
    first = await client.post(confirm, json=done, headers=accounting)
    second = await client.post(confirm, json=done, headers=accounting)
    assert (first.json()["state"], second.json()) == ("confirmed", first.json())
    no = await client.post(confirm, json={"outcome": "refused", "note": "n"}, headers=accounting)
    assert (no.status_code, no.json()["code"]) == (409, "action_is_confirmed")
    refuse = f"/actions/{by_lead.json()['action_id']}/confirmation"
    bare = await client.post(refuse, json={"outcome": "refused"}, headers=accounting)
    assert (bare.status_code, bare.json()["code"]) == (422, "note_missing")
    refusal = {"outcome": "refused", "note": "Konto gesperrt"}
    assert (await client.post(refuse, json=refusal, headers=accounting)).status_code == 200
    # What was refused does not count against the limit any more.
    assert (await client.post(path, json=credit(14.5), headers=anna)).status_code == 201
    assert len(await told(database, "router.action.requested.v1")) == 3
    (confirmed,) = await told(database, "router.action.confirmed.v1")
    assert (confirmed["reference"], confirmed["was_in_time"]) == ("GS-17", True)
    assert len(await told(database, "router.action.refused.v1")) == 1
    listed = await client.get(path, headers=anna)
    assert [each["state"] for each in listed.json()] == ["confirmed", "refused", "requested"]


async def test_two_requests_at_once_do_not_pass_the_limit_together(
    client: httpx.AsyncClient, case: UUID, anna: dict[str, str]
) -> None:
    path = f"/cases/{case}/actions"
    answers = await asyncio.gather(
        *(client.post(path, json=credit(30), headers=anna) for _ in range(4))
    )
    assert sorted(each.status_code for each in answers) == [201, 403, 403, 403]


async def test_what_nobody_answers_is_told_as_overdue_once(
    units: UnitOfWorkFactory,
    client: httpx.AsyncClient,
    database: Any,
    case: UUID,
    anna: dict[str, str],
) -> None:
    await client.post(f"/cases/{case}/actions", json=credit(5), headers=anna)
    for hours in (23, 25, 49):
        moved = UnitOfWorkFactory(units._engine, write_outbox, offset=timedelta(hours=hours))
        await TimerLoop(moved, timers(Configurations())).fire_due()
    assert len(await told(database, "router.action.overdue.v1")) == 1
    (action,) = (await client.get(f"/cases/{case}/actions", headers=anna)).json()
    assert (action["state"], action["overdue_at"] is None) == ("requested", False)


async def test_in_a_closed_case_nothing_is_done_and_the_catalogue_says_what_is_mine(
    units: UnitOfWorkFactory,
    client: httpx.AsyncClient,
    login: Login,
    case: UUID,
    anna: dict[str, str],
) -> None:
    await close(units, case)
    late = await client.post(f"/cases/{case}/actions", json=credit(5), headers=anna)
    assert (late.status_code, late.json()["code"]) == (409, "case_is_closed")
    entries = (await client.get("/actions/catalogue", headers=anna)).json()
    assert {each["name"]: each["limits"] for each in entries} == {
        "goodwill_credit": {"amount": 50.0},
        "send_technician": {},
        "replacement": {"quantity": 1.0},
    }
    none = (await client.get("/actions/catalogue", headers=login("t", "triage"))).json()
    assert {each["limits"] is None for each in none} == {True}


KURT = Customer(
    customer_id="K-4711", name="Kurt Kolben", email="kurt@post.example", phone="+49 170 1234567"
)


class OneCustomer:
    """A CRM at hand that knows one customer, or is away; the HTTP one has tests of its own."""

    def __init__(self) -> None:
        self.degraded_because: str | None = None
        self.asked: list[Author] = []

    async def find(self, author: Author) -> Lookup:
        self.asked.append(author)
        if self.degraded_because is not None:
            return Lookup(degraded_because=self.degraded_because)
        return Lookup((KURT,))

    async def close(self) -> None:
        return None


@pytest.fixture
def crm() -> OneCustomer:
    return OneCustomer()


@pytest.fixture
async def desk(
    units: UnitOfWorkFactory, configurations: Configurations, issuer: DevIssuer, crm: OneCustomer
) -> AsyncIterator[httpx.AsyncClient]:
    """The API with that CRM behind it."""
    state = {
        "units": units,
        "configurations": configurations,
        "new_id": new_id,
        "customers": crm,
    }
    app = create_app(
        service="router",
        version="test",
        routers=ROUTERS,
        state=state,
        auth=issuer,
        readiness={},
        liveness={},
        max_body_bytes=1_048_576,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://router") as http:
        yield http


async def test_a_look_is_masked_logged_and_told_without_a_value(
    desk: httpx.AsyncClient,
    crm: OneCustomer,
    database: Any,
    case: UUID,
    anna: dict[str, str],
    lena: dict[str, str],
) -> None:
    seen = await desk.get(f"/cases/{case}/customer", headers=anna)
    assert seen.headers["Cache-Control"] == "no-store"
    (customer,) = seen.json()["customers"]
    assert (customer["name"], customer["phone"]) == ("Kurt Kolben", "*** 67")
    assert seen.json()["is_degraded"] is False
    assert crm.asked[0].network == "bluesky"
    full = await desk.post(
        f"/cases/{case}/customer/unmask",
        json={"fields": ["phone"], "purpose": "Die Werkstatt ruft an."},
        headers=anna,
    )
    assert full.json()["customers"][0]["phone"] == "+49 170 1234567"
    log = (await desk.get("/customer-accesses", headers=lena)).json()["items"]
    assert [(each["unmasked"], each["purpose"]) for each in log] == [
        (["phone"], "Die Werkstatt ruft an."),
        ([], None),
    ]
    assert {tuple(each["fields"]) for each in log} == {("customer_id", "name", "email", "phone")}
    events = await told(database, "router.customer.accessed.v1")
    assert [each["unmasked"] for each in events] == [[], ["phone"]]
    stored = await database.fetchval(
        "select string_agg(payload::text, '') || (select string_agg(customer_access::text, '')"
        " from customer_access) from (select convert_from(payload, 'utf8') as payload from outbox"
        " where type = 'router.customer.accessed.v1') as told"
    )
    assert "1234567" not in stored
    assert "Kolben" not in stored


async def test_while_the_crm_is_away_what_is_known_is_shown_and_said_to_be_less(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    desk: httpx.AsyncClient,
    crm: OneCustomer,
    case: UUID,
    anna: dict[str, str],
) -> None:
    await desk.get(f"/cases/{case}/customer", headers=anna)
    crm.degraded_because = "timeout"
    seen = (await desk.get(f"/cases/{case}/customer", headers=anna)).json()
    assert (seen["is_degraded"], seen["degraded_because"]) == (True, "timeout")
    assert (seen["customers"], seen["known_ids"]) == ([], ["K-4711"])


async def test_earlier_cases_of_the_same_customer_are_shown_across_networks(
    units: UnitOfWorkFactory,
    configurations: Configurations,
    desk: httpx.AsyncClient,
    login: Login,
) -> None:
    make, everywhere = Mentions(), login("lena", "lead")
    first, second = make("service"), make("service", network="mastodon")
    await place(units, configurations, first, second)
    for event in (first, second):
        await desk.get(f"/cases/{case_of(event)}/customer", headers=everywhere)
    seen = (await desk.get(f"/cases/{case_of(first)}/customer", headers=everywhere)).json()
    assert [(each["case_id"], each["network"]) for each in seen["own_contacts"]] == [
        (str(case_of(second)), "mastodon")
    ]


async def test_nothing_is_shown_where_the_look_cannot_be_written_down(
    desk: httpx.AsyncClient, database: Any, admin_dsn: str, case: UUID, anna: dict[str, str]
) -> None:
    admin = await asyncpg.connect(admin_dsn)
    try:
        await admin.execute("alter table router.customer_access add constraint no check (false)")
        seen = await desk.get(f"/cases/{case}/customer", headers=anna)
        assert seen.status_code == 500
        assert "Kurt" not in seen.text
    finally:
        await admin.execute("alter table router.customer_access drop constraint no")
        await admin.close()


async def test_other_teams_customers_are_not_to_be_seen(
    desk: httpx.AsyncClient, crm: OneCustomer, case: UUID, login: Login
) -> None:
    stranger = login("carla", "agent", teams=(COMMUNITY,))
    assert (await desk.get(f"/cases/{case}/customer", headers=stranger)).status_code == 404
    assert crm.asked == []


async def test_signals_of_a_mention_reach_the_rules(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    event = Mentions()("non_service", kind="news", signals=(Signal.PRESS,))
    await place(units, configurations, event)
    row = await database.fetchrow("select rule, team, priority from cases")
    assert tuple(row) == ("press_or_crisis", COMMUNITY, "high")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/configuration/diff", '{"company": "\\u0000", "teams": [null], "rules": {}}'),
        ("POST", "/configuration/diff", '{"people": [{"capacity": NaN}], "rules": [[]]}'),
        ("POST", "/configuration/validate", '{"rotas": {"a": {"teams": [{"weight": 1e400}]}}}'),
        ("POST", "/configuration/validate", '{"people": [{"absences": [{"from": -1e18}]}]}'),
        ("POST", "/configuration/validate", '{"timezone": "../../etc/passwd"}'),
        ("POST", "/configuration/validate", '{"calendars": [], "clocks": 7, "topics": {"a": {}}}'),
        ("POST", "/rules/dry-run", '{"rules": [], "since": "0001-01-01T00:00:00+23:59"}'),
        ("POST", "/rules/dry-run", '{"rules": [{"when": {"from": "9999-12-31"}}]}'),
        ("POST", "/rules/dry-run", '{"rules": [], "document": {}}'),
        ("GET", "/configuration?version=99999999999", None),
        ("GET", "/configuration/versions?cursor=WzldfQ", None),
        ("GET", "/configuration/versions?cursor=Wzk5OTk5OTk5OTk5OTldx", None),
        ("GET", "/actions?cursor=WzFd", None),
        ("GET", "/customer-accesses?cursor=e30", None),
        ("GET", "/customer-accesses?case_id=7", None),
        ("GET", "/rota/a%00b", None),
        ("GET", "/rota/nights", None),
    ],
)
async def test_what_makes_no_sense_is_refused_and_never_our_mistake(
    client: httpx.AsyncClient, ole: dict[str, str], method: str, path: str, body: str | None
) -> None:
    headers = {**ole, "content-type": "application/json"}
    answer = await client.request(method, path, content=body, headers=headers)
    assert answer.status_code in (200, 404, 422), answer.text
    if answer.status_code == 200:
        assert answer.json()["is_valid"] is False
