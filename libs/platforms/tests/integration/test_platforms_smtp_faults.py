"""What each answer of a mail server proves: codes at every step, and connections that break."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from common.testing.stack.ports import free_ports
from platforms.adapter import Ending
from platforms.mail.smtp import SmtpServer, hand_in
from platforms.testing.smtp_sink import SmtpFaults, SmtpSink, open_smtp_sink

MAIL = b"From: a@motorrad.example\r\nTo: b@post.example\r\n\r\nGuten Tag\r\n"
OURS, THEIRS = "a@motorrad.example", "b@post.example"


@pytest.fixture(scope="module")
def running() -> Iterator[SmtpSink]:
    with open_smtp_sink() as sink:
        yield sink


@pytest.fixture
def sink(running: SmtpSink) -> SmtpSink:
    running.faults, running.taken = SmtpFaults(), []
    return running


def server(port: int, *, username: str | None = None) -> SmtpServer:
    return SmtpServer(
        host="127.0.0.1",
        port=port,
        security="none",
        username=username,
        password="x",
        timeout=timedelta(seconds=3),
    )


@pytest.mark.parametrize(
    ("faults", "ending", "error", "taken"),
    [
        (SmtpFaults(), Ending.SENT, "", 1),
        (SmtpFaults(rcpt="451 4.7.1 greylisted"), Ending.NOT_NOW, "smtp_recipient_451", 0),
        (SmtpFaults(rcpt="550 no such person"), Ending.TARGET_GONE, "smtp_recipient_550", 0),
        (SmtpFaults(rcpt="552 mailbox full"), Ending.REFUSED, "smtp_recipient_552", 0),
        (SmtpFaults(mail="451 later"), Ending.NOT_NOW, "smtp_sender_451", 0),
        (SmtpFaults(mail="550 not you"), Ending.REFUSED, "smtp_sender_550", 0),
        (SmtpFaults(mail="530 log in first"), Ending.ACCOUNT_DEAD, "smtp_sender_530", 0),
        (SmtpFaults(data="421 busy"), Ending.NOT_NOW, "smtp_data_421", 0),
        (SmtpFaults(data="554 spam"), Ending.REFUSED, "smtp_data_554", 0),
        (SmtpFaults(hang_up="mail"), Ending.NOT_NOW, "broken_off_before_data", 0),
        (SmtpFaults(hang_up="rcpt"), Ending.NOT_NOW, "broken_off_before_data", 0),
        (SmtpFaults(hang_up="data"), Ending.UNKNOWN, "broken_off_in_data", 0),
        (SmtpFaults(hang_up="dot"), Ending.UNKNOWN, "broken_off_in_data", 1),
    ],
)
async def test_an_answer_proves_what_it_proves(
    sink: SmtpSink, faults: SmtpFaults, ending: Ending, error: str, taken: int
) -> None:
    sink.faults = faults
    result = await hand_in(server(sink.port), MAIL, sender=OURS, recipient=THEIRS)
    assert (result.ending, result.error) == (ending, error)
    assert len(sink.taken) == taken


async def test_greylisting_waits_minutes_and_not_seconds(sink: SmtpSink) -> None:
    sink.faults = SmtpFaults(rcpt="451 4.7.1 greylisted")
    result = await hand_in(server(sink.port), MAIL, sender=OURS, recipient=THEIRS)
    assert result.retry_after == timedelta(minutes=5)


async def test_a_copy_that_is_refused_holds_nothing_up(sink: SmtpSink) -> None:
    sink.faults = SmtpFaults(rcpt="550 no", only_for=OURS)
    result = await hand_in(server(sink.port), MAIL, sender=OURS, recipient=THEIRS, copies=[OURS])
    assert result.ending is Ending.SENT
    assert [recipients for recipients, _ in sink.taken] == [[THEIRS]]


async def test_nobody_there_and_nobody_we_may_log_in_to(sink: SmtpSink) -> None:
    nowhere = await hand_in(server(free_ports(1)[0]), MAIL, sender=OURS, recipient=THEIRS)
    assert (nowhere.ending, nowhere.error) == (Ending.NOT_NOW, "not_reached")
    login = await hand_in(server(sink.port, username="a"), MAIL, sender=OURS, recipient=THEIRS)
    assert login.had_no_effect
    assert not sink.taken
