"""Pairs that leave in order, no-replies that two decide, cool-offs, offers, signatures, context."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
import pytest

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.vocabulary import Decision, Label, MentionKind, Visibility
from common.ids import new_id
from common.testing.eventually import eventually
from common.timers.loop import TimerLoop
from responder.bootstrap import Responder
from responder.domain.signature import Signing
from responder.handlers.hold_draft import COOL_OFF_TIMER, end_cool_offs
from responder.handlers.let_go import release_pairs
from responder.handlers.send_replies import SendReplies

pytestmark = pytest.mark.postgres
LEAD_IN = "Hallo Karla, zu deinem Motorrad schreiben wir dir gleich eine Nachricht."
PRIVATE = "Dein Motorrad holt unser Techniker ab, die Zündung prüft er gleich mit."
NO = {"disposition": "no_reply", "has_concern": False, "wants_dialogue": False, "reason": "Nichts"}


class Bench:
    """People at one case, through the API."""

    def __init__(
        self, client: httpx.AsyncClient, token: Any, open_case: Any, responder: Responder
    ) -> None:
        self.client, self.token, self.open_case = client, token, open_case
        self.responder = responder

    async def case(self, **changes: Any) -> str:
        return str(await self.open_case(f"p-{uuid4().hex}", **changes))

    async def post(self, who: str, path: str, body: Any = None, *roles: str) -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.token(who, *roles))

    async def show(self, draft_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"/drafts/{draft_id}", headers=self.token("olga", "lead"))
        return dict(answer.json())

    async def approve(self, who: str, draft: dict[str, Any], *roles: str) -> httpx.Response:
        shown = await self.show(draft["draft_id"])
        read = {name: shown["latest"][name] for name in ("revision", "content_hash")}
        return await self.post(who, f"/drafts/{draft['draft_id']}/approve", read, *roles)

    async def sent(self, case_id: str, text: str, kind: str = "answer") -> None:
        """A public reply of this kind that has left."""
        body = {"kind": kind, "visibility": "public", "text": text}
        draft = (await self.post("anna", f"/cases/{case_id}/drafts", body)).json()
        await self.post("anna", f"/drafts/{draft['draft_id']}/submit")
        approved = await self.approve("ben", draft)
        assert approved.status_code == 200, approved.text
        await self.send()

    async def send(self) -> None:
        sender = SendReplies(self.responder.units, self.responder.channels, ids=new_id)
        for claimed in await sender.claim(50):
            await sender.deliver(claimed)

    async def dispatches(self, case_id: str) -> list[tuple[str, str]]:
        answer = await self.client.get(
            "/dispatches", params={"case_id": case_id}, headers=self.token("olga", "observer")
        )
        return [(line["visibility"], line["state"]) for line in answer.json()["items"]]


@pytest.fixture
def bench(
    client: httpx.AsyncClient, token: Callable[..., Any], open_case: Any, responder: Responder
) -> Bench:
    return Bench(client, token, open_case, responder)


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text


async def test_the_private_half_leaves_after_its_lead_in(bench: Bench) -> None:
    case_id = await bench.case()
    pair = (
        await bench.post(
            "anna", f"/cases/{case_id}/pairs", {"lead_in": LEAD_IN, "private": PRIVATE}
        )
    ).json()
    lead_in, private = pair["lead_in"], pair["private"]
    assert (lead_in["latest"]["kind"], lead_in["latest"]["visibility"]) == ("lead_in", "public")
    assert private["lead_in_draft_id"] == lead_in["draft_id"]
    # Handing in one half hands in the other; the private one needs no reader and waits.
    await bench.post("anna", f"/drafts/{private['draft_id']}/submit")
    assert (await bench.show(lead_in["draft_id"]))["state"] == "submitted"
    waiting = await bench.show(private["draft_id"])
    assert (waiting["state"], waiting["context"]["is_waiting_for_lead_in"]) == ("cleared", True)
    assert await release_pairs(bench.responder.units, ids=new_id) == 0
    assert await bench.dispatches(case_id) == []
    assert (await bench.approve("ben", lead_in)).status_code == 200
    assert await release_pairs(bench.responder.units, ids=new_id) == 0
    await bench.send()
    assert await release_pairs(bench.responder.units, ids=new_id) == 1
    assert await release_pairs(bench.responder.units, ids=new_id) == 0
    await bench.send()
    assert await bench.dispatches(case_id) == [("public", "sent"), ("private", "sent")]


async def test_without_a_lead_in_nothing_private_leaves_a_public_thread(
    bench: Bench, service_dsn: str
) -> None:
    case_id = await bench.case()
    body = {"kind": "answer", "visibility": "private", "text": PRIVATE}
    draft = (await bench.post("anna", f"/cases/{case_id}/drafts", body)).json()
    refused(
        await bench.post("anna", f"/drafts/{draft['draft_id']}/submit"), 409, "lead_in_required"
    )
    connection = await asyncpg.connect(service_dsn)
    await connection.execute(
        "insert into submission(draft_id, revision, content_hash, review, actor_id, actor_name)"
        " select draft_id, revision, content_hash, 'optional', 'dev|anna', 'A' from revision"
        " where draft_id = $1",
        draft["draft_id"],
    )
    with pytest.raises(asyncpg.CheckViolationError, match="lead-in"):
        await connection.execute(
            "insert into dispatch(dispatch_id, draft_id, revision, content_hash, network,"
            " idempotency_key) select gen_random_uuid(), draft_id, revision, content_hash,"
            " network, draft_id::text from revision where draft_id = $1",
            draft["draft_id"],
        )
    await connection.close()


async def test_a_pair_is_withdrawn_as_one_and_keeps_its_sides(bench: Bench) -> None:
    case_id = await bench.case()
    pair = (
        await bench.post(
            "anna", f"/cases/{case_id}/pairs", {"lead_in": LEAD_IN, "private": PRIVATE}
        )
    ).json()
    for half, side in (("lead_in", "private"), ("private", "public")):
        revised = await bench.client.post(
            f"/drafts/{pair[half]['draft_id']}/revisions",
            json={"text": "Anders", "visibility": side},
            headers={**bench.token("anna"), "If-Match": '"v1"'},
        )
        refused(revised, 422, "visibility_fixed")
    first = f"/drafts/{pair['lead_in']['draft_id']}/revisions"
    for version, body, status in (
        (1, {"text": LEAD_IN, "kind": "answer"}, 201),
        (2, {"text": LEAD_IN, "visibility": "private"}, 422),
    ):
        revised = await bench.client.post(
            first, json=body, headers={**bench.token("anna"), "If-Match": f'"v{version}"'}
        )
        assert revised.status_code == status, revised.text
    path = f"/drafts/{pair['private']['draft_id']}/withdraw"
    await bench.post("anna", path, {"reason": "Erledigt."})
    assert (await bench.show(pair["lead_in"]["draft_id"]))["state"] == "withdrawn"


async def test_a_no_reply_takes_two_people_and_two_noes(
    bench: Bench, admin_dsn: str, service_dsn: str
) -> None:
    case_id = await bench.case()
    path = f"/cases/{case_id}/no-reply"
    for answers in ({"has_concern": True}, {"wants_dialogue": True}):
        refused(await bench.post("anna", path, NO | answers), 409, "answer_needed")
    draft = (await bench.post("anna", path, NO)).json()
    assert orjson.loads(draft["latest"]["details"])["has_concern"] is False
    await bench.post("anna", f"/drafts/{draft['draft_id']}/submit")
    refused(await bench.approve("anna", draft), 403, "own_text")
    approved = await bench.approve("ben", draft)
    assert (approved.status_code, approved.json()["state"]) == (200, "approved"), approved.text
    assert await bench.dispatches(case_id) == []
    withdraw = await bench.post(
        "anna", f"/drafts/{draft['draft_id']}/withdraw", {"reason": "Doch nicht."}
    )
    refused(withdraw, 409, "already_decided")
    owner = await asyncpg.connect(admin_dsn)
    (row,) = await owner.fetch(
        "select payload from responder.outbox where type = 'responder.no_reply.decided.v1'"
        " and convert_from(payload, 'UTF8') like '%' || $1 || '%'",
        case_id,
    )
    await owner.close()
    told = orjson.loads(row["payload"])
    assert (told["disposition"], told["approver"]["id"]) == ("no_reply", "dev|ben")
    service = await asyncpg.connect(service_dsn)
    with pytest.raises(asyncpg.CheckViolationError, match="not sent"):
        await service.execute(
            "insert into dispatch(dispatch_id, draft_id, revision, content_hash, network,"
            " idempotency_key) select gen_random_uuid(), draft_id, revision, content_hash,"
            " network, draft_id::text from revision where draft_id = $1",
            draft["draft_id"],
        )
    yes = '{"disposition":"no_reply","has_concern":true,"wants_dialogue":false}'
    with pytest.raises(asyncpg.CheckViolationError):
        await service.execute(
            "insert into revision(draft_id, revision, network, account, in_reply_to, visibility,"
            " kind, text, details, content_hash, author_id, author_name) select draft_id, 2,"
            " network, account, in_reply_to, visibility, kind, text, $2,"
            " content_hash_of(network, account, in_reply_to, visibility, kind, text, $2),"
            " author_id, author_name from revision where draft_id = $1",
            draft["draft_id"],
            yes,
        )
    await service.close()


async def test_after_two_offers_comes_observing_and_a_third_needs_a_lead(bench: Bench) -> None:
    case_id = await bench.case(label=Label.NON_SERVICE, decision=Decision.NON_SERVICE)
    path = f"/cases/{case_id}/no-reply"
    observe = NO | {"disposition": "observing", "wants_dialogue": True}
    thanked = NO | {"disposition": "thanked_and_left"}
    refused(await bench.post("anna", path, observe), 409, "too_few_offers")
    refused(await bench.post("anna", path, thanked), 409, "nothing_said_yet")
    await bench.sent(case_id, "Hallo Karla, was hat dein Motorrad: springt es gar nicht an?")
    await bench.sent(case_id, "Karla, sollen wir dein Motorrad abholen und die Zündung prüfen?")
    third = {
        "kind": "question",
        "visibility": "public",
        "text": "Karla, dürfen wir dein Motorrad noch diese Woche holen und reparieren?",
    }
    draft = (await bench.post("anna", f"/cases/{case_id}/drafts", third)).json()
    await bench.post("anna", f"/drafts/{draft['draft_id']}/submit")
    hints = {hint["code"] for hint in (await bench.show(draft["draft_id"]))["context"]["hints"]}
    assert "two_offers" in hints
    refused(await bench.approve("ben", draft), 403, "lead_required")
    assert (await bench.approve("lea", draft, "lead")).status_code == 200
    observed = await bench.post("anna", path, observe)
    assert observed.status_code == 201, observed.text
    await bench.post("anna", f"/drafts/{observed.json()['draft_id']}/submit")
    assert (await bench.approve("ben", observed.json())).status_code == 200


async def test_a_draft_cools_off_until_its_time_or_a_colleague_ends_it(
    bench: Bench, units: UnitOfWorkFactory, service_dsn: str
) -> None:
    case_id = await bench.case()
    body = {"kind": "answer", "visibility": "public", "text": PRIVATE}
    draft = (await bench.post("anna", f"/cases/{case_id}/drafts", body)).json()
    path = f"/drafts/{draft['draft_id']}"
    pause = {"minutes": 10, "reason": "Erst einmal atmen."}
    assert (await bench.post("anna", f"{path}/hold", pause)).status_code == 201
    refused(await bench.post("anna", f"{path}/hold", pause), 409, "on_hold")
    refused(await bench.post("anna", f"{path}/submit"), 409, "on_hold")
    connection = await asyncpg.connect(service_dsn)
    with pytest.raises(asyncpg.CheckViolationError, match="cools off"):
        await connection.execute(
            "insert into submission(draft_id, revision, content_hash, review, actor_id,"
            " actor_name) select draft_id, revision, content_hash, 'required', 'dev|anna', 'A'"
            " from revision where draft_id = $1",
            draft["draft_id"],
        )
    await connection.close()
    early = await bench.client.delete(f"{path}/hold", headers=bench.token("anna"))
    refused(early, 403, "own_text")
    ended = await bench.client.delete(f"{path}/hold", headers=bench.token("ben"))
    assert ended.status_code == 204

    await bench.post("anna", f"{path}/submit")
    unknown = {**pause, "hand_to": "dev|nobody"}
    refused(await bench.post("ben", f"{path}/hold", unknown), 422, "unknown_person")
    assert (await bench.post("ben", f"{path}/hold", pause)).status_code == 201
    refused(await bench.approve("cleo", draft), 409, "on_hold")
    late = UnitOfWorkFactory(units._engine, units._write_outbox, offset=timedelta(minutes=11))
    loop = TimerLoop(late, {COOL_OFF_TIMER: end_cool_offs(ids=new_id)})

    async def is_over() -> bool:
        await loop.fire_due()
        return (await bench.show(draft["draft_id"]))["hold"] is None

    await eventually(is_over, within=timedelta(seconds=10))
    assert (await bench.approve("cleo", draft)).status_code == 200


async def test_initials_are_read_hashed_and_sent_with_the_text(bench: Bench) -> None:
    bench.responder.app.state.signing = Signing.INITIALS
    case_id = await bench.case()
    body = {"kind": "answer", "visibility": "public", "text": PRIVATE}
    draft = (await bench.post("anna", f"/cases/{case_id}/drafts", body)).json()
    assert draft["latest"]["text"] == f"{PRIVATE} ^A"
    edited = await bench.client.post(
        f"/drafts/{draft['draft_id']}/revisions",
        json={"text": draft["latest"]["text"]},
        headers={**bench.token("ben"), "If-Match": '"v1"'},
    )
    assert edited.json()["latest"]["text"] == f"{PRIVATE} ^B"
    assert edited.json()["latest"]["content_hash"] != draft["latest"]["content_hash"]


async def test_a_draft_shows_thread_audience_and_what_was_done(bench: Bench) -> None:
    case_id = await bench.case(label=Label.NON_SERVICE, kind=MentionKind.TALK)
    forward = {
        "department": "spare_parts",
        "matter": "Die Zündung der Tourer 700 fehlt.",
        "text": "Hallo Karla, nach der Zündung für dein Motorrad habe ich das Lager gefragt.",
    }
    answer = await bench.post("anna", f"/cases/{case_id}/forwards", forward)
    assert answer.status_code == 201, answer.text
    draft = answer.json()["draft"]
    assert draft["latest"]["kind"] == "progress"
    context = (await bench.show(draft["draft_id"]))["context"]
    assert context["customer_texts"] == ["Mein Motorrad springt nicht an, wer hilft?"]
    assert [(each["what"], each["detail"]) for each in context["actions_taken"]] == [
        ("forwarded", "spare_parts")
    ]
    assert {hint["code"] for hint in context["hints"]} == {"amplifies"}
    for text in (
        "Hallo Karla, welches Motorrad fährst du denn genau?",
        "Das Lager sucht die Zündung für dein Motorrad noch, Karla.",
        "Karla, für dein Motorrad fehlt uns noch eine Rückmeldung aus Kassel.",
    ):
        await bench.sent(case_id, text, "holding")
    context = (await bench.show(draft["draft_id"]))["context"]
    assert context["public_turns"] == 3
    assert "no_progress" in {hint["code"] for hint in context["hints"]}


async def test_a_private_thread_needs_no_lead_in(bench: Bench) -> None:
    case_id = await bench.case(visibility=Visibility.PRIVATE)
    # Words of its own: those of another test would be a canned answer by now.
    text = "Welche Farbe hat das Kabel, das an der Batterie blank liegt?"
    body = {"kind": "question", "visibility": "private", "text": text}
    draft = (await bench.post("anna", f"/cases/{case_id}/drafts", body)).json()
    submitted = await bench.post("anna", f"/drafts/{draft['draft_id']}/submit")
    assert submitted.status_code == 200, submitted.text
    assert submitted.json()["state"] == "cleared"
    assert await bench.dispatches(case_id) == [("private", "pending")]
