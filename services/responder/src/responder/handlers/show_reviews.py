"""What a live stream tells a person about `replies.events`: what concerns their reading (S57).

Ids, words and times only; the texts come from the API, which looks at their rights.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from common.events.codec import decode, read_head
from common.events.responder import (
    DraftApproved,
    DraftRejected,
    ReviewClaimed,
    ReviewExpired,
    ReviewOffered,
)
from common.kafka.port import Record
from responder.domain.persons import Person

_SHOWN = ("draft_id", "case_id", "revision", "round", "team", "expires_at", "expired_at")


def review_notice(
    record: Record, me: Person, teams: Collection[str] | None
) -> tuple[str, bytes] | None:
    """The event's type and a JSON notice, or None where it does not concern this person.

    `teams` None means all. Raises PoisonMessageError for a record that is none of ours.
    """
    event = decode(read_head(record.headers), record.key, record.value)
    if not _concerns(event.data, me, teams):
        return None
    notice: dict[str, Any] = {"id": event.id, "type": event.type, "time": event.time}
    for name in _SHOWN:
        value = getattr(event.data, name, None)
        if value is not None:
            notice[name] = value
    if isinstance(event.data, ReviewOffered):
        notice["is_mine"] = event.data.reviewer is not None
    return event.type, msgspec.json.encode(notice)


def _concerns(fact: Any, me: Person, teams: Collection[str] | None) -> bool:
    is_team = teams is None or getattr(fact, "team", None) in teams
    match fact:
        case ReviewOffered():
            if any(author.id == me.id for author in fact.authors):
                return False
            return is_team and (fact.reviewer is None or fact.reviewer.id == me.id)
        case ReviewExpired():
            asked = fact.reviewer is not None and fact.reviewer.id == me.id
            return asked or any(author.id == me.id for author in fact.authors)
        case ReviewClaimed():
            return is_team and fact.actor.id != me.id
        case DraftApproved() | DraftRejected():
            return fact.actor.id == me.id
        case _:
            return False
