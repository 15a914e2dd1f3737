"""What a person approves must be sendable: limits as the network itself counts them (S14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common.errors import InvalidInputError
from platforms.bluesky.adapter import BlueskyAdapter
from platforms.bluesky.session import Session
from responder.domain.channels import Capabilities, Counting, Idempotency, ReadBack, require_fit
from responder.domain.content import Content
from responder.domain.words import Audience, Kind
from responder.gateways.adapted import AdaptedChannel

FAMILY = "👨‍👩‍👧‍👦"
ACCOUNT = "motorrad.example"


@pytest.fixture
def bluesky() -> Capabilities:
    """What the responder makes of the real adapter; nothing is called."""
    session = Session("http://127.0.0.1:1", ACCOUNT, password="x", timeout=timedelta(seconds=1))
    return AdaptedChannel("bluesky", {ACCOUNT: BlueskyAdapter(session)}).capabilities


def reply(text: str, **changes: Any) -> Content:
    fields: dict[str, Any] = {
        "network": "bluesky",
        "account": ACCOUNT,
        "in_reply_to": "at://did:plc:a/app.bsky.feed.post/1",
        "visibility": Audience.PUBLIC,
        "kind": Kind.ANSWER,
        "text": text,
    }
    return Content(**(fields | changes))


def test_bluesky_can_repeat_and_be_looked_up(bluesky: Capabilities) -> None:
    assert (bluesky.max_length, bluesky.counting) == (300, Counting.GRAPHEMES)
    assert bluesky.max_bytes == 3000
    assert bluesky.idempotency is Idempotency.OWN_ID
    assert bluesky.repeats_are_harmless
    assert bluesky.read_back is ReadBack.BY_ID


@pytest.mark.parametrize("text", ["x" * 300, "ö" * 300, FAMILY * 120])
def test_what_the_network_takes_fits(bluesky: Capabilities, text: str) -> None:
    require_fit(reply(text), bluesky)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (reply("x" * 301), "text_too_long"),
        (reply(FAMILY * 121), "text_too_long"),  # 121 signs, 3025 bytes
        (reply("x", visibility=Audience.PRIVATE), "audience_not_offered"),
        (reply("x", account="somebody.else"), "unknown_account"),
    ],
)
def test_what_it_would_refuse_is_refused_before_anybody_reads_it(
    bluesky: Capabilities, content: Content, code: str
) -> None:
    with pytest.raises(InvalidInputError) as told:
        require_fit(content, bluesky)
    assert told.value.code == code


def test_a_key_that_is_forgotten_is_no_promise(bluesky: Capabilities) -> None:
    for idempotency in Idempotency:
        can = Capabilities(
            network="x",
            accounts=("a",),
            max_length=1,
            counting=Counting.CODE_POINTS,
            audiences=frozenset(Audience),
            read_back=ReadBack.THREAD,
            idempotency=idempotency,
        )
        harmless = idempotency in (Idempotency.OWN_ID, Idempotency.STABLE_ID)
        assert can.repeats_are_harmless == harmless
