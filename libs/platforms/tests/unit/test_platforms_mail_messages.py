"""Mails: who wrote them, what they say, and replies that are the same on every try."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.adapter import Answered, Audience, InboundPost, Letter, Strange
from platforms.mail.messages import as_bytes, compose, read_mail

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
OWN = "service@motorrad.example"


def a_mail(text: str = "Die Kette rasselt.", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Lena Beispiel <lena@post.example>"
    mail["To"] = OWN
    mail["Subject"] = "Kette rasselt"
    mail["Message-ID"] = "<1@post.example>"
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def read(mail: EmailMessage | bytes) -> InboundPost | Strange | None:
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    return read_mail(raw, own_address=OWN, received_at=AT, place="1:7")


def test_a_mail_becomes_a_private_post() -> None:
    post = read(a_mail())
    assert isinstance(post, InboundPost)
    assert (post.native_id, post.conversation) == ("<1@post.example>", "<1@post.example>")
    assert (post.author_id, post.author_name) == ("lena@post.example", "Lena Beispiel")
    assert post.text == "Kette rasselt\n\nDie Kette rasselt."
    assert (post.title, post.audience) == ("Kette rasselt", Audience.PRIVATE)
    assert post.posted_at == AT


def test_a_thread_is_its_references() -> None:
    post = read(
        a_mail(In_Reply_To="<3@motorrad.example>", References="<1@a.example> <3@motorrad.example>")
    )
    assert isinstance(post, InboundPost)
    assert post.conversation == "<1@a.example>"
    assert post.in_reply_to == "<3@motorrad.example>"
    assert post.thread == ("<1@a.example>", "<3@motorrad.example>")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-replied; owner-email=x"}, "auto_submitted"),
        ({"Precedence": "bulk"}, "bulk"),
        ({"List_Id": "<news.example>"}, "list"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"X_Auto_Response_Suppress": "All"}, "auto_response"),
        ({"From": "nobody"}, "no sender"),
    ],
)
def test_machines_are_not_answered(headers: dict[str, str], reason: str) -> None:
    strange = read(a_mail(**headers))
    assert isinstance(strange, Strange)
    assert strange.reason == reason
    assert b"rasselt" in strange.raw


def test_a_bounce_is_a_report() -> None:
    raw = a_mail().as_bytes().replace(b"text/plain", b"multipart/report; boundary=x", 1)
    assert isinstance(read(raw), Strange)


def test_a_person_who_says_no_to_automation_is_a_person() -> None:
    assert isinstance(read(a_mail(Auto_Submitted="no")), InboundPost)


def test_our_own_copy_is_nobodys_post() -> None:
    assert read(a_mail(From=f"Motorrad AG <{OWN.upper()}>")) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Danke!\n\nAm Montag schrieb Motorrad AG:\n> Guten Tag\n> Mia\n", "Danke!"),
        ("Thanks\n\nOn Monday Motorrad AG wrote:\n\n> Hello\n", "Thanks"),
        ("> zitiert\nMeine Frage dazu?", "> zitiert\nMeine Frage dazu?"),
        ("> nur Zitat", "> nur Zitat"),
    ],
)
def test_only_a_quotation_at_the_end_is_cut(text: str, kept: str) -> None:
    post = read(a_mail(text))
    assert isinstance(post, InboundPost)
    assert post.text == f"Kette rasselt\n\n{kept}"


def test_a_page_is_read_as_text() -> None:
    mail = a_mail()
    mail.set_content("<head><style>p{}</style></head><p>Öl &amp; Kette</p>Danke<br>Lena", "html")
    post = read(mail)
    assert isinstance(post, InboundPost)
    assert post.text.endswith("Öl & Kette\nDanke\nLena")


def test_a_date_in_the_future_is_not_believed() -> None:
    post = read(a_mail(Date="Mon, 01 Jan 2035 10:00:00 +0000"))
    assert isinstance(post, InboundPost)
    assert post.posted_at == AT


@given(st.binary(max_size=400))
def test_hostile_bytes_are_kept_or_read(raw: bytes) -> None:
    found = read(b"From: a@b.example\r\n" + raw)
    assert isinstance(found, InboundPost | Strange)


def a_letter(**answered: object) -> Letter:
    return Letter(
        reply_id=UUID("019cac00-0000-7000-8000-000000000001"),
        written_at=AT,
        network="mail",
        account=OWN,
        answered=Answered(native_id="<9@a.example>", author_id="lena@post.example", **answered),  # type: ignore[arg-type]
        audience=Audience.PRIVATE,
        text="Guten Tag,\n\nwir rufen an. 🏍️\n",
    )


def test_a_reply_is_the_same_bytes_every_time() -> None:
    letter = a_letter(title="AW: Re: Kette", thread=("<1@a.example>", "<9@a.example>"))
    prepared = compose(letter, sender_name="Motorrad AG")
    assert as_bytes(prepared.body) == as_bytes(dict(prepared.body))
    mail = BytesParser(policy=default).parsebytes(as_bytes(prepared.body))
    assert mail["Message-ID"] == prepared.native_id == f"<{letter.reply_id}@motorrad.example>"
    assert mail["Subject"] == "Re: Kette"
    assert mail["References"] == "<1@a.example> <9@a.example>"
    assert mail["In-Reply-To"] == "<9@a.example>"
    assert mail["From"].addresses[0].display_name == "Motorrad AG"
    assert mail.get_content().replace("\r\n", "\n") == letter.text
    assert mail["Auto-Submitted"] is None


def test_no_header_can_be_smuggled_in() -> None:
    letter = a_letter(title="Kette\r\nBcc: all@post.example")
    mail = BytesParser(policy=default).parsebytes(
        as_bytes(compose(letter, sender_name="Motorrad AG").body)
    )
    assert mail["Bcc"] is None
    assert "Bcc: all@post.example" in mail["Subject"]


def test_a_long_thread_is_cut_at_its_beginning() -> None:
    thread = tuple(f"<{number}@a.example>" for number in range(200))
    prepared = compose(a_letter(thread=thread), sender_name="")
    assert len(prepared.body["references"]) == 50
    assert prepared.body["references"][-1] == "<9@a.example>"
