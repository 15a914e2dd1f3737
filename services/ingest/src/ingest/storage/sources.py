"""Sources and their secrets. A secret is read for verifying only, never for showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.domain.sources import SecretInfo, Source, SourceKind

_COLUMNS = """
    s.id, s.network, s.kind, s.account, s.is_enabled, s.created_at, s.version,
    array(select k.id from source_secret k where k.source_id = s.id
          order by k.created_at, k.id) as secret_ids,
    array(select k.created_at from source_secret k where k.source_id = s.id
          order by k.created_at, k.id) as secret_created_ats"""
_ONE = text(f"select {_COLUMNS} from source s where s.id = :id")  # noqa: S608
_ONE_LOCKED = text(f"select {_COLUMNS} from source s where s.id = :id for update of s")  # noqa: S608
_OLDEST_FIRST = text(f"""
select {_COLUMNS} from source s
where (cast(:after_at as timestamptz) is null
       or (s.created_at, s.id) > (cast(:after_at as timestamptz), cast(:after_id as uuid)))
order by s.created_at, s.id limit :limit
""")  # noqa: S608
_FOR_DELIVERY = text("""
select s.network, s.account, s.is_enabled,
       array(select k.secret from source_secret k where k.source_id = s.id) as secrets
from source s where s.id = :id and s.kind = 'webhook'
""")
_ADD = text("""
insert into source (id, network, kind, account, is_enabled, created_at, created_by, version)
values (:id, :network, :kind, :account, true, :created_at, :created_by, 1)
""")
_ADD_SECRET = text("""
insert into source_secret (id, source_id, secret, created_at, created_by)
values (:id, :source_id, :secret, :created_at, :created_by)
""")
_DROP_SECRET = text("delete from source_secret where id = :id and source_id = :source_id")
_SWITCH = text("update source set is_enabled = :is_enabled where id = :id")
_RAISE_VERSION = text("update source set version = version + 1 where id = :id")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySource:
    """What taking in a delivery needs to know of its source."""

    id: UUID
    network: str
    account: str | None
    is_enabled: bool
    secrets: Sequence[str]

    def __repr__(self) -> str:
        # A traceback or a log line that shows this object must not show the secrets.
        return f"DeliverySource(id={self.id})"


async def find(connection: AsyncConnection, source_id: UUID) -> Source | None:
    """The source without its secrets, or None."""
    row = (await connection.execute(_ONE, {"id": source_id})).one_or_none()
    return _source(row) if row else None


async def find_locked(connection: AsyncConnection, source_id: UUID) -> Source | None:
    """The same, held against other changes until the transaction ends."""
    row = (await connection.execute(_ONE_LOCKED, {"id": source_id})).one_or_none()
    return _source(row) if row else None


async def oldest_first(
    connection: AsyncConnection, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Source]:
    """At most `limit` sources behind `after` (created_at, id)."""
    after_at, after_id = after or (None, None)
    rows = await connection.execute(
        _OLDEST_FIRST, {"after_at": after_at, "after_id": after_id, "limit": limit}
    )
    return [_source(row) for row in rows]


async def for_delivery(connection: AsyncConnection, source_id: UUID) -> DeliverySource | None:
    """The webhook source with its active secrets, or None where there is no such source."""
    row = (await connection.execute(_FOR_DELIVERY, {"id": source_id})).one_or_none()
    if row is None:
        return None
    return DeliverySource(
        id=source_id,
        network=row.network,
        account=row.account,
        is_enabled=row.is_enabled,
        secrets=tuple(row.secrets),
    )


async def add(connection: AsyncConnection, source: Source, *, created_by: str) -> None:
    """A new source; its secrets come by `add_secret`."""
    await connection.execute(
        _ADD,
        {
            "id": source.id,
            "network": source.network,
            "kind": source.kind.value,
            "account": source.account,
            "created_at": source.created_at,
            "created_by": created_by,
        },
    )


async def add_secret(
    connection: AsyncConnection, source_id: UUID, info: SecretInfo, *, secret: str, created_by: str
) -> None:
    """A further active secret of the source, in the form the sender has it."""
    await connection.execute(
        _ADD_SECRET,
        {
            "id": info.id,
            "source_id": source_id,
            "secret": secret,
            "created_at": info.created_at,
            "created_by": created_by,
        },
    )
    await connection.execute(_RAISE_VERSION, {"id": source_id})


async def drop_secret(connection: AsyncConnection, source_id: UUID, secret_id: UUID) -> bool:
    """Forget a secret for good; False where there is none of that id."""
    done = await connection.execute(_DROP_SECRET, {"id": secret_id, "source_id": source_id})
    await connection.execute(_RAISE_VERSION, {"id": source_id})
    return bool(done.rowcount)


async def switch(connection: AsyncConnection, source_id: UUID, *, is_enabled: bool) -> None:
    """Switch the source on or off."""
    await connection.execute(_SWITCH, {"id": source_id, "is_enabled": is_enabled})
    await connection.execute(_RAISE_VERSION, {"id": source_id})


def _source(row: Any) -> Source:
    return Source(
        id=row.id,
        network=row.network,
        kind=SourceKind(row.kind),
        account=row.account,
        is_enabled=row.is_enabled,
        created_at=row.created_at,
        version=row.version,
        secrets=tuple(
            SecretInfo(id=secret_id, created_at=created_at)
            for secret_id, created_at in zip(row.secret_ids, row.secret_created_ats, strict=True)
        ),
    )
