"""How long to wait: one parser for every network's way of saying it (CONNECTORS 12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.rate_limits import LONGEST, wait_told

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
UNIX = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "4"}, None, 4),
        ({"retry-after": "Fri, 20 Nov 2026 09:30:30 GMT"}, None, 30),
        ({"x-rate-limit-reset": str(UNIX + 90)}, None, 90),  # X
        ({"ratelimit-reset": str(UNIX + 60)}, None, 60),  # Bluesky
        ({"x-ratelimit-reset": "2026-11-20T09:35:00.000Z"}, None, 300),  # Mastodon
        ({"x-ratelimit-reset": "412.5"}, None, 412.5),  # Reddit: seconds left
        (
            {
                "x-business-use-case-usage": (
                    '{"17": [{"type": "pages", "estimated_time_to_regain_access": 12}]}'
                )
            },
            None,
            720,
        ),  # Meta: minutes in JSON in a header
        ({}, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 3625}, 3.625),  # Matrix
        ({}, {"ok": False, "parameters": {"retry_after": 17}}, 17),  # Telegram
        ({"retry-after": "4"}, {"retry_after_ms": 9000}, 9),  # the longer one holds
        ({"ratelimit-reset": str(UNIX - 5)}, None, 0),
        ({"retry-after": "99999999999999999999"}, None, LONGEST.total_seconds()),
    ],
)
def test_a_wait_that_was_told_is_understood(
    headers: dict[str, str], body: Any, seconds: float
) -> None:
    assert wait_told(headers, body, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, None),
        ({"retry-after": "soon"}, {"error": "RateLimitExceeded"}),
        ({"x-ratelimit-reset": "nan", "retry-after": ""}, ["retry"]),
        ({"x-business-use-case-usage": "[]"}, {"parameters": None}),
    ],
)
def test_what_says_nothing_is_not_guessed(headers: dict[str, str], body: Any) -> None:
    assert wait_told(headers, body, now=NOW) is None


@given(
    st.dictionaries(
        st.sampled_from(
            ["retry-after", "ratelimit-reset", "x-ratelimit-reset", "x-business-use-case-usage"]
        ),
        st.text(max_size=40),
    )
)
def test_no_header_breaks_it(headers: dict[str, str]) -> None:
    wait = wait_told(headers, now=NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST
