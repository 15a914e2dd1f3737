"""Hold a wording against the gates: alone, as `ombud gate` and POST /gates/check ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from common.errors import InvalidInputError
from responder.domain.gates.check import check_reply
from responder.domain.gates.findings import Finding, Policy
from responder.domain.gates.reply import Limit, Reply
from responder.domain.words import Audience, Kind
from responder.gateways.judgement.judge import judge
from responder.gateways.phones import find_phones

MAX_TEXT = 20_000
MAX_VALUES = 500
DEFAULT_MAX_LENGTH = {Audience.PUBLIC: 500, Audience.PRIVATE: 10_000}
"""Where no channel is named: what the smallest common network takes in public, mail in private."""

_LISTS = ("known_values", "recent_replies", "already_tried")
_TEXTS = ("text", "visibility", "kind", "account", "customer_text")


def read_reply(document: Any, *, policy: Policy | None = None) -> Reply:
    """A reply from a JSON document of which only `text` is needed; unknown members are ignored.

    Raises InvalidInputError `invalid_reply` with what is wrong.
    """
    if not isinstance(document, Mapping):
        raise InvalidInputError("this is no JSON object", code="invalid_reply")
    texts = {name: _text(document, name) for name in _TEXTS}
    if texts["text"] is None:
        raise InvalidInputError("`text` is missing", code="invalid_reply")
    visibility = _one_of(Audience, texts["visibility"] or "public", name="visibility")
    lists = {name: _list(document, name) for name in _LISTS}
    return Reply(
        text=texts["text"],
        visibility=visibility,
        kind=_kind(texts["kind"] or "answer"),
        customer_text=texts["customer_text"] or "",
        limits=(_limit(document.get("max_length"), visibility),),
        policy=policy or Policy(),
        known_values=lists["known_values"],
        recent_replies=lists["recent_replies"],
        already_tried=lists["already_tried"],
    )


def check_alone(reply: Reply, *, now: datetime, zone: str) -> Sequence[Finding]:
    """The findings of a reply that belongs to no draft.

    Some twenty milliseconds of processor time, most of a second at first: not on an event loop.
    """
    return check_reply(reply, judge=judge, phones=find_phones, now=now, zone=zone)


def show_findings(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings as JSON types, in the same order."""
    return [
        {
            "rule": finding.rule,
            "level": finding.level.value,
            "start": finding.start,
            "end": finding.end,
            "message": finding.message,
            "way_out": finding.way_out,
        }
        for finding in findings
    ]


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInputError(f"`{name}` is no text", code="invalid_reply")
    if len(value) > MAX_TEXT:
        raise InvalidInputError(
            f"`{name}` is longer than {MAX_TEXT} characters", code="invalid_reply"
        )
    return value


def _list(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = document.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidInputError(f"`{name}` is no list of texts", code="invalid_reply")
    if len(values) > MAX_VALUES:
        raise InvalidInputError(f"`{name}` has more than {MAX_VALUES} texts", code="invalid_reply")
    return tuple(value for value in values if value.strip())


def _kind(value: str) -> str:
    return value if value == "no_reply" else _one_of(Kind, value, name="kind").value


def _one_of(words: type[Any], value: str, *, name: str) -> Any:
    try:
        return words(value)
    except ValueError as error:
        known = ", ".join(word.value for word in words)
        raise InvalidInputError(f"`{name}` is none of {known}", code="invalid_reply") from error


def _limit(value: Any, visibility: Audience) -> Limit:
    if value is None:
        value = DEFAULT_MAX_LENGTH[visibility]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidInputError("`max_length` is no positive number", code="invalid_reply")
    return Limit("characters", value, len)
