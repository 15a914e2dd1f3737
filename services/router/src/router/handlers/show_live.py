"""What a live stream tells about a record of `cases.events`: that something changed, and where.

Only ids, words and times; whoever wants the content asks the API, which looks at their rights.
Somebody who works for certain teams hears of the cases of these teams, and of parked mentions.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from common.events.codec import decode, read_head
from common.kafka.port import Record

_SHOWN = (
    *("case_id", "mention_id", "conversation_id", "team", "clock", "reason", "outcome"),
    *("from_state", "to_state", "step", "issue_id", "target_case_id", "from_team"),
)


def live_notice(record: Record, teams: Collection[str] | None) -> tuple[str, bytes] | None:
    """The event's type and a JSON notice, or None where it is not for these teams (None: all).

    Raises PoisonMessageError for a record that is none of ours.
    """
    event = decode(read_head(record.headers), record.key, record.value)
    data = event.data
    if teams is not None and hasattr(data, "case_id") and not _is_for(data, teams):
        return None
    notice: dict[str, Any] = {"id": event.id, "type": event.type, "time": event.time}
    for name in _SHOWN:
        value = getattr(data, name, None)
        if value is not None and name not in event.spec.personal:
            notice[name] = value
    return event.type, msgspec.json.encode(notice)


def _is_for(data: Any, teams: Collection[str]) -> bool:
    """Its team's, and after a hand-over also that of the team that had it."""
    return data.team in teams or getattr(data, "from_team", None) in teams
