"""Logs that betray nobody (SEC6), metrics that keep their names, traces that never raise."""

from __future__ import annotations

import io
import json
import logging
import random
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidInputError
from common.events.codec import Head
from common.observability import context, metrics, tracing
from common.observability.logging import configure, get_logger
from common.observability.scrubbing import HIDDEN, scrub_text, scrub_value
from common.settings import LogSettings


class Lines:
    """The lines a process would have written to stderr, as objects."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def raw(self) -> str:
        return self._stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.raw.splitlines()]

    def last(self) -> dict[str, Any]:
        return self.all()[-1]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure(LogSettings(log_format="json", log_level="INFO"), "router")
    yield Lines(stream)
    root.handlers, root.level = before, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


# --- the shape of a line ---------------------------------------------------------------------


def test_a_line_is_an_event_with_ids_and_counts(lines: Lines) -> None:
    case_id = uuid4()
    get_logger().info("case_opened", case_id=case_id, team="Team Nord", mentions=3)
    line = lines.last()
    assert line["event"] == "case_opened"
    assert line["case_id"] == str(case_id)
    assert line["team"] == "Team Nord"
    assert line["mentions"] == 3
    assert line["service"] == "router"
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None


_FORBIDDEN_KEYS = (
    *("text", "body", "payload", "authorization", "token", "password", "author", "mention_text"),
    *("handle", "client_secret", "summary", "email", "contact_phone", "native_id"),
)


@pytest.mark.parametrize("key", _FORBIDDEN_KEYS)
def test_keys_that_name_content_or_secrets_never_show_their_value(lines: Lines, key: str) -> None:
    get_logger().warning("something_happened", **{key: "kaputt"})
    assert lines.last()[key] == HIDDEN


def test_a_sentence_under_any_other_key_is_hidden(lines: Lines) -> None:
    get_logger().info("something_happened", note="My bike broke down near the lake", state="open")
    assert lines.last()["note"] == HIDDEN
    assert lines.last()["state"] == "open"


def test_nested_values_are_cleaned_as_well(lines: Lines) -> None:
    get_logger().info(
        "something_happened",
        data={"text": "kaputt", "n": 1, "list": ["ok", "two words"], "ann@example.org": 1},
        raw=b"kaputt",
        thing=object(),
    )
    line = lines.last()
    assert line["data"] == {"text": HIDDEN, "n": 1, "list": ["ok", HIDDEN]}
    assert line["raw"] == "[6 bytes]"
    assert line["thing"] == "[object]"


def test_a_sentence_instead_of_an_event_name_does_not_become_the_event(lines: Lines) -> None:
    get_logger().info("Wrote to ann@example.org")
    assert lines.last()["event"] == "library_message"
    assert lines.last()["message"] == f"Wrote to {HIDDEN}"


def test_tracebacks_have_frames_but_neither_foreign_texts_nor_locals(lines: Lines) -> None:
    post = "Mein Motorrad springt nicht an"
    try:
        try:
            int(post)
        except ValueError as error:
            raise RuntimeError(f"cannot handle {post}") from error
    except RuntimeError:
        get_logger().exception("handling_failed")
    line = lines.last()
    assert "Motorrad" not in lines.raw
    assert line["exception"][0] == "RuntimeError"
    assert "ValueError" in line["exception"]
    assert any("test_common_observability.py:" in frame for frame in line["exception"])


def test_texts_of_our_own_errors_are_shown_and_scrubbed(lines: Lines) -> None:
    get_logger().error("refused", error=InvalidInputError("no such team for ann@example.org"))
    assert lines.last()["error"] == f"InvalidInputError: no such team for {HIDDEN}"


def test_exception_groups_show_what_is_inside(lines: Lines) -> None:
    group = ExceptionGroup("two", [KeyError("ann@example.org"), ConnectionRefusedError(111, "no")])
    get_logger().error("loops_failed", exc_info=group)
    assert lines.last()["exception"][0] == "ExceptionGroup: KeyError, ConnectionRefusedError: no"
    assert "ann@" not in lines.raw


def test_libraries_speak_through_the_same_lines(lines: Lines) -> None:
    logging.getLogger("aiokafka.cluster").warning(
        "Topic %s not available: %s (%d)", "mentions.raw", ValueError("a person's words"), 3
    )
    assert lines.last()["message"] == "Topic mentions.raw not available: ValueError (3)"
    assert lines.last()["logger"] == "aiokafka.cluster"
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved\nfuture: <Task exception=ValueError('kaputt')>"
    )
    assert lines.last()["message"] == "Task exception was never retrieved"
    logging.getLogger("uvicorn.access").warning("GET /search?q=kaputt")
    assert "kaputt" not in lines.raw


def test_the_console_form_is_scrubbed_too(monkeypatch: pytest.MonkeyPatch, lines: Lines) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure(LogSettings(log_format="console"), "router")
    try:
        raise ValueError("kaputt")
    except ValueError:
        get_logger().exception("failed", text="kaputt", n=1)
    assert "n=1" in stream.getvalue()
    assert "kaputt" not in stream.getvalue()


# --- property: nothing personal gets through (SEC6) --------------------------------------------

_SEEDS = st.integers(min_value=0, max_value=2**64)
_WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäöü .,!:", max_size=30)
_MAILS = st.from_regex(
    r"[a-z0-9][a-z0-9._%+\-]{0,15}[a-z0-9]@[a-z0-9\-]{1,12}\.(de|com|example|org)", fullmatch=True
)
_PHONES = st.from_regex(
    r"(\+49|0049|0)[ /\-]?1[5-7][0-9][ /\-]?[0-9]{3}[ \-]?[0-9]{4,5}", fullmatch=True
) | st.from_regex(r"\(0[1-9][0-9]{2}\) [1-9][0-9]{5,7}", fullmatch=True)


def _bytes(seed: int, count: int) -> bytes:
    return random.Random(seed).randbytes(count)


@st.composite
def _tokens(draw: st.DrawFn) -> str:
    """Tokens as they are really made: random bytes in base64url or hex, or a JWT."""
    seed = draw(_SEEDS)
    kind = draw(st.sampled_from(["base64", "hex", "jwt", "bearer"]))
    if kind == "hex":
        return _bytes(seed, draw(st.integers(16, 40))).hex()
    if kind == "jwt":
        return jwt.encode({"sub": str(seed)}, _bytes(seed, 32), algorithm="HS256")
    plain = urlsafe_b64encode(_bytes(seed, draw(st.integers(24, 48)))).decode().rstrip("=")
    return f"Bearer {plain}" if kind == "bearer" else plain


@given(before=_WORDS, secret=_MAILS | _PHONES | _tokens(), after=_WORDS)
def test_no_mail_phone_or_token_survives_in_a_text(before: str, secret: str, after: str) -> None:
    shown = scrub_text(f"{before} {secret} {after}")
    assert secret not in shown
    assert HIDDEN in shown


@given(secret=_MAILS | _PHONES | _tokens(), key=st.sampled_from(["state", "message", "case_id"]))
def test_no_mail_phone_or_token_survives_as_a_value(secret: str, key: str) -> None:
    assert secret not in str(scrub_value(key, secret))
    assert secret not in str(scrub_value(key, {"inner": [secret]}))
    assert secret not in str(scrub_value(key, {secret: 1}))


@given(
    text=st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=6).map(" ".join),
    key=st.sampled_from(["note", "state", "value", "argument"]),
)
def test_no_text_of_a_post_survives_under_a_key_that_is_not_for_texts(text: str, key: str) -> None:
    assert scrub_value(key, text) == HIDDEN


@given(text=st.text(max_size=400) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_scrubbing_never_raises_and_stays_short(text: str) -> None:
    assert len(scrub_text(text * 5)) <= 503


@pytest.mark.parametrize(
    "kept",
    [
        "ingest.mention.received.v1",
        "mentions.raw.classifier.dlq",
        "018f5d1e-7b1c-7c3a-9d3c-0d6a5d0b9a01",
        "2026-11-21T20:21:32.123456+00:00",
        "connect to 10.244.113.201:5432 refused",
        "UnknownEventVersionError in common/events/codec.py:77",
        "partition 11 at offset 123456",
        "Restart 3 of 5 in 1.5 s",
    ],
)
def test_what_an_operator_needs_stays_readable(kept: str) -> None:
    assert scrub_text(kept) == kept


def test_hashes_and_trace_ids_stay_under_their_keys_only() -> None:
    value = secrets.token_hex(32)
    assert scrub_value("content_hash", value) == value
    # In one piece or, where a run of digits reads like a phone number, in several: nothing stays.
    assert scrub_value("other", value).replace(HIDDEN, "") == ""


# --- tracing and context -----------------------------------------------------------------------


@given(st.text(max_size=80) | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"))
def test_a_bad_traceparent_never_raises_and_a_child_is_always_valid(header: str) -> None:
    child = tracing.parse(tracing.child_of(header))
    assert child is not None
    parent = tracing.parse(header)
    if parent is not None:
        assert child.trace_id == parent.trace_id
        assert child.span_id != parent.span_id


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" + "-x" * 300,
    ],
)
def test_what_the_standard_forbids_is_not_parsed(bad: str | None) -> None:
    assert tracing.parse(bad) is None


def test_a_later_version_of_the_header_is_understood() -> None:
    header = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes"
    parsed = tracing.parse(header)
    assert parsed is not None
    assert str(parsed) == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_lines_inside_an_event_carry_its_ids(lines: Lines) -> None:
    trace = tracing.new_traceparent()
    head = Head(
        id=UUID(int=1),
        type="router.case.opened.v1",
        source="/ombud/router",
        subject=str(UUID(int=2)),
        time=datetime(2026, 1, 1, tzinfo=UTC),
        correlation_id=UUID(int=3),
        causation_id=None,
        traceparent=trace,
    )
    with context.bind_event(head, key=str(UUID(int=4))):
        assert tracing.current() == trace
        get_logger().info("inside")
    get_logger().info("outside")
    inside, outside = lines.all()
    assert inside["event_id"] == str(UUID(int=1))
    assert inside["event_type"] == "router.case.opened.v1"
    assert inside["conversation_id"] == str(UUID(int=4))
    assert inside["trace_id"] == trace.split("-")[1]
    assert "event_id" not in outside
    assert tracing.current() is None


# --- metrics -----------------------------------------------------------------------------------

_UNITS = (
    "_seconds",
    "_records",
    "_rows",
    "_ratio",
    "_info",
    "_keys",
    "_partitions",
    "_running",
    "_cases",
)
_COUNTED = ("_requests", "_open", "_total")


@pytest.mark.parametrize("spec", metrics.DECLARED, ids=lambda spec: spec.name)
def test_a_metric_is_named_by_the_rule(spec: metrics.MetricSpec) -> None:
    assert re.fullmatch(r"ombud_[a-z]+(_[a-z]+)+", spec.name)
    assert spec.about
    if spec.kind == "counter":
        assert spec.name.endswith("_total")
    else:
        assert spec.name.endswith(_UNITS + _COUNTED)
    assert not {"user", "principal", "case_id", "text", "author"} & set(spec.labels)


def test_no_metric_is_declared_twice_and_each_is_scraped() -> None:
    names = [spec.name for spec in metrics.DECLARED]
    assert len(names) == len(set(names))
    families = {family.name for family in metrics.REGISTRY.collect()}
    assert {name.removesuffix("_total") for name in names} <= families
