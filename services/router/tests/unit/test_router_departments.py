"""Department queries and transfers: what may be asked, what a department reads, what comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from common.errors import ConflictError, InvalidInputError, NotFoundError
from router.domain import departments, transfers
from router.domain.department_letters import OutgoingMessage, letter
from router.domain.departments import NextStep, QueryState, QueryStep
from router.gateways.department_mail import read_answer

NOW = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
TOKEN = "q-abcdefghijklmnopqrstuvwx23"
BERLIN = ZoneInfo("Europe/Berlin")
MESSAGE = OutgoingMessage(
    message_id=UUID(int=1),
    query_id=UUID(int=2),
    kind="question",
    channel="mail",
    address="werkstatt@motorrad.example",
    recipient="Herr Beispiel",
    department_name="Werkstatt Süd",
    attempts=1,
    created_at=NOW,
    case_id=UUID(int=3),
    department="workshop_south",
    question="Wann ist der nächste Termin frei?",
    origin="social",
    is_free_wording_allowed=True,
    link="https://social.example/lena/1",
    reach=212,
    priority="high",
    asked_by_name="Mia Muster",
    asked_at=NOW,
    answer_due_at=NOW + timedelta(hours=48),
    reply_token=TOKEN,
    query_state="asked",
)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": "  "}, "question_missing"),
        ({"text": "x" * 4001}, "question_too_long"),
        ({"link": None}, "link_missing"),
        ({"link": " "}, "link_missing"),
        ({"reach": None}, "reach_missing"),
        ({"reach": -1}, "reach_missing"),
    ],
)
def test_a_question_without_link_or_reach_does_not_exist(more, code):
    given = {"text": "Wann?", "link": "https://social.example/1", "reach": 0, "priority": "normal"}
    assert departments.question(**given).reach == 0
    with pytest.raises(InvalidInputError) as caught:
        departments.question(**{**given, **more})
    assert caught.value.code == code


def test_an_unknown_department_is_named_with_those_that_exist():
    with pytest.raises(NotFoundError) as caught:
        departments.department({"workshop": MESSAGE}, "kitchen")  # type: ignore[dict-item]
    assert caught.value.details == {"departments": ["workshop"]}


def test_a_query_is_answered_once_and_withdrawn_only_while_it_waits():
    assert departments.after(QueryState.ASKED, QueryStep.ANSWER) is QueryState.ANSWERED
    assert departments.after(QueryState.WITHDRAWN, QueryStep.ANSWER) is QueryState.ANSWERED
    for state, step in (
        (QueryState.ANSWERED, QueryStep.ANSWER),
        (QueryState.ANSWERED, QueryStep.WITHDRAW),
        (QueryState.WITHDRAWN, QueryStep.WITHDRAW),
    ):
        with pytest.raises(ConflictError):
            departments.after(state, step)


def test_the_letter_says_where_it_comes_from_and_until_when_in_local_time():
    said = letter(MESSAGE, zone=BERLIN)
    assert TOKEN in said.subject
    # 23:30 UTC two days later; the clocks in Berlin went forward in between.
    assert "31.03.2026 01:30 CEST" in said.subject
    for needed in ("soziales Netzwerk", MESSAGE.link, "212", "hoch", "Mia Muster", "Freie Wort"):
        assert needed in said.text
    assert MESSAGE.question in said.text


def test_a_withdrawal_asks_for_no_answer():
    said = letter(replace(MESSAGE, kind="withdrawal"), zone=BERLIN)
    assert "Antworten Sie" not in said.text


def _mail(body: str, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Werkstatt Süd <werkstatt@motorrad.example>"
    mail["Message-ID"] = "<answer-1@motorrad.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail.as_bytes()


@pytest.mark.parametrize(
    "headers",
    [
        {"To": f"ombud+{TOKEN}@motorrad.example"},
        {"Subject": f"AW: Frage [{TOKEN}]: bis morgen"},
        {"References": f"<x.{TOKEN}@motorrad.example>"},
    ],
)
def test_an_answer_is_known_by_its_token_wherever_it_stands(headers):
    answer = read_answer(_mail("Dienstag 9 Uhr.\n\nAm 2. März schrieb Mia:\n> Wann?\n", **headers))
    assert answer is not None
    assert answer.tokens == (TOKEN,)
    assert answer.text == "Dienstag 9 Uhr."
    assert answer.sender == "Werkstatt Süd"
    assert answer.message_id == "<answer-1@motorrad.example>"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.motorrad.example>"},
        {"Return_Path": "<>"},
    ],
)
def test_automatic_mail_is_no_answer(headers):
    assert read_answer(_mail("Ich bin nicht da.", Subject=TOKEN, **headers)) is None


def test_a_mail_without_token_or_without_words_is_no_answer():
    assert read_answer(_mail("Dienstag 9 Uhr.", Subject="Hallo")) is None
    assert read_answer(_mail("> Wann?\n", Subject=TOKEN)) is None
    assert read_answer(b"\xff\xfe no mail at all") is None


def test_every_next_step_has_a_word():
    assert {step.value for step in NextStep} >= {"answer_customer", "transfer", "follow_up"}


def test_a_hand_over_needs_words_and_a_date_ahead():
    given = {"title": "Garantie", "text": "Alles Nötige.", "reason": "Garantieantrag"}
    whole = transfers.hand_over(**given, follow_up_at=NOW + timedelta(days=7), now=NOW)
    assert whole.title == "Garantie"
    for name in given:
        with pytest.raises(InvalidInputError) as caught:
            transfers.hand_over(
                **{**given, name: " "}, follow_up_at=NOW + timedelta(days=7), now=NOW
            )
        assert caught.value.code == f"{name}_missing"
    for days in (0, -1, 366):
        with pytest.raises(InvalidInputError) as caught:
            transfers.hand_over(**given, follow_up_at=NOW + timedelta(days=days), now=NOW)
        assert caught.value.code == "follow_up_out_of_range"


def test_a_ticket_says_only_what_is_known_of_its_origin():
    given = {"title": "Garantie", "text": "Alles Nötige.", "reason": "Garantieantrag"}
    whole = transfers.hand_over(**given, follow_up_at=NOW + timedelta(days=7), now=NOW)
    bound = replace(whole, is_free_wording_allowed=False)
    told = transfers.with_origin(bound, link=None, reach=0).text.splitlines()
    assert told[0].startswith("Herkunft: soziales Netzwerk")
    assert told[1:] == ["Reichweite: 0", "", "Alles Nötige."]


@pytest.mark.parametrize("kinds", [(), ("question",), ("no_reply", "question")])
def test_nothing_is_transferred_behind_the_customers_back(kinds):
    with pytest.raises(ConflictError) as caught:
        transfers.refuse_untold(kinds)
    assert caught.value.code == "customer_not_told"
    transfers.refuse_untold((*kinds, "answer"))
