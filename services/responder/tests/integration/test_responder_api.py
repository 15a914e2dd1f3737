"""The API with its roles: one reply from draft to dispatch, and all it refuses (S58, S14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import orjson
import pytest
from msgspec.structs import replace

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import new_event
from common.events.parts import Actor
from common.events.router import CaseClosed, CaseContinued
from common.events.vocabulary import Visibility
from common.ids import new_id
from responder.handlers import record_cases
from responder.handlers.record_cases import RecordMentions
from responder.storage.cases import get_case

pytestmark = pytest.mark.postgres
Headers = Callable[..., dict[str, str]]
HELLO = "Hallo Karla, dein Motorrad holt unser Techniker ab und prüft die Zündung."
PROBLEM = "application/problem+json"


async def facts(admin_dsn: str, draft_id: str) -> list[str]:
    """The types of the events that wait in the outbox for this draft, in order."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        rows = await connection.fetch("select type, payload from responder.outbox order by id")
    finally:
        await connection.close()
    return [row["type"] for row in rows if orjson.loads(row["payload"]).get("draft_id") == draft_id]


class Desk:
    """People at work on one case, through the API."""

    def __init__(self, client: httpx.AsyncClient, token: Headers, open_case: Any) -> None:
        self.client = client
        self.token = token
        self.open_case = open_case

    async def post(self, who: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(path, json=body, headers={**self.token(who), **headers})

    async def written(self, who: str = "anna", **changes: Any) -> dict[str, Any]:
        # A private word needs a lead-in, unless the customer wrote in private themselves (S64).
        seen = Visibility(changes.get("visibility", "public"))
        case_id = await self.open_case(f"p-{uuid4().hex}", visibility=seen)
        body = {"kind": "answer", "visibility": "public", "text": HELLO, **changes}
        answer = await self.post(who, f"/cases/{case_id}/drafts", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def submitted(self, who: str = "anna", **changes: Any) -> dict[str, Any]:
        draft = await self.written(who, **changes)
        answer = await self.post(who, f"/drafts/{draft['draft_id']}/submit")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def approve(self, who: str, draft: dict[str, Any]) -> httpx.Response:
        latest = draft["latest"]
        read = {"revision": latest["revision"], "content_hash": latest["content_hash"]}
        return await self.post(who, f"/drafts/{draft['draft_id']}/approve", read)

    async def dispatches(self, draft: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.client.get(
            "/dispatches",
            params={"case_id": draft["case_id"]},
            headers=self.token("olga", "observer"),
        )
        return list(answer.json()["items"])


@pytest.fixture
def desk(client: httpx.AsyncClient, token: Headers, open_case: Any) -> Desk:
    return Desk(client, token, open_case)


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    assert answer.json()["code"] == code


async def test_a_public_reply_from_draft_to_ledger(desk: Desk, admin_dsn: str) -> None:
    draft = await desk.submitted()
    assert draft["state"] == "submitted"
    assert draft["latest"]["account"] == "motorrad_ag"

    reviews = await desk.client.get("/reviews?limit=200", headers=desk.token("ben"))
    assert draft["draft_id"] in {item["draft_id"] for item in reviews.json()["items"]}
    own = await desk.client.get("/reviews?limit=200", headers=desk.token("anna"))
    assert draft["draft_id"] not in {item["draft_id"] for item in own.json()["items"]}

    approved = await desk.approve("ben", draft)
    assert approved.status_code == 200, approved.text
    assert approved.json()["state"] == "approved"
    assert approved.json()["approver"] == {"id": "dev|ben", "name": "Ben"}

    (dispatch,) = await desk.dispatches(draft)
    assert dispatch["state"] == "pending"
    assert dispatch["content_hash"] == draft["latest"]["content_hash"]
    assert [author["id"] for author in dispatch["authors"]] == ["dev|anna"]
    assert await facts(admin_dsn, draft["draft_id"]) == [
        "responder.draft.revised.v1",
        "responder.gates.checked.v1",
        "responder.draft.submitted.v1",
        "responder.review.offered.v1",
        "responder.draft.approved.v1",
    ]


async def test_own_text_is_refused_and_the_try_is_kept(desk: Desk, admin_dsn: str) -> None:
    draft = await desk.submitted()
    refused(await desk.approve("anna", draft), 403, "own_text")
    assert (await facts(admin_dsn, draft["draft_id"]))[-1] == "responder.approval.refused.v1"
    assert await desk.dispatches(draft) == []
    lead = await desk.client.post(
        f"/drafts/{draft['draft_id']}/approve",
        json={"revision": 1, "content_hash": draft["latest"]["content_hash"]},
        headers=desk.token("anna", "lead"),
    )
    refused(lead, 403, "own_text")


async def test_an_edit_voids_the_approval_and_makes_the_editor_an_author(desk: Desk) -> None:
    draft = await desk.submitted()
    approved = (await desk.approve("ben", draft)).json()
    path = f"/drafts/{draft['draft_id']}/revisions"
    edited = await desk.post(
        "ben", path, {"text": HELLO + " Ben"}, **{"If-Match": f'"v{approved["version"]}"'}
    )
    assert edited.status_code == 201, edited.text
    assert edited.json()["state"] == "writing"
    assert edited.json()["approver"] is None
    (void,) = await desk.dispatches(draft)
    assert (void["state"], void["last_error"]) == ("failed", "voided_by_revision")

    again = (await desk.post("anna", f"/drafts/{draft['draft_id']}/submit")).json()
    for author in ("anna", "ben"):
        refused(await desk.approve(author, again), 403, "own_text")
    refused(await desk.approve("cleo", draft), 409, "stale_revision")
    assert (await desk.approve("cleo", again)).status_code == 200
    assert [line["state"] for line in await desk.dispatches(draft)] == ["failed", "pending"]


async def test_two_editors_at_once_do_not_overwrite_each_other(desk: Desk) -> None:
    draft = await desk.written()
    path = f"/drafts/{draft['draft_id']}/revisions"
    seen = {"If-Match": f'"v{draft["version"]}"'}
    assert (await desk.post("anna", path, {"text": "eins"}, **seen)).status_code == 201
    refused(await desk.post("ben", path, {"text": "zwei"}, **seen), 412, "stale_draft")
    refused(await desk.post("ben", path, {"text": "zwei"}), 428, "precondition_required")


async def test_a_repeated_request_writes_one_draft(desk: Desk) -> None:
    case_id = await desk.open_case(f"p-{uuid4().hex}")
    body = {"kind": "answer", "visibility": "public", "text": HELLO}
    key = {"Idempotency-Key": uuid4().hex}
    first = await desk.post("anna", f"/cases/{case_id}/drafts", body, **key)
    second = await desk.post("anna", f"/cases/{case_id}/drafts", body, **key)
    assert first.json() == second.json()
    found = await desk.client.get(f"/drafts?case_id={case_id}", headers=desk.token("ben"))
    assert len(found.json()["items"]) == 1
    other = await desk.post("anna", f"/cases/{case_id}/drafts", {**body, "text": "x"}, **key)
    refused(other, 422, "key_reused")


async def test_a_private_reply_needs_no_reader_unless_one_is_asked_for(desk: Desk) -> None:
    draft = await desk.submitted(visibility="private")
    assert draft["state"] == "cleared"
    assert [line["state"] for line in await desk.dispatches(draft)] == ["pending"]

    asked = await desk.written(visibility="private")
    answer = await desk.post("anna", f"/drafts/{asked['draft_id']}/submit", {"review": "required"})
    assert answer.json()["state"] == "submitted"
    assert await desk.dispatches(asked) == []


async def test_reject_with_a_reason_and_try_again(desk: Desk, admin_dsn: str) -> None:
    draft = await desk.submitted()
    path = f"/drafts/{draft['draft_id']}/reject"
    refused(await desk.post("anna", path, {"reason": "nein"}), 403, "own_text")
    rejected = await desk.post("ben", path, {"reason": "Bitte das Anliegen nennen."})
    assert rejected.json()["state"] == "rejected"
    refused(await desk.approve("ben", draft), 409, "not_submitted")
    refused(await desk.post("anna", f"/drafts/{draft['draft_id']}/submit"), 409, "illegal_step")
    assert "responder.draft.rejected.v1" in await facts(admin_dsn, draft["draft_id"])


async def test_withdraw_takes_it_out_of_the_ledger(desk: Desk) -> None:
    draft = await desk.submitted()
    await desk.approve("ben", draft)
    path = f"/drafts/{draft['draft_id']}/withdraw"
    refused(await desk.post("cleo", path, {"reason": "x"}), 403, "not_author")
    withdrawn = await desk.post("anna", path, {"reason": "hat sich erledigt"})
    assert withdrawn.json()["state"] == "withdrawn"
    assert [line["state"] for line in await desk.dispatches(draft)] == ["failed"]
    refused(await desk.post("anna", path, {"reason": "x"}), 409, "illegal_step")


async def test_what_does_not_fit_the_channel_is_refused_on_submission(desk: Desk) -> None:
    long = await desk.written(text="x" * 501)
    refused(await desk.post("anna", f"/drafts/{long['draft_id']}/submit"), 422, "text_too_long")
    foreign = await desk.written(account="somebody_else")
    path = f"/drafts/{foreign['draft_id']}/submit"
    refused(await desk.post("anna", path), 422, "unknown_account")
    (channel,) = (await desk.client.get("/channels", headers=desk.token("anna"))).json()
    assert (channel["network"], channel["max_length"], channel["counting"]) == (
        "*",
        500,
        "code_points",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "answer", "visibility": "public", "text": "  \n "},
        {"kind": "answer", "visibility": "public", "text": "a\x00b"},
        {"kind": "no_reply", "visibility": "public", "text": HELLO},
        {"kind": "answer", "visibility": "secret", "text": HELLO},
        {"kind": "answer", "visibility": "public", "text": HELLO, "approved": True},
        {"kind": "answer", "visibility": "public", "text": "x" * 10_001},
    ],
)
async def test_a_body_of_another_shape_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    answer = await desk.post("anna", f"/cases/{uuid4()}/drafts", body)
    assert answer.status_code == 422


@pytest.mark.parametrize("text", [r"\ud800", r"a\udfff", r"\u0000"])
async def test_a_text_that_no_encoding_can_carry_is_refused(desk: Desk, text: str) -> None:
    case_id = await desk.open_case(f"p-{uuid4().hex}")
    answer = await desk.client.post(
        f"/cases/{case_id}/drafts",
        content=f'{{"kind": "answer", "visibility": "public", "text": "{text}"}}',
        headers={**desk.token("anna"), "Content-Type": "application/json"},
    )
    assert answer.status_code == 422


async def test_a_lead_in_in_private_is_refused_when_it_is_written(desk: Desk) -> None:
    case_id = await desk.open_case(f"p-{uuid4().hex}")
    body = {"kind": "lead_in", "visibility": "private", "text": HELLO}
    refused(await desk.post("anna", f"/cases/{case_id}/drafts", body), 422, "visibility_fixed")


async def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    nothing = uuid4()
    body = {"kind": "answer", "visibility": "public", "text": HELLO}
    refused(await desk.post("anna", f"/cases/{nothing}/drafts", body), 404, "not_found")
    refused(await desk.post("anna", f"/drafts/{nothing}/submit"), 404, "not_found")
    read = {"revision": 1, "content_hash": "0" * 64}
    refused(await desk.post("anna", f"/drafts/{nothing}/approve", read), 404, "not_found")
    for path in (f"/drafts/{nothing}", f"/dispatches/{nothing}"):
        refused(await desk.client.get(path, headers=desk.token("anna")), 404, "not_found")


WRITES = (
    "/cases/{id}/drafts",
    "/drafts/{id}/revisions",
    "/drafts/{id}/submit",
    "/drafts/{id}/approve",
    "/drafts/{id}/reject",
    "/drafts/{id}/withdraw",
    "/dispatches/{id}/resolve",
)
READS = ("/drafts", "/drafts/{id}", "/dispatches", "/dispatches/{id}", "/channels")


@pytest.mark.parametrize("role", ["observer", "department", "operator"])
@pytest.mark.parametrize("path", WRITES)
async def test_who_only_watches_writes_nothing(desk: Desk, path: str, role: str) -> None:
    url = path.format(id=uuid4())
    answer = await desk.client.post(url, json={}, headers=desk.token("olga", role))
    assert answer.status_code == 403


@pytest.mark.parametrize("role", ["agent", "triage"])
async def test_only_a_lead_settles_an_outcome(desk: Desk, role: str) -> None:
    answer = await desk.client.post(
        f"/dispatches/{uuid4()}/resolve", json={}, headers=desk.token("anna", role)
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("path", READS)
async def test_observers_read_and_departments_do_not(desk: Desk, path: str) -> None:
    url = path.format(id=uuid4())
    observer = await desk.client.get(url, headers=desk.token("olga", "observer"))
    assert observer.status_code in (200, 404)
    department = await desk.client.get(url, headers=desk.token("dora", "department"))
    assert department.status_code == 403
    assert (await desk.client.get(url)).status_code == 401


async def test_service_accounts_neither_write_nor_approve(desk: Desk) -> None:
    draft = await desk.submitted()
    machine = desk.token("bot", "agent", kind="service")
    body = {"kind": "answer", "visibility": "public", "text": HELLO}
    path = f"/cases/{draft['case_id']}/drafts"
    refused(await desk.client.post(path, json=body, headers=machine), 403, "service_account")
    named = desk.token("service:bot", "agent")
    read = {"revision": 1, "content_hash": draft["latest"]["content_hash"]}
    path = f"/drafts/{draft['draft_id']}/approve"
    refused(await desk.client.post(path, json=read, headers=named), 403, "service_account")


async def test_a_draft_shows_every_wording_and_pages_follow(desk: Desk) -> None:
    case_id = await desk.open_case(f"p-{uuid4().hex}")
    for text in ("eins", "zwei", "drei"):
        body = {"kind": "answer", "visibility": "public", "text": text}
        await desk.post("anna", f"/cases/{case_id}/drafts", body)
    first = await desk.client.get(
        f"/drafts?case_id={case_id}&state=writing&limit=2", headers=desk.token("ben")
    )
    rest = await desk.client.get(first.json()["next"], headers=desk.token("ben"))
    items = first.json()["items"] + rest.json()["items"]
    assert [item["latest"]["text"] for item in items] == ["eins", "zwei", "drei"]
    assert rest.json()["next"] is None

    draft_id = items[0]["draft_id"]
    await desk.post("ben", f"/drafts/{draft_id}/revisions", {"text": "1"}, **{"If-Match": '"v1"'})
    shown = await desk.client.get(f"/drafts/{draft_id}", headers=desk.token("ben"))
    assert [revision["text"] for revision in shown.json()["revisions"]] == ["eins", "1"]
    assert [author["id"] for author in shown.json()["authors"]] == ["dev|anna", "dev|ben"]
    assert shown.headers["etag"] == '"v2"'


async def test_the_check_over_the_database_holds(desk: Desk) -> None:
    await desk.approve("ben", await desk.submitted())
    answer = await desk.client.get("/four-eyes/check", headers=desk.token("lea", "lead"))
    assert answer.json()["holds"] is True
    assert answer.json()["public_dispatches"] >= 1


async def test_a_closed_case_takes_no_new_draft_and_a_new_post_is_what_is_answered(
    units: UnitOfWorkFactory, case_opened: Any, desk: Desk, record_mentions: RecordMentions
) -> None:
    opened = case_opened(f"p-{uuid4().hex}")
    case_id: UUID = opened.data.case_id
    later = opened.data.mention
    follow = [f"later-{uuid4().hex}" for _ in range(12)]
    continued = [
        new_event(
            CaseContinued(
                case_id=case_id,
                conversation_id=opened.data.conversation_id,
                mention=replace(later, native_id=native_id, text=native_id),
                classification=opened.data.classification,
                team="social_support",
            ),
            id=new_id(),
            subject=case_id,
            time=opened.time,
        )
        for native_id in follow
    ]
    async with units.begin() as uow:
        await record_mentions(uow, [opened])
        await record_mentions(uow, continued)
    async with units.read() as connection:
        case = await get_case(connection, case_id)
    assert case is not None
    assert (case.in_reply_to, case.mention_texts) == (follow[-1], tuple(follow[-10:]))

    closed = CaseClosed(
        case_id=case_id,
        conversation_id=opened.data.conversation_id,
        actor=Actor(id="dev|anna", name="Anna"),
        outcome="solved",
        cause="advice",
        summary="Batterie war leer.",
        closed_at=opened.time,
    )
    async with units.begin() as uow:
        event = new_event(closed, id=new_id(), subject=case_id, time=opened.time)
        await record_cases.record_closed(uow, [event])
    body = {"kind": "answer", "visibility": "public", "text": HELLO}
    refused(await desk.post("anna", f"/cases/{case_id}/drafts", body), 409, "case_closed")
