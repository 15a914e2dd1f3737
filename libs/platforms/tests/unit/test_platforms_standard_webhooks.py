"""Standard Webhooks against the published library, which nobody here wrote, and against attacks."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from platforms.standard_webhooks import (
    BadSecretError,
    Refusal,
    SignatureRefusedError,
    new_secret,
    sign,
    signed_headers,
    verify,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
BODY = '{"text":"Mein Motor stottert, äußerst ärgerlich"}'.encode()


def refusal_of(headers: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> Refusal:
    with pytest.raises(SignatureRefusedError) as refused:
        verify(headers, body, secrets=[SECRET], now=now)
    return refused.value.refusal


@given(body=st.text().map(str.encode), message_id=st.text("abcdef_-0123456789", min_size=1))
@settings(max_examples=100)
def test_signs_like_the_published_library(body: bytes, message_id: str) -> None:
    theirs = Webhook(SECRET).sign(message_id, NOW, body.decode())
    assert sign(SECRET, body, message_id=message_id, sent_at=NOW) == theirs


def test_the_published_library_accepts_ours() -> None:
    moment = datetime.now(UTC)
    headers = signed_headers([OTHER, SECRET], b'{"a":1}', message_id="msg_1", sent_at=moment)
    assert Webhook(SECRET).verify(b'{"a":1}', headers) == {"a": 1}


def test_accepts_what_the_published_library_signed() -> None:
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", NOW, BODY.decode()),
    }
    delivery = verify(headers, BODY, secrets=[SECRET], now=NOW)
    assert delivery.id == "msg_1"
    assert delivery.sent_at == NOW


def test_both_secrets_of_a_rotation_are_accepted_and_a_third_is_not() -> None:
    for secret in (SECRET, OTHER):
        headers = signed_headers([secret], BODY, message_id="m", sent_at=NOW)
        assert verify(headers, BODY, secrets=[SECRET, OTHER], now=NOW).id == "m"
    third = signed_headers([new_secret()], BODY, message_id="m", sent_at=NOW)
    with pytest.raises(SignatureRefusedError):
        verify(third, BODY, secrets=[SECRET, OTHER], now=NOW)


def test_one_good_value_among_several_is_enough() -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    headers["webhook-signature"] = "v1a,AAAA v1,bm9wZQ== " + headers["webhook-signature"]
    assert verify(headers, BODY, secrets=[SECRET], now=NOW).id == "m"


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(missing: str) -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    del headers[missing]
    assert refusal_of(headers) is Refusal.MISSING_HEADER


@pytest.mark.parametrize(
    "signature", ["garbage", "v1", "v1,", ",", " ", "v2,abc", "v1,ü", "v1,\ud800"]
)
def test_a_malformed_signature_is_refused_and_not_an_accident(signature: str) -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    headers["webhook-signature"] = signature
    assert refusal_of(headers) in {Refusal.WRONG_SIGNATURE, Refusal.MISSING_HEADER}


@pytest.mark.parametrize("timestamp", ["now", "-1", "1e9", "٣", "9" * 40, "12.5", " 1"])
def test_a_malformed_timestamp_is_refused(timestamp: str) -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    headers["webhook-timestamp"] = timestamp
    assert refusal_of(headers) is Refusal.MALFORMED_HEADER


@pytest.mark.parametrize(
    "skew", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)]
)
def test_a_stale_or_future_timestamp_is_refused(skew: timedelta) -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    assert refusal_of(headers, now=NOW + skew) is Refusal.STALE


def test_five_minutes_to_the_second_are_accepted() -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    assert verify(headers, BODY, secrets=[SECRET], now=NOW + timedelta(minutes=5)).id == "m"


def test_a_reserialised_body_is_refused() -> None:
    headers = signed_headers([SECRET], b'{"a": 1}', message_id="m", sent_at=NOW)
    assert refusal_of(headers, b'{"a":1}') is Refusal.WRONG_SIGNATURE


def test_another_id_or_timestamp_than_signed_is_refused() -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    assert refusal_of(headers | {"webhook-id": "n"}) is Refusal.WRONG_SIGNATURE
    later = str(int(NOW.timestamp()) + 1)
    assert refusal_of(headers | {"webhook-timestamp": later}) is Refusal.WRONG_SIGNATURE


def test_an_id_that_is_no_proper_text_is_refused_and_not_an_accident() -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    assert refusal_of(headers | {"webhook-id": "\ud800"}) is Refusal.WRONG_SIGNATURE


def test_without_a_secret_nothing_is_accepted() -> None:
    headers = signed_headers([SECRET], BODY, message_id="m", sent_at=NOW)
    with pytest.raises(SignatureRefusedError):
        verify(headers, BODY, secrets=[], now=NOW)


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()
    )
)
def test_hostile_headers_raise_nothing_else(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureRefusedError):
        verify(headers, BODY, secrets=[SECRET], now=NOW)


@pytest.mark.parametrize("secret", ["whsec_***", "whsec_" + "A" * 8, "whsec_ü"])
def test_a_bad_secret_is_named_without_repeating_it(secret: str) -> None:
    with pytest.raises(BadSecretError) as refused:
        sign(secret, BODY, message_id="m", sent_at=NOW)
    assert secret not in str(refused.value)


def test_new_secrets_are_long_and_differ() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32
