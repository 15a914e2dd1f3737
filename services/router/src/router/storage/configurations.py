"""The versions of the configuration, and the one in force as the decisions read it.

Versions are only added. Reading the version in force costs one small query per batch; the document
is fetched and parsed only when the version is new to this process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import ConfigurationError, PreconditionFailedError
from router.domain.claims import Person
from router.domain.configuration import Configuration
from router.storage.configuration_document import ConfigurationDocument, parse

_IN_FORCE = text(
    """
    select version, case when version <> :known then document end as document
    from configuration order by version desc limit 1
    """
)
_ADD = text(
    """
    insert into configuration (version, document, actor_id, actor_name, at)
    values (:version, cast(:document as jsonb), :actor_id, :actor_name, :at)
    on conflict (version) do nothing
    """
)
_ONE = text(
    """
    select version, document, actor_id, actor_name, at from configuration
    where cast(:version as integer) is null or version = :version
    order by version desc limit 1
    """
)
_HISTORY = text(
    """
    select version, actor_name, at from configuration
    where cast(:before as integer) is null or version < :before
    order by version desc limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version without its document."""

    version: int
    actor_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredConfiguration:
    """A version as it was set, by whom and when."""

    version: int
    document: Mapping[str, Any]
    actor: Person
    at: datetime


class Configurations:
    """Keeps the last version that was read; share one per process."""

    def __init__(self) -> None:
        self._known: Configuration | None = None

    async def in_force(self, connection: AsyncConnection) -> Configuration:
        """The newest version. ConfigurationError when none was ever set."""
        known = self._known.version if self._known else 0
        row = (await connection.execute(_IN_FORCE, {"known": known})).one_or_none()
        if row is None:
            raise ConfigurationError("the router has no configuration yet")
        if self._known is None or row.version != known:
            self._known = parse(row.document).configuration(row.version)
        return self._known


async def stored(
    connection: AsyncConnection, version: int | None = None
) -> StoredConfiguration | None:
    """One version as it was set; the newest without `version`."""
    row = (await connection.execute(_ONE, {"version": version})).one_or_none()
    if row is None:
        return None
    return StoredConfiguration(
        row.version, row.document, Person(row.actor_id, row.actor_name), row.at
    )


async def of_version(connection: AsyncConnection, version: int) -> Configuration:
    """A version as the decisions read it; ConfigurationError where it is gone, which none ever is.

    Parsed anew: for looking back, not for the hot path.
    """
    found = await stored(connection, version)
    if found is None:
        raise ConfigurationError(f"version {version} of the configuration is gone")
    return parse(found.document).configuration(version)


async def history(
    connection: AsyncConnection, *, after: tuple[int] | None, limit: int
) -> list[VersionRow]:
    """The versions, the latest first."""
    # A cursor may hold any number; the column may not.
    before = None if after is None else max(0, min(after[0], 2**31 - 1))
    rows = await connection.execute(_HISTORY, {"before": before, "limit": limit})
    return [VersionRow(**row._mapping) for row in rows]


async def add(
    connection: AsyncConnection,
    document: ConfigurationDocument,
    *,
    version: int,
    actor: Person,
    at: datetime,
) -> None:
    """Put a new version in force; PreconditionFailedError when it exists already."""
    result = await connection.execute(
        _ADD,
        {
            "version": version,
            "document": json.dumps(document.dumped()),
            "actor_id": actor.id,
            "actor_name": actor.name,
            "at": at,
        },
    )
    if result.rowcount == 0:
        raise PreconditionFailedError("the configuration was changed by somebody else meanwhile")
