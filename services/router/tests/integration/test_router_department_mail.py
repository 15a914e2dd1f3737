"""A question to a department and its answer through real mail servers: OpenSMTPD and Dovecot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from router_builders import Mentions
from router_steps import case_of, place

from common.ids import new_id
from common.testing.eventually import eventually
from common.testing.stack.errors import StackError
from platforms.mail.mailbox import Mailbox
from platforms.testing.mail import DOMAIN, PASSWORD, MailWorld, open_mail_world
from router.gateways.department_inbox import DepartmentInbox
from router.gateways.department_mail import DepartmentMail
from router.gateways.mail_servers import imap_server, smtp_server
from router.handlers.read_department_answers import ReadDepartmentAnswers
from router.handlers.send_department_messages import SendDepartmentMessages
from router.handlers.withdraw_department_query import undelivered

pytestmark = pytest.mark.postgres
OURS = f"ombud@{DOMAIN}"
WORKSHOP = f"werkstatt@{DOMAIN}"
SOON = timedelta(seconds=10)


@pytest.fixture
def world() -> Iterator[MailWorld]:
    try:
        with open_mail_world() as world:
            yield world
    except StackError as error:
        pytest.skip(f"no mail servers: {error}")


async def test_a_department_reads_our_mail_and_we_read_its_answer(
    world, client, login, units, configurations
):
    boss, lead = login("olaf", "operator"), login("lena", "lead")
    current = await client.get("/configuration", headers=boss)
    document = current.json()["document"]
    workshop = next(each for each in document["departments"] if each["id"] == "workshop")
    workshop |= {"channel": "mail", "address": WORKSHOP}
    etag = {"If-Match": current.headers["etag"]}
    await client.put("/configuration", json=document, headers={**boss, **etag})
    event = Mentions()(url="https://social.example/kurt/1", followers=12, decision="service")
    await place(units, configurations, event)
    asked = await client.post(
        f"/cases/{case_of(event)}/department-queries",
        json={"department": "workshop", "question": "Wann ist ein Termin für die Kette frei?"},
        headers=lead,
    )
    assert asked.status_code == 201, asked.text

    mail = DepartmentMail(
        smtp_server(f"smtp+plain://127.0.0.1:{world.smtp_port}", timeout=SOON),
        sender=OURS,
        zone=ZoneInfo("Europe/Berlin"),
    )
    send = SendDepartmentMessages(
        units, {"mail": mail.send}, give_up=partial(undelivered, configurations)
    )
    assert await send() == 1
    (letter,) = await eventually(lambda: world.mails_of(WORKSHOP))
    assert "Wann ist ein Termin für die Kette frei?" in letter.get_content()
    assert "https://social.example/kurt/1" in letter.get_content()

    reply = EmailMessage()
    reply["From"] = f"Werner Werkstatt <{WORKSHOP}>"
    reply["To"] = OURS
    reply["Subject"] = f"AW: {letter['subject']}"
    reply["In-Reply-To"] = letter["message-id"]
    reply["Message-ID"] = f"<answer-1@{DOMAIN}>"
    reply.set_content("Dienstag 9 Uhr ist frei.\n\n> Wann ist ein Termin für die Kette frei?\n")
    world.send(reply)
    await eventually(lambda: world.mails_of(OURS))

    inbox = DepartmentInbox(
        Mailbox(
            imap_server(
                f"imap+plain://ombud%40{DOMAIN}:{PASSWORD}@127.0.0.1:{world.imap_port}",
                timeout=SOON,
            )
        )
    )
    read = ReadDepartmentAnswers(units, configurations, inbox.fetch, new_id=new_id)
    try:
        assert await read() == 1
        assert await read() == 0
    finally:
        await inbox.aclose()
    path = f"/department-queries/{asked.json()['query_id']}"
    seen = (await client.get(path, headers=lead)).json()
    assert seen["answer"] == "Dienstag 9 Uhr ist frei."
    assert (seen["answered_by"], seen["answered_via"]) == ("Werner Werkstatt", "mail")
    assert (await client.get(f"/cases/{case_of(event)}", headers=lead)).json()["state"] == "open"
