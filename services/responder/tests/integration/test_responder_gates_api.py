"""Gates and knowledge over HTTP and in the database: checked, stored, stopped, lifted, learned."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import new_event
from common.events.parts import Actor
from common.events.router import CaseClosed
from common.ids import new_id
from responder.bootstrap import Responder
from responder.domain.private_words import PrivateValue
from responder.gateways.suggestions import SuggestionModel
from responder.handlers.use_knowledge import learn_from_closed

pytestmark = pytest.mark.postgres

OpenCase = Callable[..., Any]
Headers = Callable[..., dict[str, str]]
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
GOOD = "Hallo Karla, dein Motorrad holt unser Techniker ab und prüft die Zündung."
BOUNCE = "Hallo Karla, wende dich mit dem Motorrad bitte an unsere Hotline."
IRONY = "Na bravo, Karla. Dein Motorrad holt unser Techniker ab und prüft die Zündung."


class Desk:
    """Calls as persons, with what every call needs."""

    def __init__(self, client: httpx.AsyncClient, token: Headers) -> None:
        self._client = client
        self._token = token

    async def post(self, who: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = self._token(who, *(("lead",) if who == "lea" else ())) | headers
        return await self._client.post(path, json=body, headers=sent)

    async def get(self, who: str, path: str) -> httpx.Response:
        return await self._client.get(
            path, headers=self._token(who, *(("lead",) if who == "lea" else ()))
        )

    async def put(self, who: str, path: str, body: Any, **headers: str) -> httpx.Response:
        sent = self._token(who, *(("lead",) if who == "lea" else ())) | headers
        return await self._client.put(path, json=body, headers=sent)

    async def submitted(self, case_id: UUID, said: str) -> dict[str, Any]:
        body = {"kind": "answer", "visibility": "public", "text": said}
        draft = (await self.post("anna", f"/cases/{case_id}/drafts", body)).json()
        answer = await self.post("anna", f"/drafts/{draft['draft_id']}/submit")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def approve(self, who: str, draft: dict[str, Any]) -> httpx.Response:
        read = {name: draft["latest"][name] for name in ("revision", "content_hash")}
        return await self.post(who, f"/drafts/{draft['draft_id']}/approve", read)


@pytest.fixture
def desk(client: httpx.AsyncClient, token: Headers) -> Desk:
    return Desk(client, token)


async def test_words_are_checked_without_a_draft(desk: Desk) -> None:
    answer = await desk.post("anna", "/gates/check", {"text": BOUNCE})
    assert answer.status_code == 200
    (finding,) = [f for f in answer.json()["findings"] if f["rule"].startswith("bounce.")]
    assert finding["level"] == "block"
    assert finding["way_out"]


async def test_a_block_stops_the_approval_until_somebody_else_lifts_it(
    desk: Desk, open_case: OpenCase, units: UnitOfWorkFactory
) -> None:
    draft = await desk.submitted(await open_case("p-gate-1"), BOUNCE)
    path = f"/drafts/{draft['draft_id']}/gates"
    refused = await desk.approve("ben", draft)
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_blocks")
    assert [f["rule"] for f in refused.json()["findings"]] == ["bounce.hotline"]

    own = await desk.post("anna", f"{path}/lift", {"rule": "bounce.hotline", "reason": "eilt"})
    assert (own.status_code, own.json()["code"]) == (403, "own_text")
    none = await desk.post("ben", f"{path}/lift", {"rule": "tone.irony", "reason": "eilt"})
    assert (none.status_code, none.json()["code"]) == (422, "no_block")
    lift = {"rule": "bounce.hotline", "reason": "Die Hotline ist heute der einzige Weg."}
    lifted = await desk.post("ben", f"{path}/lift", lift)
    assert lifted.status_code == 200
    assert [(each["rule"], each["actor"]["id"]) for each in lifted.json()["lifts"]] == [
        ("bounce.hotline", "dev|ben")
    ]
    assert (await desk.approve("ben", draft)).status_code == 200
    async with units.read() as connection:
        types = set(
            (await connection.execute(text("select headers->>'ce_type' from outbox"))).scalars()
        )
    assert {"responder.gates.checked.v1", "responder.gate.lifted.v1"} <= types


async def test_the_database_itself_refuses_an_approval_while_a_block_stands(
    desk: Desk, open_case: OpenCase, units: UnitOfWorkFactory
) -> None:
    draft = await desk.submitted(await open_case("p-gate-2"), BOUNCE)
    with pytest.raises(DBAPIError, match="a gate blocks this revision"):
        async with units.begin() as uow:
            await uow.connection.execute(
                text(
                    "insert into approval(draft_id, revision, content_hash, actor_id, actor_name)"
                    " values (:id, 1, :hash, 'dev|ben', 'Ben')"
                ),
                {"id": draft["draft_id"], "hash": bytes.fromhex(draft["latest"]["content_hash"])},
            )


async def test_irony_needs_the_readers_own_yes(desk: Desk, open_case: OpenCase) -> None:
    draft = await desk.submitted(await open_case("p-gate-3"), IRONY)
    path = f"/drafts/{draft['draft_id']}/gates/confirm"
    refused = await desk.approve("ben", draft)
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_unconfirmed")
    yes = {"revision": 1, "rules": ["tone.irony"]}
    assert (await desk.post("anna", path, yes)).json()["code"] == "own_text"
    assert (await desk.post("cleo", path, yes)).status_code == 200
    assert (await desk.approve("ben", draft)).status_code == 409, "cleo's yes is not ben's"
    stale = await desk.post("ben", path, {"revision": 2, "rules": ["tone.irony"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_revision")
    assert (await desk.post("ben", path, yes)).status_code == 200
    assert (await desk.approve("ben", draft)).status_code == 200


async def test_every_revision_is_checked_and_its_findings_stay(
    desk: Desk, open_case: OpenCase, units: UnitOfWorkFactory
) -> None:
    case_id = await open_case("p-gate-4")
    body = {"kind": "answer", "visibility": "public", "text": BOUNCE}
    draft = (await desk.post("anna", f"/cases/{case_id}/drafts", body)).json()
    path = f"/drafts/{draft['draft_id']}"
    version = {"If-Match": f'"v{draft["version"]}"'}
    revised = await desk.post("anna", f"{path}/revisions", {"text": GOOD}, **version)
    assert revised.status_code == 201
    shown = (await desk.get("anna", f"{path}/gates")).json()
    assert (shown["revision"], shown["findings"]) == (2, [])
    assert shown["takes_up_case"] is True
    assert shown["individuality"] > 0.8
    async with units.read() as connection:
        rows = await connection.execute(
            text(
                "select revision, jsonb_array_length(findings) as count from gate_check"
                " where draft_id = :id order by revision"
            ),
            {"id": draft["draft_id"]},
        )
        assert [(row.revision, row.count > 0) for row in rows] == [(1, True), (2, False)]


async def test_an_account_changes_how_seriously_it_takes_a_rule(
    desk: Desk, open_case: OpenCase
) -> None:
    path = "/gates/policies/motorrad_ag"
    before = await desk.get("anna", path)
    seen = {"If-Match": before.headers["etag"]}
    wish = {"levels": {"bounce": "note"}, "reason": "Heute ist die Zentrale zu."}
    assert (await desk.put("anna", path, wish, **seen)).status_code == 403
    changed = await desk.put("lea", path, wish, **seen)
    assert (changed.status_code, changed.json()["levels"]) == (200, {"bounce": "note"})
    assert (await desk.put("lea", path, wish, **seen)).status_code == 412
    draft = await desk.submitted(await open_case("p-gate-5"), BOUNCE)
    shown = (await desk.get("ben", f"/drafts/{draft['draft_id']}/gates")).json()
    assert [f["level"] for f in shown["findings"] if f["rule"] == "bounce.hotline"] == ["note"]
    again = {"If-Match": changed.headers["etag"]}
    assert (await desk.put("lea", path, {"reason": "Wieder auf."}, **again)).status_code == 200


async def test_a_reference_is_found_and_lies_beside_the_draft(
    desk: Desk, open_case: OpenCase
) -> None:
    new = {
        "title": "Kettenspannung einstellen",
        "url": "https://motorrad-ag.example/kette",
        "text": "Durchhang der Antriebskette 30 bis 40 mm auf dem Seitenständer.",
        "language": "de",
    }
    made = await desk.post("anna", "/knowledge", new)
    assert made.status_code == 201
    reference = made.json()["reference_id"]
    for words in ("Ketten spannen", "Kettenspanung", "Durchhang"):
        found = (await desk.get("ben", f"/knowledge?query={words}")).json()
        assert reference in [each["reference_id"] for each in found], words
    draft = await desk.submitted(await open_case("p-know-1"), GOOD)
    path = f"/drafts/{draft['draft_id']}/references"
    attached = await desk.post("anna", path, {"reference_id": reference})
    assert [each["title"] for each in attached.json()] == [new["title"]]
    shown = (await desk.get("ben", f"/drafts/{draft['draft_id']}")).json()
    assert shown["latest"]["text"] == GOOD, "a reference is never text"
    assert (await desk.post("lea", f"/knowledge/{reference}/retire")).status_code == 200
    assert (await desk.get("ben", "/knowledge?query=Durchhang")).json() == []
    assert len((await desk.get("ben", path)).json()) == 1


async def test_a_solved_case_is_shown_to_who_writes_the_next_one(
    desk: Desk, open_case: OpenCase, units: UnitOfWorkFactory
) -> None:
    first, second = await open_case("p-know-2"), await open_case("p-know-3")
    draft = await desk.submitted(first, GOOD)
    assert (await desk.approve("ben", draft)).status_code == 200
    await _pretend_sent(units, draft["draft_id"])
    closed = CaseClosed(
        case_id=first,
        conversation_id=new_id(),
        actor=Actor(id="dev|anna", name="Anna"),
        outcome="solved",
        cause="wear",
        summary="Zündkerze getauscht.",
        closed_at=NOW,
    )
    async with units.begin() as uow:
        await learn_from_closed(uow, [new_event(closed, id=new_id(), subject=first, time=NOW)])
    found = (await desk.get("ben", f"/cases/{second}/similar")).json()
    mine = [each for each in found if each["case_id"] == str(first)]
    assert [(each["answer"], each["outcome"]) for each in mine] == [(GOOD, "solved")]
    assert str(second) not in [each["case_id"] for each in found]


async def _pretend_sent(units: UnitOfWorkFactory, draft_id: str) -> None:
    async with units.begin() as uow:
        for step in (
            (
                "update dispatch set state = 'sending', fence = fence + 1, attempt = attempt + 1,"
                " lease_until = now() + interval '1 minute' where draft_id = :id"
            ),
            (
                "update dispatch set state = 'sent', lease_until = null,"
                " platform_id = cast(:id as text),"
                " finished_at = now() where draft_id = :id"
            ),
        ):
            await uow.connection.execute(text(step), {"id": draft_id})


class Model:
    """An OpenAI-compatible server that says what it is told to."""

    def __init__(self) -> None:
        self.says: Any = {"choices": [{"message": {"content": GOOD}}]}
        self.asked: list[dict[str, Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        self.asked.append(json.loads(await reader.readexactly(length)))
        body = json.dumps(self.says).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
            + f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def model(responder: Responder) -> AsyncIterator[Model]:
    model = Model()
    server = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = SuggestionModel(
        f"http://127.0.0.1:{port}/v1", model="small", key="k", timeout=timedelta(seconds=5)
    )
    responder.app.state.suggestions = client
    yield model
    await client.aclose()
    server.close()


async def test_a_suggestion_is_no_draft_until_a_person_has_rewritten_it(
    desk: Desk, open_case: OpenCase, model: Model
) -> None:
    case_id = await open_case("p-know-4")
    made = await desk.post("anna", f"/cases/{case_id}/suggestions")
    assert (made.status_code, made.json()["text"]) == (201, GOOD)
    assert "springt nicht an" in model.asked[0]["messages"][1]["content"]
    body = {"kind": "answer", "visibility": "public", "text": f"  {GOOD} "}
    draft = (await desk.post("anna", f"/cases/{case_id}/drafts", body)).json()
    submit = f"/drafts/{draft['draft_id']}/submit"
    refused = await desk.post("anna", submit)
    assert (refused.status_code, refused.json()["code"]) == (409, "suggestion_unedited")
    version = {"If-Match": f'"v{draft["version"]}"'}
    words = {"text": GOOD.replace("holt", "holt morgen")}
    await desk.post("anna", f"/drafts/{draft['draft_id']}/revisions", words, **version)
    assert (await desk.post("anna", submit)).status_code == 200


async def test_a_model_that_answers_strangely_is_a_clear_problem(
    desk: Desk, open_case: OpenCase, model: Model
) -> None:
    model.says = {"choices": []}
    answer = await desk.post("anna", f"/cases/{await open_case('p-know-5')}/suggestions")
    assert (answer.status_code, answer.json()["code"]) == (502, "no_suggestion")


async def test_without_a_model_there_are_no_suggestions(desk: Desk, open_case: OpenCase) -> None:
    answer = await desk.post("anna", f"/cases/{await open_case('p-know-6')}/suggestions")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_suggestions")


async def test_what_was_said_in_private_does_not_pass_in_public_however_it_is_written(
    desk: Desk, open_case: OpenCase, responder: Responder, units: UnitOfWorkFactory
) -> None:
    case_id = await open_case("p-gate-6")
    async with units.begin() as uow:
        learned = PrivateValue(
            value_id=new_id(),
            case_id=case_id,
            conversation_id=new_id(),
            name="phone",
            value="0171 1234567",
            recorded_at=uow.now,
            delete_after=uow.now + timedelta(days=1),
        )
        await responder.private_store.record(uow.connection, [learned])
    said = "Hallo Karla, wegen dem Motorrad rufen wir die +49 (0)171 / 123 45 67 an."
    draft = await desk.submitted(case_id, said)
    refused = await desk.approve("ben", draft)
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_blocks")
    (finding,) = refused.json()["findings"]
    assert finding["rule"] == "personal_data.known_value"
    assert said[finding["start"] : finding["end"]] == "+49 (0)171 / 123 45 67"
