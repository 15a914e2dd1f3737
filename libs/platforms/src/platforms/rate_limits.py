"""When may we ask again? Every network says it in a form of its own (CONNECTORS 12).

One parser for all, so that a wait is never guessed where it was told. It knows neither accounts
nor clocks: the time is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

LONGEST = timedelta(hours=25)
"""A day's allowance is the longest that networks know; what says more is not believed."""
_EPOCH_FROM = 1_000_000_000.0

_ABSOLUTE_OR_LEFT = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")


def wait_told(headers: Mapping[str, str], body: Any = None, *, now: datetime) -> timedelta | None:
    """How long the answer asks us to wait, between 0 and LONGEST; None where it does not say.

    `headers` have lower-case names; `body` is the decoded JSON body if there is one. Known forms:
    Retry-After in seconds or as an HTTP date (RFC 9110 10.2.3); a reset header as Unix seconds
    (X, Bluesky), ISO 8601 (Mastodon) or seconds left (Reddit); minutes in Meta's usage header;
    `retry_after_ms` and `parameters.retry_after` in bodies (Matrix, Telegram).
    """
    told = (
        _retry_after(headers.get("retry-after"), now),
        *(_reset(headers.get(name), now) for name in _ABSOLUTE_OR_LEFT),
        _meta(headers.get("x-business-use-case-usage")),
        _in_body(body),
    )
    waits = [wait for wait in told if wait is not None]
    if not waits:
        return None
    return min(max(max(waits), timedelta(0)), LONGEST)


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return _span(seconds)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now


def _reset(value: str | None, now: datetime) -> timedelta | None:
    if value is None:
        return None
    number = _number(value)
    if number is not None:
        # Seconds left are small, Unix times are not: no network asks for thirty years.
        return _span(number - now.timestamp() if number > _EPOCH_FROM else number)
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now


def _meta(value: str | None) -> timedelta | None:
    if value is None:
        return None
    try:
        usage = orjson.loads(value)
        minutes = [
            float(entry["estimated_time_to_regain_access"])
            for entries in usage.values()
            for entry in entries
            if "estimated_time_to_regain_access" in entry
        ]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        return None
    longest = max(minutes, default=0.0)
    return _span(longest * 60) if longest > 0 else None


def _in_body(body: Any) -> timedelta | None:
    if not isinstance(body, Mapping):
        return None
    milliseconds = body.get("retry_after_ms")
    if isinstance(milliseconds, int | float):
        return _span(milliseconds / 1000)
    parameters = body.get("parameters")
    inner = parameters.get("retry_after") if isinstance(parameters, Mapping) else None
    return _span(float(inner)) if isinstance(inner, int | float) else None


def _number(value: str) -> float | None:
    try:
        number = float(value.strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _span(seconds: float) -> timedelta:
    # An absurd number must not overflow timedelta before it is cut down.
    return timedelta(seconds=min(max(seconds, -1.0), LONGEST.total_seconds() * 2))
