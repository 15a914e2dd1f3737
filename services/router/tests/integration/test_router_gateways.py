"""Departments and the helpdesk over real sockets: SMTP and HTTP servers, and their refusals."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
import uvicorn
from aiosmtpd.controller import UnthreadedController
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

from common.clock import SystemClock
from common.testing.eventually import eventually
from platforms import standard_webhooks
from platforms.mail.smtp import SmtpServer
from router.domain.department_letters import OutgoingMessage
from router.gateways.department_mail import DepartmentMail, read_answer
from router.gateways.department_webhook import DepartmentSignatures, DepartmentWebhook
from router.gateways.errors import NotTakenError, RefusedError
from router.gateways.zammad import Zammad

TOKEN = "q-abcdefghijklmnopqrstuvwx23"
TRANSFER = UUID("019cac00-0000-7000-8000-0000000007af")
MESSAGE = OutgoingMessage(
    message_id=UUID(int=1),
    query_id=UUID(int=2),
    kind="question",
    channel="mail",
    address="werkstatt@motorrad.example",
    recipient="Herr Beispiel",
    department_name="Werkstatt Süd",
    attempts=1,
    created_at=datetime(2026, 3, 2, 8, 20, tzinfo=UTC),
    case_id=UUID(int=3),
    department="workshop_south",
    question="Wann ist der nächste Termin frei?",
    origin="social",
    is_free_wording_allowed=True,
    link="https://social.example/lena/1",
    reach=212,
    priority="high",
    asked_by_name="Mia Muster",
    asked_at=datetime(2026, 3, 2, 8, 20, tzinfo=UTC),
    answer_due_at=datetime(2026, 3, 4, 8, 20, tzinfo=UTC),
    reply_token=TOKEN,
    query_state="asked",
)


class Postbox:
    """Keeps what it is sent; says what `refuse` says at the recipient."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.refuse: str | None = None

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
async def postbox() -> AsyncIterator[tuple[Postbox, int]]:
    box = Postbox()
    controller = UnthreadedController(
        box, hostname="127.0.0.1", port=0, loop=asyncio.get_running_loop()
    )
    server = await controller._create_server()
    controller.server = server
    yield box, server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


def mail_to(port: int) -> DepartmentMail:
    server = SmtpServer(
        host="127.0.0.1",
        port=port,
        security="none",
        username=None,
        password=None,
        timeout=timedelta(seconds=5),
    )
    return DepartmentMail(server, sender="ombud@motorrad.example", zone=ZoneInfo("Europe/Berlin"))


async def test_a_question_by_mail_and_its_answer_find_each_other(postbox):
    box, port = postbox
    await mail_to(port).send(MESSAGE)
    await mail_to(port).send(replace(MESSAGE, attempts=2))
    first, again = (message_from_bytes(raw, policy=policy.default) for raw in box.mails)
    assert first["message-id"] == again["message-id"], "a repetition is the same mail"
    assert first["reply-to"] == f"ombud+{TOKEN}@motorrad.example"
    assert "Wann ist der nächste Termin frei?" in first.get_content()
    assert first["importance"] == "high"
    reply = (
        f"From: Werkstatt <werkstatt@motorrad.example>\r\nTo: {first['reply-to']}\r\n"
        f"In-Reply-To: {first['message-id']}\r\nMessage-ID: <a1@motorrad.example>\r\n\r\n"
        "Dienstag 9 Uhr.\r\n"
    )
    answer = read_answer(reply.encode())
    assert answer is not None
    assert answer.tokens == (TOKEN,)


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        ("451 later", NotTakenError, "smtp_recipient_451"),
        ("550 nobody of that name", RefusedError, "smtp_recipient_550"),
    ],
)
async def test_what_a_mail_server_refuses_is_told_apart(postbox, said, error, code):
    box, port = postbox
    box.refuse = said
    with pytest.raises(NotTakenError) as caught:
        await mail_to(port).send(MESSAGE)
    assert type(caught.value) is error
    assert caught.value.code == code
    assert box.mails == []


async def test_a_mail_server_that_is_away_means_later():
    with pytest.raises(NotTakenError) as caught:
        await mail_to(1).send(MESSAGE)
    assert type(caught.value) is NotTakenError


class FarEnd:
    """An HTTP server on this machine: a department's system and a helpdesk of Zammad's shape."""

    def __init__(self) -> None:
        self.port = 0
        self.status = 200
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.tickets: list[dict[str, Any]] = []
        self.answer_lost = False

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/department")
        async def department(request: Request) -> Response:
            self.received.append((dict(request.headers), await request.body()))
            return Response(status_code=self.status)

        @app.post("/api/v1/tickets")
        async def create(request: Request) -> Response:
            if request.headers.get("authorization") != "Token token=secret":
                return Response(status_code=401)
            if self.status != 200:
                return Response(status_code=self.status)
            document = json.loads(await request.body())
            number = 22000 + len(self.tickets)
            ticket = {"id": len(self.tickets) + 1, "number": str(number), **document}
            self.tickets.append(ticket)
            if self.answer_lost:
                return Response(status_code=502)
            return Response(json.dumps(ticket), status_code=201)

        @app.get("/api/v1/tickets/search")
        async def search(query: str, expand: str) -> Response:
            wanted = query.removeprefix('title:"').removesuffix('"')
            found = [one for one in self.tickets if wanted in one["title"]]
            return Response(json.dumps(found))

        return app


@pytest.fixture
async def far_end() -> AsyncIterator[FarEnd]:
    end = FarEnd()
    config = uvicorn.Config(end.app(), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    end.port = server.servers[0].sockets[0].getsockname()[1]
    yield end
    server.should_exit = True
    await task


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5) as client:
        yield client


async def test_a_department_believes_our_webhook_and_we_believe_its_own(far_end, http):
    secret = standard_webhooks.new_secret()
    webhook = DepartmentWebhook(http, {"workshop_south": secret}, clock=SystemClock())
    message = replace(MESSAGE, address=f"http://127.0.0.1:{far_end.port}/department")
    await webhook.send(message)
    headers, body = far_end.received[0]
    said = Webhook(secret).verify(body, headers)  # the published library, not ours
    assert said["origin"] == "social"
    assert said["reach"] == 212
    assert said["link"] == MESSAGE.link
    assert said["due_at"] == "2026-03-04T08:20:00+00:00"
    signatures = DepartmentSignatures({"workshop_south": secret}, clock=SystemClock())
    assert signatures.delivery_id("workshop_south", headers, body) == str(MESSAGE.message_id)
    assert signatures.delivery_id("workshop_south", headers, body + b" ") is None
    assert signatures.delivery_id("kitchen", headers, body) is None


@pytest.mark.parametrize(
    ("status", "error"), [(503, NotTakenError), (429, NotTakenError), (410, RefusedError)]
)
async def test_what_a_departments_system_refuses_is_told_apart(far_end, http, status, error):
    far_end.status = status
    secrets = {"workshop_south": standard_webhooks.new_secret()}
    webhook = DepartmentWebhook(http, secrets, clock=SystemClock())
    with pytest.raises(NotTakenError) as caught:
        await webhook.send(replace(MESSAGE, address=f"http://127.0.0.1:{far_end.port}/department"))
    assert type(caught.value) is error


async def test_a_department_without_a_secret_is_not_written_to(far_end, http):
    with pytest.raises(RefusedError):
        await DepartmentWebhook(http, {}, clock=SystemClock()).send(
            replace(MESSAGE, address=f"http://127.0.0.1:{far_end.port}/department")
        )
    assert far_end.received == []


def zammad(http: httpx.AsyncClient, port: int, *, token: str = "secret") -> Zammad:
    return Zammad(
        http,
        url=f"http://127.0.0.1:{port}/",
        token=token,
        group="Garantie",
        customer="social@motorrad.example",
    )


async def test_a_ticket_whose_answer_was_lost_is_found_not_made_twice(far_end, http):
    helpdesk = zammad(http, far_end.port)
    far_end.answer_lost = True
    with pytest.raises(NotTakenError):
        await helpdesk.hand_over(TRANSFER, title="Garantie", text="Alles.", is_repetition=False)
    far_end.answer_lost = False
    ticket = await helpdesk.hand_over(TRANSFER, title="Garantie", text="Alles.", is_repetition=True)
    assert len(far_end.tickets) == 1
    assert ticket.reference == "22000"
    assert ticket.link == f"http://127.0.0.1:{far_end.port}/#ticket/zoom/1"
    assert far_end.tickets[0]["article"]["internal"] is True
    assert far_end.tickets[0]["tags"] == "social"
    other = await helpdesk.hand_over(UUID(int=9), title="Garantie", text="x", is_repetition=True)
    assert other.reference == "22001"


async def test_a_helpdesk_that_knows_us_not_wants_a_person(far_end, http):
    with pytest.raises(RefusedError) as caught:
        await zammad(http, far_end.port, token="wrong").hand_over(
            TRANSFER, title="Garantie", text="x", is_repetition=False
        )
    assert caught.value.code == "http_401"
