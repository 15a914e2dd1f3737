"""Arming and cancelling timers inside the caller's transaction. Firing is `timers.loop`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import derived_id

_ARM = text(
    """
    insert into timer (owner_id, conversation_id, kind, armed_for, due_at, payload)
    select owner_id, conversation_id, kind, due_at, due_at, cast(payload as jsonb)
    from unnest(
        cast(:owner_ids as uuid[]), cast(:conversation_ids as uuid[]), cast(:kinds as text[]),
        cast(:due_ats as timestamptz[]), cast(:payloads as text[])
    ) as t (owner_id, conversation_id, kind, due_at, payload)
    order by owner_id, kind
    on conflict (owner_id, kind) do update set
        conversation_id = excluded.conversation_id, armed_for = excluded.armed_for,
        due_at = excluded.due_at, payload = excluded.payload, state = 0, attempts = 0,
        fired_at = null, generation = timer.generation + 1
    """
)

# SKIP LOCKED: whoever cancels holds the lock on a case for which a firing loop may be waiting.
_CANCEL = text(
    """
    update timer set state = 2
    from (
        select id from timer
        where owner_id = any(cast(:owner_ids as uuid[])) and kind = any(cast(:kinds as text[]))
          and state = 0
        for update skip locked
    ) as open
    where timer.id = open.id
    """
)


@dataclass(slots=True, kw_only=True)
class NewTimer:
    """A wish to be called at `due_at` (aware) about `owner_id`; `payload` is JSON, nothing big.

    Not frozen, as `DueTimer` is not: two are made for each new clock.
    """

    owner_id: UUID
    conversation_id: UUID
    kind: str
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class DueTimer:
    """A timer that fires now. `due_at` is the moment it was armed for, whatever the delay.

    Not frozen, because that makes making them four times as slow; nobody changes one.

    `attempts` counts the earlier tries whose handler failed.
    """

    id: int
    owner_id: UUID
    conversation_id: UUID
    kind: str
    due_at: datetime
    payload: Mapping[str, Any]
    generation: int
    attempts: int

    @property
    def occurrence_id(self) -> UUID:
        """The same for every try of this firing, another after it was armed again: an event id."""
        return derived_id(
            "timer", self.owner_id, self.kind, self.due_at.isoformat(), self.generation
        )


async def arm(connection: AsyncConnection, timers: Sequence[NewTimer]) -> None:
    """Arm these timers; one that exists for (owner_id, kind) is set anew, whatever its state.

    Each (owner_id, kind) at most once per call. Waits for a loop that is firing the same timer;
    that loop gives way (`timers.loop`), so the wait is short.
    """
    if not timers:
        return
    await connection.execute(
        _ARM,
        {
            "owner_ids": [timer.owner_id for timer in timers],
            "conversation_ids": [timer.conversation_id for timer in timers],
            "kinds": [timer.kind for timer in timers],
            "due_ats": [timer.due_at for timer in timers],
            "payloads": [orjson.dumps(timer.payload).decode() for timer in timers],
        },
    )


async def cancel(
    connection: AsyncConnection, owner_ids: Collection[UUID], kinds: Collection[str]
) -> int:
    """Cancel the pending timers of these owners and kinds; how many were.

    Never waits. A timer that is firing at this moment is left alone: its handler looks at the
    case under the case's lock and finds that there is nothing to do any more.
    """
    if not owner_ids or not kinds:
        return 0
    result = await connection.execute(_CANCEL, {"owner_ids": list(owner_ids), "kinds": list(kinds)})
    return result.rowcount
