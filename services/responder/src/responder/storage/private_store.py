"""The restricted store: what customers say in private, who looked, and when it goes (S62, S66)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.persons import Person
from responder.domain.private_words import Field, PrivateValue, telling_parts
from responder.storage.sealing import Sealed, Sealing

_INSERT = text(
    """
    insert into private_value(value_id, case_id, conversation_id, request_id, name, sealed, key_id,
                              recorded_by_id, recorded_by_name, recorded_at, delete_after)
    values (:value_id, :case_id, :conversation_id, :request_id, :name, :sealed, :key_id,
            :by_id, :by_name, :recorded_at, :delete_after)
        on conflict (value_id) do nothing
    """
)
_OF_CASE = text(
    "select * from private_value where case_id = :case_id and delete_after > :now"
    " order by recorded_at, value_id limit :limit"
)
_FIRST_DUE = text("select min(delete_after) from private_value where case_id = :case_id")
_DELETE = text("delete from private_value where case_id = :case_id and delete_after <= :now")
_REQUEST = text(
    """
    insert into private_request(request_id, case_id, draft_id, fields, actor_id, actor_name)
    values (:request_id, :case_id, :draft_id, cast(:fields as jsonb), :actor_id, :actor_name)
    """
)
_FIELDS = text(
    "select fields from private_request where request_id = :request_id and case_id = :case_id"
)
_ACCESS = text(
    """
    insert into private_access(case_id, names, purpose, actor_id, actor_name)
    values (:case_id, :names, :purpose, :actor_id, :actor_name)
    """
)
_LOOKS = text(
    """
    select * from private_access
     where case_id = :case_id and (cast(:after as bigint) is null or access_id > :after)
     order by access_id limit :limit
    """
)
_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody read these values, and what for."""

    access_id: int
    names: tuple[str, ...]
    purpose: str
    actor: Person
    read_at: datetime


class PrivateStore:
    """Values by case, sealed; each goes `retention` after it was recorded."""

    def __init__(self, sealing: Sealing, *, retention: timedelta) -> None:
        self._sealing = sealing
        self.retention = retention

    async def record(self, connection: AsyncConnection, values: Sequence[PrivateValue]) -> None:
        """Keep them; a value that is there already (the same id) changes nothing."""
        for value in values:
            sealed = self._sealing.seal(value.value, case_id=value.case_id, name=value.name)
            by = value.recorded_by
            await connection.execute(
                _INSERT,
                {
                    "value_id": value.value_id,
                    "case_id": value.case_id,
                    "conversation_id": value.conversation_id,
                    "request_id": value.request_id,
                    "name": value.name,
                    "sealed": sealed.data,
                    "key_id": sealed.key_id,
                    "by_id": by.id if by else None,
                    "by_name": by.name if by else None,
                    "recorded_at": value.recorded_at,
                    "delete_after": value.delete_after,
                },
            )

    async def values_of(
        self, connection: AsyncConnection, case_id: UUID, *, now: datetime
    ) -> Sequence[PrivateValue]:
        """What is known of the case in private and not due to go, the oldest first.

        Whoever shows it to a person logs that (`log_look`).
        """
        rows = await connection.execute(_OF_CASE, {"case_id": case_id, "now": now, "limit": _MOST})
        return [self._value(row) for row in rows]

    async def known_values(
        self, connection: AsyncConnection, case_id: UUID, *, now: datetime
    ) -> tuple[str, ...]:
        """What must not appear in public: answers whole, of messages what tells (S63).

        For the gate only, which looks for them and shows them to nobody; not logged as a look.
        """
        parts = (
            part
            for value in await self.values_of(connection, case_id, now=now)
            for part in telling_parts(value.name, value.value)
        )
        return tuple(dict.fromkeys(parts))

    def _value(self, row: Row[Any]) -> PrivateValue:
        sealed = Sealed(bytes(row.sealed), row.key_id)
        return PrivateValue(
            value_id=row.value_id,
            case_id=row.case_id,
            conversation_id=row.conversation_id,
            name=row.name,
            value=self._sealing.open(sealed, case_id=row.case_id, name=row.name),
            recorded_at=row.recorded_at,
            delete_after=row.delete_after,
            request_id=row.request_id,
            recorded_by=(
                Person(row.recorded_by_id, row.recorded_by_name) if row.recorded_by_id else None
            ),
        )


async def first_due(connection: AsyncConnection, case_id: UUID) -> datetime | None:
    """When the first value of the case has to go; None where there is none."""
    due: datetime | None = (await connection.execute(_FIRST_DUE, {"case_id": case_id})).scalar_one()
    return due


async def delete_due(connection: AsyncConnection, case_id: UUID, *, now: datetime) -> int:
    """Delete what is due; how many values that were."""
    return (await connection.execute(_DELETE, {"case_id": case_id, "now": now})).rowcount


async def insert_request(
    connection: AsyncConnection,
    request_id: UUID,
    *,
    case_id: UUID,
    draft_id: UUID,
    fields: Sequence[Field],
    actor: Person,
) -> None:
    """Note what was asked for, and what for."""
    said = [{"name": field.name, "purpose": field.purpose} for field in fields]
    await connection.execute(
        _REQUEST,
        {
            "request_id": request_id,
            "case_id": case_id,
            "draft_id": draft_id,
            "fields": json.dumps(said),
            "actor_id": actor.id,
            "actor_name": actor.name,
        },
    )


async def requested_fields(
    connection: AsyncConnection, request_id: UUID, *, case_id: UUID
) -> Sequence[Field] | None:
    """What this request of the case asked for; None where there is none."""
    wanted = {"request_id": request_id, "case_id": case_id}
    row = (await connection.execute(_FIELDS, wanted)).one_or_none()
    return None if row is None else [Field(**each) for each in row.fields]


async def log_look(
    connection: AsyncConnection, case_id: UUID, *, names: Sequence[str], purpose: str, actor: Person
) -> None:
    """A person read these; the row stays for ever."""
    await connection.execute(
        _ACCESS,
        {
            "case_id": case_id,
            "names": list(names),
            "purpose": purpose,
            "actor_id": actor.id,
            "actor_name": actor.name,
        },
    )


async def looks_at(
    connection: AsyncConnection, case_id: UUID, *, after: int | None, limit: int
) -> Sequence[Look]:
    """Who looked into the case's private words, in order."""
    rows = await connection.execute(_LOOKS, {"case_id": case_id, "after": after, "limit": limit})
    return [
        Look(
            access_id=row.access_id,
            names=tuple(row.names),
            purpose=row.purpose,
            actor=Person(row.actor_id, row.actor_name),
            read_at=row.read_at,
        )
        for row in rows
    ]
