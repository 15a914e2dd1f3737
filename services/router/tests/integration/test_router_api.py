"""The API over ASGI on a real PostgreSQL: who may ask what, and what they are told."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from router_builders import Mentions
from router_steps import case_of, place

from common.db.unit_of_work import UnitOfWorkFactory
from router.storage.configuration_document import packaged_default
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres

SUPPORT, COMMUNITY = "social_support", "community_management"
ROLES = ("triage", "agent", "lead", "department", "observer", "operator")
CLOSING = {
    "outcome": "no_action",
    "cause": "Rückruf",
    "summary": "Am Telefon geklärt.",
    "fault": "nobody",
}
Login = Callable[..., dict[str, str]]
Place = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def put(units: UnitOfWorkFactory, configurations: Configurations) -> Place:
    """Place mentions as the consumer does."""

    async def put(*events: Any) -> list[str]:
        return await place(units, configurations, *events)

    return put


@pytest.fixture
async def case(put: Place) -> UUID:
    """A case of social support with a running clock."""
    mention = Mentions()("service")
    await put(mention)
    return case_of(mention)


@pytest.fixture
def agent(login: Login) -> dict[str, str]:
    return login("anna", "agent", teams=(SUPPORT,))


@pytest.fixture
def lead(login: Login) -> dict[str, str]:
    return login("lena", "lead")


NOBODY = UUID(int=7)  # the same in every worker of a parallel run
TABLE = Path(__file__).parents[4] / "docs/api.md"
ROW = re.compile(r"^\| `([A-Z]+) (/[^`]*)` \| ([^|]*) \|", re.MULTILINE)
NEVER_ENDS = "/cases/stream"
EVERY_SERVICE = ("/health/", "/dead-letters")


def table() -> dict[tuple[str, str], set[str]]:
    """The one table of who may do what: docs/api.md, section router."""
    section = TABLE.read_text().partition("\n### router\n")[2].partition("\n### ")[0]
    return {
        (method, path): set(roles.strip().split(", "))
        for method, path, roles in ROW.findall(section)
        if not path.startswith(EVERY_SERVICE)
    }


def routes(document: Any) -> dict[tuple[str, str], set[str]]:
    """The same as the API describes itself."""
    return {
        (method.upper(), path): set(operation.get("x-ombud-roles", ["public"]))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if not path.startswith(EVERY_SERVICE)
    }


async def test_every_route_lets_in_exactly_the_roles_of_the_table(
    client: httpx.AsyncClient, login: Login
) -> None:
    declared = routes((await client.get("/openapi.json")).json())
    assert declared == table()
    wrong = []
    for (method, path), allowed in sorted(declared.items()):
        if path == NEVER_ENDS or allowed == {"public"}:
            continue
        address = re.sub(r"\{\w+\}", str(NOBODY), path)
        stranger = await client.request(method, address, json={})
        if stranger.status_code != 401 or "problem+json" not in stranger.headers["content-type"]:
            wrong.append(f"{method} {path} for a stranger: {stranger.status_code}")
        for role in ROLES:
            who = login(f"{role} {method} {path}", role, teams=(SUPPORT,))
            answer = await client.request(
                method, address, json={}, headers={**who, "If-Match": '"v1"'}
            )
            if (answer.status_code != 403) is not (role in allowed) or answer.status_code >= 500:
                wrong.append(f"{method} {path} as {role}: {answer.status_code} {answer.text}")
    assert not wrong, "\n".join(wrong)


async def test_a_case_is_claimed_renewed_refused_and_given_back(
    client: httpx.AsyncClient, login: Login, agent: dict[str, str], case: UUID
) -> None:
    bela = login("bela", "agent", teams=(SUPPORT,))
    first = await client.post(f"/cases/{case}/claim", json={}, headers=agent)
    assert first.status_code == 200
    assert (first.json()["state"], first.json()["holder_name"]) == ("claimed", "Anna")
    assert first.headers["ETag"] == '"v2"'
    refused = await client.post(f"/cases/{case}/claim", json={}, headers=bela)
    assert refused.status_code == 409
    assert refused.json()["code"] == "case_is_claimed"
    assert refused.json()["holder"] == "Anna"
    assert datetime.fromisoformat(refused.json()["until"]) > datetime.now(UTC)
    renewed = await client.post(f"/cases/{case}/claim", json={"lease_seconds": 3600}, headers=agent)
    assert renewed.json()["lease_until"] > first.json()["lease_until"]
    too_long = await client.post(
        f"/cases/{case}/claim", json={"lease_seconds": 3601}, headers=agent
    )
    assert (too_long.status_code, too_long.json()["code"]) == (422, "lease_too_long")
    mine = await client.get("/cases", params={"holder": "me"}, headers=agent)
    assert [item["case_id"] for item in mine.json()["items"]] == [str(case)]
    not_theirs = await client.delete(f"/cases/{case}/claim", headers=bela)
    assert not_theirs.status_code == 409
    back = await client.delete(f"/cases/{case}/claim", headers=agent)
    assert (back.status_code, back.json()["state"]) == (200, "open")


async def test_a_claim_sent_twice_under_one_key_is_one_claim(
    client: httpx.AsyncClient, agent: dict[str, str], case: UUID, database: Any
) -> None:
    headers = {**agent, "Idempotency-Key": "claim-1"}
    answers = [
        await client.post(f"/cases/{case}/claim", json={}, headers=headers) for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    claimed = "select count(*) from outbox where type = 'router.case.claimed.v1'"
    assert await database.fetchval(claimed) == 1
    other = await client.post(f"/cases/{case}/claim", json={"lease_seconds": 60}, headers=headers)
    assert other.status_code == 422


async def test_closing_needs_the_version_that_was_seen_and_a_full_account(
    client: httpx.AsyncClient, agent: dict[str, str], case: UUID
) -> None:
    path = f"/cases/{case}/close"
    blind = await client.post(path, json=CLOSING, headers=agent)
    assert blind.status_code == 428
    stale = await client.post(path, json=CLOSING, headers={**agent, "If-Match": '"v9"'})
    assert stale.status_code == 412
    seen = {**agent, "If-Match": '"v1"'}
    for missing in CLOSING:
        body = {name: value for name, value in CLOSING.items() if name != missing}
        assert (await client.post(path, json=body, headers=seen)).status_code == 422
        blank = {**CLOSING, missing: "  "}
        assert (await client.post(path, json=blank, headers=seen)).status_code == 422
    owed = await client.post(path, json={**CLOSING, "outcome": "solved"}, headers=seen)
    assert (owed.status_code, owed.json()["code"]) == (409, "first_reaction_owed")
    closed = await client.post(path, json=CLOSING, headers=seen)
    assert closed.status_code == 200
    assert closed.json()["state"] == "closed"
    assert closed.json()["clocks"][0]["state"] == "waived"
    again = await client.post(path, json=CLOSING, headers={**agent, "If-Match": '"v2"'})
    assert (again.status_code, again.json()["code"]) == (409, "case_is_closed")
    listed = await client.get("/cases", params={"state": "closed"}, headers=agent)
    assert [item["outcome"] for item in listed.json()["items"]] == ["no_action"]
    assert (await client.get("/cases", headers=agent)).json()["items"] == []


async def test_another_teams_case_does_not_exist_for_an_agent(
    client: httpx.AsyncClient, login: Login, lead: dict[str, str], case: UUID
) -> None:
    for headers in (login("carla", "agent", teams=(COMMUNITY,)), login("nobody", "triage")):
        seen = {**headers, "If-Match": '"v1"'}
        answers = [
            await client.get(f"/cases/{case}", headers=headers),
            await client.post(f"/cases/{case}/claim", json={}, headers=headers),
            await client.delete(f"/cases/{case}/claim", headers=headers),
            await client.post(f"/cases/{case}/close", json=CLOSING, headers=seen),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        assert (await client.get("/cases", headers=headers)).json()["items"] == []
        wanted = await client.get("/cases", params={"team": SUPPORT}, headers=headers)
        assert wanted.json()["items"] == []
        assert (await client.get("/cases/counts", headers=headers)).json() == []
        assert (await client.get("/cases/next", headers=headers)).status_code == 204
    seen_by_lead = await client.get(f"/cases/{case}", headers=lead)
    assert seen_by_lead.status_code == 200


async def test_presence_is_seen_by_others_without_an_event_or_a_new_version(
    client: httpx.AsyncClient, login: Login, agent: dict[str, str], case: UUID, database: Any
) -> None:
    bela = login("bela", "agent", teams=(SUPPORT,))
    stranger = login("cora", "agent", teams=(COMMUNITY,))
    before = (await client.get(f"/cases/{case}", headers=agent)).headers["ETag"]
    events = await database.fetchval("select count(*) from outbox")
    path = f"/cases/{case}/presence"
    typing = await client.put(path, json={"activity": "typing"}, headers=agent)
    assert [(each["name"], each["activity"]) for each in typing.json()] == [("Anna", "typing")]
    await client.put(path, json={"activity": "looking"}, headers=bela)
    hidden = await client.put(path, json={"activity": "looking"}, headers=stranger)
    assert hidden.status_code == 404
    shown = await client.get(f"/cases/{case}", headers=bela)
    assert [each["name"] for each in shown.json()["presence"]] == ["Anna", "Bela"]
    assert shown.headers["ETag"] == before
    assert (await client.delete(path, headers=agent)).status_code == 204
    await database.execute("update presence set until = now() - interval '1 s'")
    gone = await client.get(f"/cases/{case}", headers=bela)
    assert gone.json()["presence"] == []
    assert await database.fetchval("select count(*) from outbox") == events


async def test_the_next_item_respects_skills_owners_and_leases(
    client: httpx.AsyncClient, put: Place, agent: dict[str, str], database: Any
) -> None:
    make = Mentions()
    now = datetime.now(UTC)
    cases = [make("service", detected_at=now - timedelta(minutes=9 - n)) for n in range(3)]
    await put(*cases)
    first, second, third = (case_of(each) for each in cases)

    async def next_for_anna() -> str | None:
        answer = await client.get("/cases/next", headers=agent)
        return None if answer.status_code == 204 else answer.json()["case_id"]

    assert await next_for_anna() == str(first)
    await database.execute("update cases set skills = '{welding}' where case_id = $1", first)
    assert await next_for_anna() == str(second)
    own = "update cases set owner_id = $2, owner_name = 'x' where case_id = $1"
    await database.execute(own, second, "dev|bela")
    assert await next_for_anna() == str(third)
    await database.execute("update cases set next_due_at = now() where case_id = $1", second)
    assert await next_for_anna() == str(second)  # overdue: whoever is here
    await database.execute(own, second, "dev|anna")
    mine = await client.get("/cases", params={"owner": "me"}, headers=agent)
    assert [item["case_id"] for item in mine.json()["items"]] == [str(second)]
    nobody = await client.get("/cases", params={"owner": "nobody"}, headers=agent)
    assert {item["case_id"] for item in nobody.json()["items"]} == {str(first), str(third)}


async def test_bulk_close_by_filter_is_one_command_that_repeats(
    client: httpx.AsyncClient, put: Place, lead: dict[str, str]
) -> None:
    make = Mentions()
    await put(*(make("non_service", kind="praise") for _ in range(3)), make("service"))
    body = {
        "filter": {"team": COMMUNITY, "kind": "praise"},
        "outcome": "no_action",
        "cause": "praise",
        "summary": "Liked.",
        "fault": "nobody",
    }
    key = {**lead, "Idempotency-Key": "bulk-1"}
    done = await client.post("/cases/bulk-close", json=body, headers=key)
    assert (done.json()["closed"], done.json()["left"]) == (3, 0), done.text
    again = await client.post("/cases/bulk-close", json=body, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    nothing = await client.post("/cases/bulk-close", json=body, headers=lead)
    assert nothing.json()["items"] == []
    both = await client.post("/cases/bulk-close", json={**body, "case_ids": []}, headers=lead)
    assert both.status_code == 422


@pytest.mark.parametrize(
    "wanted", [{}, {"kind": None}, {"kinds": "praise"}, {"kind": "praise", "teem": COMMUNITY}]
)
async def test_a_bulk_close_that_asks_nothing_or_is_misspelt_closes_nothing(
    client: httpx.AsyncClient, put: Place, lead: dict[str, str], wanted: dict[str, Any]
) -> None:
    await put(Mentions()("non_service", kind="praise"))
    refused = await client.post(
        "/cases/bulk-close", json={**CLOSING, "filter": wanted}, headers=lead
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert (await client.get("/cases", headers=lead)).json()["items"] != []


async def test_the_queue_is_in_due_order_page_by_page_with_every_case_once(
    client: httpx.AsyncClient, put: Place, lead: dict[str, str]
) -> None:
    make = Mentions()
    now = datetime.now(UTC)
    for number in range(25):
        detected_at = now - timedelta(minutes=(number * 7) % 25)
        await put(make("service" if number % 3 else "triage", detected_at=detected_at))
    await put(*(make("non_service", kind="praise") for _ in range(5)))
    seen: list[dict[str, Any]] = []
    path = "/cases?limit=4"
    while path:
        page = (await client.get(path, headers=lead)).json()
        assert len(page["items"]) <= 4
        seen += page["items"]
        path = page["next"]
    assert len({item["case_id"] for item in seen}) == 30
    due = [item["next_due_at"] for item in seen]
    assert due == sorted(due)
    # What starts no clock is looked at by policy, days later.
    assert {item["decision"] for item in seen[-5:]} == {"non_service"}


async def test_filters_choose_and_counts_agree(
    client: httpx.AsyncClient, put: Place, lead: dict[str, str], agent: dict[str, str]
) -> None:
    make = Mentions()
    late = datetime.now(UTC) - timedelta(minutes=12)
    await put(
        make("service", detected_at=late),
        make("service"),
        make("triage"),
        make("triage"),
        make("non_service", kind="praise"),
        make("non_service", kind="talk"),
    )

    async def number_of(**filters: str) -> int:
        answer = await client.get("/cases", params=filters, headers=lead)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])

    assert await number_of() == 5
    assert await number_of(decision="triage") == 2
    assert await number_of(team=SUPPORT) == 3
    assert await number_of(team=COMMUNITY, decision="non_service") == 1
    assert await number_of(state="claimed") == 0
    assert await number_of(clock="running") == 4
    assert await number_of(clock="breached") == 0  # the deadline passed, the timer has not rung
    counts = {row["team"]: row for row in (await client.get("/cases/counts", headers=lead)).json()}
    assert counts[SUPPORT] == {
        "team": SUPPORT,
        "open": 3,
        "claimed": 0,
        "waiting": 0,
        "settled": 0,
        "unowned": 3,
        "awaiting_reaction": 3,
        "overdue": 1,
    }
    own = (await client.get("/cases/counts", headers=agent)).json()
    assert [row["team"] for row in own] == [SUPPORT]
    books = (await client.get("/reconciliation", headers=lead)).json()
    assert books == {
        "mentions": 6,
        "in_cases": 5,
        "parked": 1,
        "own_posts": 0,
        "counted_by_cases": 5,
        "is_balanced": True,
    }


async def test_next_gives_the_most_urgent_case_that_nobody_holds(
    client: httpx.AsyncClient, put: Place, agent: dict[str, str]
) -> None:
    make = Mentions()
    late = datetime.now(UTC) - timedelta(minutes=5)
    urgent, calm = make("service", detected_at=late), make("service")
    await put(calm, urgent)
    first = await client.get("/cases/next", headers=agent)
    assert first.json()["case_id"] == str(case_of(urgent))
    await client.post(f"/cases/{case_of(urgent)}/claim", json={}, headers=agent)
    second = await client.get("/cases/next", headers=agent)
    assert second.json()["case_id"] == str(case_of(calm))
    await client.post(f"/cases/{case_of(calm)}/claim", json={}, headers=agent)
    assert (await client.get("/cases/next", headers=agent)).status_code == 204


async def test_a_case_shows_its_mentions_clocks_and_reason(
    client: httpx.AsyncClient, put: Place, agent: dict[str, str]
) -> None:
    make = Mentions()
    first = make("service", thread="t", text="Die Kette rasselt.")
    second = make(
        "non_service",
        thread="t",
        text="Noch da?",
        detected_at=make.detected_at + timedelta(minutes=1),
    )
    await put(first, second)
    shown = (await client.get(f"/cases/{case_of(first)}", headers=agent)).json()
    assert [each["text"] for each in shown["latest_mentions"]] == ["Die Kette rasselt.", "Noch da?"]
    assert (shown["rule"], shown["configuration_version"], shown["mentions"]) == ("service", 1, 2)
    assert [clock["kind"] for clock in shown["clocks"]] == ["first_reaction"]
    assert shown["next_due_at"] == shown["clocks"][0]["due_at"]


async def test_a_parked_mention_is_lifted_once_into_a_case(
    client: httpx.AsyncClient, put: Place, lead: dict[str, str], database: Any
) -> None:
    make = Mentions()
    await put(make("non_service", kind="talk"), make("non_service", kind="news"))
    parked = (await client.get("/parked", params={"limit": 1}, headers=lead)).json()
    assert parked["next"]
    mention_id = parked["items"][0]["mention_id"]
    assert parked["items"][0]["rule"] == "talk_not_to_us"
    unknown = await client.post(f"/parked/{mention_id}/lift", json={"team": "nobody"}, headers=lead)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_team")
    lifted = await client.post(f"/parked/{mention_id}/lift", json={"team": SUPPORT}, headers=lead)
    assert lifted.status_code == 200
    assert (lifted.json()["team"], lifted.json()["rule"]) == (SUPPORT, "lifted")
    assert [clock["kind"] for clock in lifted.json()["clocks"]] == ["first_reaction"]
    again = await client.post(f"/parked/{mention_id}/lift", json={}, headers=lead)
    assert (again.status_code, again.json()["code"]) == (409, "not_parked")
    assert (await client.post(f"/parked/{uuid4()}/lift", json={}, headers=lead)).status_code == 404
    books = (await client.get("/reconciliation", headers=lead)).json()
    assert (books["in_cases"], books["parked"], books["is_balanced"]) == (1, 1, True)
    row = await database.fetchrow("select lifted_by_id, place from disposition where place='case'")
    assert tuple(row) == ("dev|lena", "case")


async def test_a_lifted_mention_joins_the_case_its_conversation_got_meanwhile(
    client: httpx.AsyncClient, put: Place, lead: dict[str, str]
) -> None:
    make = Mentions()
    talk, problem = make("non_service", kind="talk", thread="t"), make("service", thread="t")
    await put(talk, problem)
    lifted = await client.post(
        f"/parked/{talk.data.mention.mention_id}/lift", json={}, headers=lead
    )
    assert (lifted.json()["case_id"], lifted.json()["mentions"]) == (str(case_of(problem)), 2)


async def test_the_configuration_is_versioned_and_guarded_by_its_etag(
    client: httpx.AsyncClient, login: Login, put: Place, database: Any
) -> None:
    operator = login("ole", "operator")
    shown = await client.get("/configuration", headers=operator)
    assert (shown.json()["version"], shown.headers["ETag"]) == (1, '"v1"')
    document = packaged_default().dumped()
    assert (await client.put("/configuration", json=document, headers=operator)).status_code == 428
    seen = {**operator, "If-Match": '"v1"'}
    same = await client.put("/configuration", json=document, headers=seen)
    assert same.json() == {"version": 1}
    document["rules"][1]["rota"] = "nights"
    verdict = await client.post("/configuration/validate", json=document, headers=operator)
    assert verdict.json()["is_valid"] is False
    wrong = {"path": "rules.1.rota", "reason": "unknown rota nights"}
    assert wrong in verdict.json()["problems"]
    refused = await client.put("/configuration", json=document, headers=seen)
    assert (refused.status_code, refused.json()["problems"]) == (422, verdict.json()["problems"])
    document["rules"] = [{"name": "all", "team": COMMUNITY, "reason": "One team for everything."}]
    changed = await client.put("/configuration", json=document, headers=seen)
    assert (changed.json(), changed.headers["ETag"]) == ({"version": 2}, '"v2"')
    late = await client.put("/configuration", json=document, headers=seen)
    assert late.status_code == 412

    mention = Mentions()("service")
    await put(mention)
    row = await database.fetchrow("select team, rule, configuration_version from cases")
    assert tuple(row) == (COMMUNITY, "all", 2)
    old = await client.get("/configuration", params={"version": 1}, headers=operator)
    assert old.json()["actor_name"] == "packaged default"
    missing = await client.get("/configuration", params={"version": 3}, headers=operator)
    assert missing.status_code == 404


async def test_a_team_with_open_cases_stays_in_the_configuration(
    client: httpx.AsyncClient, login: Login, lead: dict[str, str], case: UUID
) -> None:
    """Its cases would be in a queue that nobody looks at (S34)."""
    operator = {**login("ole", "operator"), "If-Match": '"v1"'}
    document = {
        "company": "Motorrad AG",
        "teams": [{"name": COMMUNITY, "title": "Community Management"}],
        "rules": [{"name": "all", "team": COMMUNITY, "reason": "One team for everything."}],
    }
    refused = await client.put("/configuration", json=document, headers=operator)
    assert (refused.status_code, refused.json()["code"]) == (409, "team_has_open_cases")
    assert refused.json()["teams"] == {SUPPORT: 1}
    handed = await client.post(
        f"/cases/{case}/hand-over",
        json={"team": COMMUNITY, "reason": "The team is dissolved."},
        headers={**lead, "If-Match": '"v1"'},
    )
    assert handed.status_code == 200, handed.text
    applied = await client.put("/configuration", json=document, headers=operator)
    assert applied.json() == {"version": 2}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1000},
        {"state": "gone"},
        {"holder": "you"},
        {"team": "No Such Name"},
        {"state": "closed", "holder": "me"},
    ],
)
async def test_what_cannot_be_asked_is_422(
    client: httpx.AsyncClient, lead: dict[str, str], query: dict[str, Any]
) -> None:
    assert (await client.get("/cases", params=query, headers=lead)).status_code == 422


@pytest.mark.parametrize("cursor", ["nonsense", "WzFd", "W10"])
@pytest.mark.parametrize("path", ["/cases", "/cases?state=closed", "/parked"])
async def test_a_page_that_does_not_exist_is_404(
    client: httpx.AsyncClient, lead: dict[str, str], path: str, cursor: str
) -> None:
    link = f"{path}{'&' if '?' in path else '?'}cursor={cursor}"
    assert (await client.get(link, headers=lead)).status_code == 404


async def test_ids_that_are_none_are_422_and_unknown_ones_404(
    client: httpx.AsyncClient, lead: dict[str, str]
) -> None:
    assert (await client.get("/cases/17", headers=lead)).status_code == 422
    assert (await client.get(f"/cases/{uuid4()}", headers=lead)).status_code == 404
