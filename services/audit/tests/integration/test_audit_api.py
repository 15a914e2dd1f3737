"""The history over HTTP: time lines in both orders, pages, roles, masking, counts."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from audit_builders import AT, MIA, append, life_of, mention, raw

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import new_event
from common.events.router import MentionMoved, MentionParked
from common.web.auth import DevIssuer

pytestmark = pytest.mark.postgres
CASE, OTHER_CASE = uuid4(), uuid4()
THREAD = mention("p1").conversation_id
PATHS = [
    f"/cases/{uuid4()}/history",
    f"/conversations/{uuid4()}/history",
    f"/mentions/{uuid4()}/history",
    "/entries",
    "/verify",
    "/stats",
    "/reconciliation",
]


@pytest.fixture
async def history(units: UnitOfWorkFactory) -> None:
    """Two mentions of one conversation in two cases, and another conversation."""
    await append(units, life_of(mention("p1"), CASE))
    await append(units, life_of(mention("p2", root="p1"), OTHER_CASE))
    await append(units, life_of(mention("p9"))[:2])


async def lines(client: httpx.AsyncClient, path: str, who: dict[str, str]) -> list[dict[str, Any]]:
    """Every entry behind a path, page by page."""
    found: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        answer = await client.get(following, headers=who)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        following = answer.json()["next"]
    return found


async def test_the_history_is_for_people_with_a_role(
    client: httpx.AsyncClient, issuer: DevIssuer
) -> None:
    token = issuer.token("dora", "Dora Dept", roles=["department"])
    for path in PATHS:
        assert (await client.get(path)).status_code == 401, path
        answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403, path


async def test_what_the_history_does_not_know_is_404(
    client: httpx.AsyncClient, lead: dict[str, str]
) -> None:
    for path in PATHS[:3]:
        assert (await client.get(path, headers=lead)).status_code == 404, path


async def test_a_question_of_the_wrong_shape_is_422(
    client: httpx.AsyncClient, lead: dict[str, str], history: None
) -> None:
    for path in (
        "/cases/7/history",
        f"/conversations/{THREAD}/history?order=random",
        "/entries?since=yesterday",
        "/entries?since=2026-01-01T00:00:00",
        "/entries?since=0001-01-01T00:00:00%2B14:00",
        "/entries?since=9999-12-31T23:59:59-14:00",
        "/entries?type=no%20type",
        "/verify?conversation_id=x",
        "/verify?chains=0",
    ):
        assert (await client.get(path, headers=lead)).status_code == 422, path
    no_page = f"/conversations/{THREAD}/history?cursor=nonsense"
    assert (await client.get(no_page, headers=lead)).status_code == 404


async def test_a_case_is_told_from_the_post_on(
    client: httpx.AsyncClient, lead: dict[str, str], history: None
) -> None:
    told = await lines(client, f"/cases/{CASE}/history?limit=3", lead)
    assert [entry["type"] for entry in told] == [
        "ingest.mention.received.v1",
        "classifier.mention.classified.v1",
        "router.case.opened.v1",
        "router.case.claimed.v1",
    ]
    assert told[0]["data"]["mention"]["text"] == "Mein Motorrad springt nicht an"
    assert told[3]["who"] == "Mia Sommer"
    assert told[3]["what"].startswith("Case claimed until")
    assert {UUID(entry["case_id"]) for entry in told if entry["case_id"]} == {CASE}


async def test_a_conversation_is_told_without_a_hole_from_both_ends(
    client: httpx.AsyncClient, lead: dict[str, str], history: None
) -> None:
    path = f"/conversations/{THREAD}/history?limit=3"
    oldest = await lines(client, path, lead)
    assert [entry["seq"] for entry in oldest] == list(range(1, 9))
    newest = await lines(client, path + "&order=newest", lead)
    assert newest == oldest[::-1]


async def test_a_mention_is_told(
    client: httpx.AsyncClient, lead: dict[str, str], history: None
) -> None:
    told = await lines(client, f"/mentions/{mention('p9').mention_id}/history", lead)
    assert [entry["seq"] for entry in told] == [1, 2]


async def test_observers_see_no_person(
    client: httpx.AsyncClient, observer: dict[str, str], history: None
) -> None:
    for path in (f"/cases/{CASE}/history", "/entries"):
        answer = await client.get(path, headers=observer)
        assert answer.status_code == 200
        for personal in ("arla", "springt", "Mia", "dev|"):
            assert personal not in answer.text
    told = await lines(client, f"/cases/{CASE}/history", observer)
    assert told[3]["who"] == "***"
    assert told[0]["data"]["mention"]["network"] == "mastodon"


async def test_entries_are_listed_by_type_and_time(
    client: httpx.AsyncClient, lead: dict[str, str], history: None
) -> None:
    every = await lines(client, "/entries?limit=4", lead)
    assert len(every) == 10
    assert len({entry["event_id"] for entry in every}) == 10
    found = await lines(client, "/entries?type=router.case.opened.v1&limit=1", lead)
    assert [UUID(entry["case_id"]) for entry in found] == [CASE, OTHER_CASE]
    last = max(entry["recorded_at"] for entry in every)
    late = await client.get("/entries", params={"since": last}, headers=lead)
    assert len(late.json()["items"]) == 2


async def test_counts_and_books(
    client: httpx.AsyncClient, lead: dict[str, str], history: None, units: UnitOfWorkFactory
) -> None:
    stats = (await client.get("/stats", headers=lead)).json()
    assert stats["entries"] == 10
    assert stats["by_type"]["ingest.mention.received.v1"] == 3
    books = (await client.get("/reconciliation", headers=lead)).json()
    assert books == {
        "received": 3,
        "classified": 3,
        "placed": 2,
        "unplaced": 1,
        "duplicated": 0,
        "unannounced": 0,
        "is_balanced": False,
    }
    await append(units, life_of(mention("p9"))[2:])
    await append(units, life_of(mention("p1"))[2:3])
    books = (await client.get("/reconciliation", headers=lead)).json()
    assert (books["unplaced"], books["duplicated"]) == (0, 1)


async def test_a_mention_that_a_person_moved_may_have_one_more_place(
    client: httpx.AsyncClient, lead: dict[str, str], units: UnitOfWorkFactory
) -> None:
    async def duplicated() -> int:
        return int((await client.get("/reconciliation", headers=lead)).json()["duplicated"])

    found = mention("p5")
    parked = MentionParked(
        mention_id=found.mention_id,
        conversation_id=found.conversation_id,
        reason="praise",
        rule="praise",
        configuration_version=1,
    )
    moved = MentionMoved(
        mention_id=found.mention_id,
        conversation_id=found.conversation_id,
        from_place="parked",
        to_place="case",
        rule="lifted",
        reason="It is a question after all.",
        actor=MIA,
        case_id=CASE,
    )
    told = [
        raw(new_event(fact, id=uuid4(), subject=found.mention_id, time=AT))
        for fact in (parked, moved)
    ]
    await append(units, [*life_of(found, CASE)[:2], told[0]])
    assert await duplicated() == 0
    await append(units, life_of(found, CASE)[2:])
    assert await duplicated() == 1
    await append(units, told[1:])
    assert await duplicated() == 0
    await append(units, life_of(found, CASE)[2:3])
    assert await duplicated() == 1
