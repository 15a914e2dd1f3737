"""Bytes to events and back: three errors for three causes, and never another one."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import ids
from common.errors import PoisonMessageError
from common.events import codec
from common.events.compatibility import breaking_changes
from common.events.envelope import new_event
from common.events.router import ClockWarned
from common.events.vocabulary import ClockKind, MentionKind
from common.testing.contracts import examples

EXAMPLE = next(examples("classifier.mention.classified.v1"))
HEADERS = dict(EXAMPLE.headers)


def read(headers=None, key=EXAMPLE.key, value=EXAMPLE.value):
    return codec.decode(codec.read_head(tuple((headers or HEADERS).items())), key, value)


def test_unknown_type():
    with pytest.raises(codec.UnknownEventTypeError):
        read({**HEADERS, "ce_type": b"weather.storm.seen.v1"})


def test_no_cloud_event_at_all():
    with pytest.raises(codec.UnknownEventTypeError):
        codec.read_head(())


def test_unknown_version():
    with pytest.raises(codec.UnknownEventVersionError):
        read({**HEADERS, "ce_type": b"classifier.mention.classified.v9"})


@pytest.mark.parametrize("header", ["ce_id", "ce_time", "ce_source", "ce_correlationid"])
def test_missing_attribute_is_a_bad_envelope(header):
    headers = {name: value for name, value in HEADERS.items() if name != header}
    with pytest.raises(codec.BadEventBodyError):
        read(headers)


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b"{}", b"\xff\xfe"])
def test_bad_body(value):
    with pytest.raises(codec.BadEventBodyError):
        read(value=value)


def test_a_naive_time_is_a_bad_body():
    body = json.loads(EXAMPLE.value)
    body["mention"]["posted_at"] = "2026-03-02T08:15:00"
    with pytest.raises(codec.BadEventBodyError):
        read(value=json.dumps(body).encode())


def test_the_error_names_the_field_and_never_its_content():
    body = json.loads(EXAMPLE.value)
    body["mention"]["author"]["followers"] = "lena@example.org"
    with pytest.raises(codec.BadEventBodyError) as caught:
        read(value=json.dumps(body).encode())
    assert "followers" in str(caught.value)
    assert "lena@" not in str(caught.value)


def test_unknown_fields_are_ignored_and_unknown_words_read_as_other():
    body = json.loads(EXAMPLE.value)
    body["mention"]["mood"] = "sunny"
    body["classification"]["kind"] = "riddle"
    event = read(value=json.dumps(body).encode())
    assert event.data.classification.kind is MentionKind.OTHER


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from(sorted(HEADERS)), st.binary()))
def test_no_bytes_whatever_raise_anything_but_poison(value, headers):
    with contextlib.suppress(PoisonMessageError):
        read({**HEADERS, **headers}, value=value)


def test_an_effect_continues_the_chain_of_its_cause():
    cause = read()
    now = datetime(2026, 3, 2, tzinfo=UTC)
    effect = new_event(
        ClockWarned(
            case_id=ids.new_id(),
            conversation_id=cause.data.mention.conversation_id,
            clock=ClockKind.FIRST_REACTION,
            team="social_support",
            started_at=now,
            due_at=now,
            warned_at=now,
        ),
        id=ids.new_id(),
        subject="case",
        time=now,
        cause=cause,
    )
    assert effect.key == cause.key
    assert effect.correlation_id == cause.correlation_id
    assert effect.causation_id == cause.id


OLD = {
    "$defs": {
        "A": {"properties": {"x": {"type": "string"}}, "required": ["x"]},
        "Word": {"enum": ["one", "two"]},
    }
}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({}, ["A was removed", "Word was removed"]),
        (
            {
                "A": {
                    "properties": {"x": {"type": "string"}, "y": {"type": "string"}},
                    "required": ["x"],
                },
                "Word": {"enum": ["one", "two", "three"]},
            },
            [],
        ),
        (
            {
                "A": {"properties": {"x": {"type": "integer"}}, "required": ["x", "z"]},
                "Word": {"enum": ["one"]},
            },
            ["A.z is newly required", "A.x changed its type", "Word no longer knows 'two'"],
        ),
        (
            {
                "A": {"properties": {}, "required": []},
                "Word": {"enum": ["one", "two", "three"]},
            },
            ["A.x was removed"],
        ),
    ],
)
def test_only_additions_may_keep_the_version(new, expected):
    assert breaking_changes(OLD, {"$defs": new}) == expected


def test_ids_are_time_ordered_and_repeatable():
    first, second = ids.new_id(), ids.new_id()
    assert first.version == 7
    assert first.int >> 80 <= second.int >> 80
    assert ids.mention_id("x", "1") == ids.mention_id("x", "1") != ids.mention_id("y", "1")
    assert ids.mention_id("x", "1") != ids.conversation_id("x", "1")
