"""Department queries and transfers over the API, on a real PostgreSQL (S38, S51, S67 to S73)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from router_builders import Mentions, reply
from router_steps import case_of, place, types_of

from common.events.envelope import new_event
from common.events.parts import Actor
from common.events.responder import ForwardRequested, ReplySent
from common.ids import new_id
from common.timers.loop import TimerLoop
from platforms import standard_webhooks
from router import jobs
from router.consumers import handlers
from router.gateways.department_mail import MailAnswer
from router.gateways.errors import NotTakenError, RefusedError
from router.gateways.reply_token import new_reply_token
from router.gateways.zammad import Ticket
from router.handlers.read_department_answers import ReadDepartmentAnswers
from router.handlers.replan_clocks import replan_clocks
from router.handlers.send_department_messages import SendDepartmentMessages
from router.handlers.transfer_case import MakeTickets
from router.handlers.withdraw_department_query import undelivered

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TEAM = ("social_support", "community_management")


@pytest.fixture
async def case(units, configurations) -> UUID:
    """An open case about a public post with a link, of somebody with 212 followers."""
    event = Mentions()(url="https://social.example/kurt/1", followers=212)
    await place(units, configurations, event)
    return case_of(event)


@pytest.fixture
def mia(login):
    return login("mia", "agent", teams=TEAM)


async def asked(client, mia, case, **more: Any) -> dict[str, Any]:
    body = {"department": "workshop", "question": "Wann ist ein Termin frei?", **more}
    answer = await client.post(f"/cases/{case}/department-queries", json=body, headers=mia)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def shown(client, mia, case) -> dict[str, Any]:
    return dict((await client.get(f"/cases/{case}", headers=mia)).json())


async def published(database) -> list[str]:
    return types_of(await database.fetch("select type from outbox order by id"))


async def test_a_question_carries_origin_link_reach_and_deadline(client, mia, case, database):
    query = await asked(client, mia, case, priority="high")
    assert query["origin"] == "social"
    assert query["link"] == "https://social.example/kurt/1"
    assert query["reach"] == 212
    due = datetime.fromisoformat(query["due_at"]) - datetime.fromisoformat(query["asked_at"])
    assert due == timedelta(hours=48)
    state = await shown(client, mia, case)
    assert state["state"] == "waiting_department"
    assert "department_query.asked" in await published(database)
    assert "clock.started" in await published(database)


async def test_a_question_without_link_or_reach_is_refused(client, mia, units, configurations):
    event = Mentions()()
    await place(units, configurations, event)
    body = {"department": "workshop", "question": "Wann?"}
    path = f"/cases/{case_of(event)}/department-queries"
    refused = await client.post(path, json=body, headers=mia)
    assert (refused.status_code, refused.json()["code"]) == (422, "link_missing")
    body["link"] = "https://social.example/kurt/2"
    refused = await client.post(path, json=body, headers=mia)
    assert (refused.status_code, refused.json()["code"]) == (422, "reach_missing")
    unknown = await client.post(path, json={**body, "department": "kitchen"}, headers=mia)
    assert unknown.status_code == 404


async def test_the_answer_brings_the_case_back_to_its_asker_with_a_choice(
    client, mia, login, case, database
):
    query = await asked(client, mia, case)
    path = f"/department-queries/{query['query_id']}"
    other = login("olga", "department", teams=("accounting",))
    assert (await client.get(path, headers=other)).status_code == 404
    workshop = login("werner", "department", teams=("workshop",))
    listed = (await client.get("/department-queries?state=asked", headers=workshop)).json()
    assert [one["query_id"] for one in listed["items"]] == [query["query_id"]]
    early = await client.post(
        f"{path}/next-step", json={"next_step": "answer_customer"}, headers=mia
    )
    assert early.json()["code"] == "query_is_not_answered"
    body = {"answer": "Dienstag 9 Uhr."}
    answered = await client.post(f"{path}/answer", json=body, headers=workshop)
    assert answered.status_code == 200, answered.text
    assert answered.json()["answered_by"] == "Werner"
    again = await client.post(f"{path}/answer", json=body, headers=workshop)
    assert (again.status_code, again.json()["code"]) == (409, "query_is_answered")
    state = await shown(client, mia, case)
    assert state["state"] == "open"
    assert await database.fetchval("select owner_name from cases") == "Mia"
    clock = await database.fetchrow("select state from clock where kind = 'department'")
    assert clock["state"] == "met"
    chosen = await client.post(
        f"{path}/next-step", json={"next_step": "answer_customer"}, headers=mia
    )
    assert chosen.json()["next_step"] == "answer_customer"
    twice = await client.post(f"{path}/next-step", json={"next_step": "wait"}, headers=mia)
    assert twice.json()["code"] == "next_step_is_chosen"
    said = await published(database)
    assert said.count("department_query.answered") == 1
    assert said.count("department_query.next_step_chosen") == 1


async def test_several_queries_run_side_by_side_and_the_case_can_wait_for_the_rest(
    client, mia, login, case, database
):
    first = await asked(client, mia, case)
    second = await asked(client, mia, case, department="warranty", deadline_hours=2)
    running = await database.fetch(
        "select due_at - started_at as time from clock where kind = 'department' order by 1"
    )
    assert [row["time"] for row in running] == [timedelta(hours=2), timedelta(hours=48)]
    await client.post(
        f"/department-queries/{first['query_id']}/answer",
        json={"answer": "Ja."},
        headers=login("werner", "department", teams=("workshop",)),
    )
    waiting = await client.post(
        f"/department-queries/{first['query_id']}/next-step",
        json={"next_step": "wait"},
        headers=mia,
    )
    assert waiting.status_code == 200, waiting.text
    assert (await shown(client, mia, case))["state"] == "waiting_department"
    gone = await client.post(
        f"/department-queries/{second['query_id']}/withdraw",
        json={"reason": "Hat sich erledigt."},
        headers=mia,
    )
    assert gone.json()["state"] == "withdrawn"
    assert (await shown(client, mia, case))["state"] == "open"


async def close(client, mia, case) -> Any:
    etag = (await client.get(f"/cases/{case}", headers=mia)).headers["etag"]
    body = {"outcome": "no_action", "cause": "none", "summary": "Nichts.", "fault": "unknown"}
    return await client.post(f"/cases/{case}/close", json=body, headers={**mia, "If-Match": etag})


async def test_a_case_does_not_close_while_a_department_owes_its_answer(client, mia, case):
    await asked(client, mia, case)
    refused = await close(client, mia, case)
    assert refused.status_code == 409, refused.text
    assert "quer" in refused.text


async def test_the_signed_webhook_of_a_department_answers_once(client, mia, case, database):
    from conftest import DEPARTMENT_SECRET

    query = await asked(client, mia, case)
    body = json.dumps(
        {"query_id": query["query_id"], "answer": "Dienstag.", "answered_by": "Werkstatt"}
    ).encode()
    headers = standard_webhooks.signed_headers(
        [DEPARTMENT_SECRET], body, message_id="msg-1", sent_at=datetime.now(UTC)
    )
    first = await client.post("/departments/workshop/answers", content=body, headers=headers)
    assert (first.status_code, first.json()) == (202, {"status": "taken"})
    again = await client.post("/departments/workshop/answers", content=body, headers=headers)
    assert again.json() == {"status": "known"}
    forged = await client.post(
        "/departments/workshop/answers", content=body + b" ", headers=headers
    )
    assert forged.status_code == 401
    elsewhere = await client.post("/departments/warranty/answers", content=body, headers=headers)
    assert elsewhere.status_code == 401
    assert (await published(database)).count("department_query.answered") == 1


async def _by_mail(client, login) -> None:
    """The workshop is reached by mail from now on."""
    boss = login("olaf", "operator")
    current = await client.get("/configuration", headers=boss)
    document = current.json()["document"]
    for department in document["departments"]:
        if department["id"] == "workshop":
            department |= {"channel": "mail", "address": "werkstatt@motorrad.example"}
            department["deputy"]["address"] = "tara@motorrad.example"
    set_ = await client.put(
        "/configuration", json=document, headers={**boss, "If-Match": current.headers["etag"]}
    )
    assert set_.status_code == 200, set_.text


class FarSide:
    """Takes letters, or refuses them as it is told."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.refusal: NotTakenError | None = None

    async def send(self, message: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.letters.append(message)


async def test_a_question_by_mail_is_sent_once_and_answered_by_its_token(
    client, mia, login, case, database, units, configurations
):
    await _by_mail(client, login)
    query = await asked(client, mia, case)
    far = FarSide()
    send = SendDepartmentMessages(
        units, {"mail": far.send}, give_up=partial(undelivered, configurations)
    )
    assert await send() == 1
    assert await send() == 0
    letter = far.letters[0]
    assert letter.address == "werkstatt@motorrad.example"
    mails = [
        (3, None),
        (4, MailAnswer("<a@x>", ("q-unknownunknownunknownunk",), "Fremd", "Hallo")),
        (7, MailAnswer("<b@x>", (letter.reply_token,), "Werner", "Dienstag.")),
        (8, MailAnswer("<b@x>", (letter.reply_token,), "Werner", "Dienstag.")),
        (9, MailAnswer("<c@x>", (letter.reply_token,), "Werner", "Oder Mittwoch.")),
    ]

    async def fetch(validity: int, uid: int) -> tuple[int, Any]:
        return 77, [mail for mail in mails if validity != 77 or mail[0] > uid]

    read = ReadDepartmentAnswers(units, configurations, fetch, new_id=new_id)
    assert await read() == 5
    assert await read() == 0
    detail = (await client.get(f"/department-queries/{query['query_id']}", headers=mia)).json()
    assert detail["answer"] == "Dienstag.\n\nOder Mittwoch."
    assert detail["answered_via"] == "mail"
    assert [message["state"] for message in detail["messages"]] == ["sent"]
    assert (await published(database)).count("department_query.answered") == 2


@pytest.mark.parametrize("is_final", [False, True])
async def test_a_letter_that_is_not_taken_waits_or_comes_back(
    client, mia, login, case, database, units, configurations, is_final
):
    await _by_mail(client, login)
    await asked(client, mia, case)
    far = FarSide()
    far.refusal = RefusedError("smtp_550") if is_final else NotTakenError("smtp_451")
    send = SendDepartmentMessages(
        units, {"mail": far.send}, give_up=partial(undelivered, configurations)
    )
    assert await send() == 1
    row = await database.fetchrow(
        "select state, last_error, due_at > now() as later from department_message"
    )
    assert row["state"] == ("failed" if is_final else "pending")
    assert row["last_error"] == far.refusal.code
    assert ("department_query.undelivered" in await published(database)) is is_final
    state = (await shown(client, mia, case))["state"]
    assert state == ("open" if is_final else "waiting_department")
    if not is_final:
        assert row["later"]


async def test_contact_and_deputy_are_reminded_and_a_breach_goes_to_the_lead(
    client, mia, login, case, database, units, configurations
):
    await _by_mail(client, login)
    query = await asked(client, mia, case, deadline_hours=1)
    moved = "update timer set due_at = now() - interval '1 second' where kind = $1"
    row = """
        update clock set started_at = now() - interval '50 minutes',
            since = now() - interval '50 minutes', posted_at = now() - interval '50 minutes',
            warn_at = now() - interval '5 minutes', due_at = now() + interval '10 minutes'
        where kind = 'department'
    """
    await database.execute(row)
    await database.execute(moved, "department_warn")
    await TimerLoop(units, jobs.timers(configurations)).fire_due()
    messages = await database.fetch("select kind, address from department_message order by kind")
    assert {(each["kind"], each["address"]) for each in messages} == {
        ("question", "werkstatt@motorrad.example"),
        ("reminder", "werkstatt@motorrad.example"),
        ("deputy_reminder", "tara@motorrad.example"),
    }
    said = await published(database)
    assert said.count("department_query.reminded") == 2
    assert "clock.warned" in said
    await database.execute(
        "update clock set due_at = now() - interval '1 second' where kind = 'department'"
    )
    await database.execute(moved, "department_breach")
    await TimerLoop(units, jobs.timers(configurations)).fire_due()
    said = await published(database)
    assert "clock.breached" in said
    assert "case.escalated" in said
    late = await client.post(
        f"/department-queries/{query['query_id']}/answer",
        json={"answer": "Doch noch.", "answered_by": "Werner"},
        headers=mia,
    )
    assert late.status_code == 200, "a breach fails nothing"
    assert late.json()["breached_at"] is not None


HAND_OVER = {
    "title": "Garantie Kette",
    "text": "Bilder liegen vor.",
    "reason": "Garantieantrag",
    "follow_up_at": (datetime.now(UTC) + timedelta(days=7)).isoformat(),
}


async def test_a_departments_time_counts_in_its_own_working_time(
    client, mia, login, case, database, units, configurations
):
    mornings = {"zone": "UTC", "week": {day: ["00:00-12:00"] for day in DAYS}}
    await _set(client, login, calendars={"mornings": mornings}, calendar="mornings")
    query = await asked(client, mia, case, deadline_hours=36)
    usual = await asked(client, mia, case, department="accounting")
    asked_at, due_at = (datetime.fromisoformat(query[name]) for name in ("asked_at", "due_at"))
    assert timedelta(days=2.5) <= due_at - asked_at <= timedelta(days=3), "12 hours a day (S51)"
    of_usual = [datetime.fromisoformat(usual[name]) for name in ("asked_at", "due_at")]
    assert of_usual[1] - of_usual[0] == timedelta(hours=48), "every hour, unless policy says"
    listed = (await client.get("/departments", headers=mia)).json()["items"]
    assert [each["calendar"] for each in listed if each["id"] == "workshop"] == ["mornings"]
    evenings = {"zone": "UTC", "week": {day: ["23:00-24:00"] for day in DAYS}}
    await _set(client, login, calendars={"evenings": evenings}, calendar="evenings")
    while await replan_clocks(configurations, units):
        continue
    path = f"/department-queries/{query['query_id']}"
    moved = (await client.get(path, headers=mia)).json()
    assert datetime.fromisoformat(moved["due_at"]) - asked_at > timedelta(days=23)
    clock = f"/cases/{case}/clocks/{query['query_id']}/explain"
    explained = (await client.get(clock, headers=mia)).json()
    assert (explained["agrees"], explained["recomputed_due_at"]) == (True, moved["due_at"])
    untouched = (await client.get(f"/department-queries/{usual['query_id']}", headers=mia)).json()
    assert untouched["due_at"] == usual["due_at"]


async def _set(client, login, *, calendars, calendar):
    headers = login("ole", "operator")
    shown = await client.get("/configuration", headers=headers)
    document = shown.json()["document"]
    document["calendars"] = document["calendars"] | calendars
    for department in document["departments"]:
        if department["id"] == "workshop":
            department["calendar"] = calendar
    done = await client.put(
        "/configuration", json=document, headers={**headers, "If-Match": shown.headers["ETag"]}
    )
    assert done.status_code == 200, done.text


class Desk:
    """A helpdesk that makes tickets, or does not."""

    name = "zammad"

    def __init__(self) -> None:
        self.made: dict[UUID, str] = {}
        self.texts: list[str] = []
        self.refusal: NotTakenError | None = None

    async def hand_over(
        self, transfer_id: UUID, *, title: str, text: str, is_repetition: bool
    ) -> Ticket:
        if self.refusal is not None:
            raise self.refusal
        self.made[transfer_id] = title
        self.texts.append(text)
        return Ticket("22001", "https://helpdesk.example/1")


async def tell_customer(units, configurations, database, case) -> None:
    row = await database.fetchrow("select conversation_id from cases where case_id = $1", case)
    event = reply(case, row["conversation_id"], sent_at=datetime.now(UTC), kind="answer")
    async with units.begin() as uow:
        await handlers(configurations, new_token=new_reply_token)[ReplySent](uow, [event])


async def test_a_transfer_needs_a_told_customer_and_is_looked_at_again(
    client, mia, case, database, units, configurations
):
    path = f"/cases/{case}/transfers"
    untold = await client.post(path, json=HAND_OVER, headers=mia)
    assert (untold.status_code, untold.json()["code"]) == (409, "customer_not_told")
    await tell_customer(units, configurations, database, case)
    begun = await client.post(path, json=HAND_OVER, headers=mia)
    assert begun.status_code == 202, begun.text
    twice = await client.post(path, json=HAND_OVER, headers=mia)
    assert twice.json()["code"] == "transfer_is_pending"
    desk = Desk()
    make = MakeTickets(units, desk)
    assert await make() == 1
    assert await make() == 0
    head, _, words = desk.texts[0].partition("\n\n")
    assert words == HAND_OVER["text"]
    for told in ("soziales Netzwerk", "https://social.example/kurt/1", "212", "Freie Wortwahl"):
        assert told in head, "the origin travels with the case (S43)"
    done = (await client.get(path, headers=mia)).json()[0]
    assert (done["state"], done["reference"]) == ("done", "22001")
    assert (await shown(client, mia, case))["state"] == "transferred"
    follow_up = await database.fetchrow(
        "select source, owner_name, due_at from follow_up where source = 'transfer'"
    )
    assert follow_up["owner_name"] == "Mia"
    assert "case.transferred" in await published(database)
    closing = await close(client, mia, case)
    assert closing.status_code == 409, "not before somebody looked (S73)"


async def test_a_helpdesk_that_refuses_for_good_gives_the_case_back(
    client, mia, case, database, units, configurations
):
    await tell_customer(units, configurations, database, case)
    await client.post(f"/cases/{case}/transfers", json=HAND_OVER, headers=mia)
    desk = Desk()
    desk.refusal = NotTakenError("http_503")
    make = MakeTickets(units, desk)
    assert await make() == 1
    assert await make() == 0, "not again at once"
    assert (await shown(client, mia, case))["state"] == "transferred"
    await database.execute("update transfer set due_at = now()")
    desk.refusal = RefusedError("http_401")
    assert await make() == 1
    assert (await shown(client, mia, case))["state"] == "open"
    assert "transfer.failed" in await published(database)


@pytest.mark.parametrize("department", ["workshop", "kitchen"])
async def test_what_was_promised_to_be_forwarded_is_asked_or_comes_back(
    case, database, units, configurations, department
):
    conversation = await database.fetchval("select conversation_id from cases")
    said = ForwardRequested(
        forward_id=new_id(),
        case_id=case,
        conversation_id=conversation,
        draft_id=new_id(),
        department=department,
        matter="Die Kundin sucht einen Termin.",
        actor=Actor(id="dev|mia", name="Mia"),
        requested_at=datetime.now(UTC),
    )
    event = new_event(said, id=new_id(), subject=case, time=datetime.now(UTC))
    handle = handlers(configurations, new_token=new_reply_token)[ForwardRequested]
    for _ in range(2):
        async with units.begin() as uow:
            await handle(uow, [event])
    published_ = await published(database)
    is_known = department == "workshop"
    assert published_.count("department_query.asked") == is_known
    assert published_.count("follow_up.planned") == (0 if is_known else 1)
