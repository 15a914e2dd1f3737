"""Who looked at which fields of a customer, and what we know of an author ourselves (S111).

No value of a CRM is kept here: only its customer ids, so that something is left while it is away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person

_ADD = text(
    """
    insert into customer_access (
        access_id, case_id, at, person_id, person_name, role, fields, unmasked, purpose,
        degraded_because
    ) values (
        :access_id, :case_id, :at, :person_id, :person_name, :role, cast(:fields as text[]),
        cast(:unmasked as text[]), :purpose, :degraded_because
    )
    """
)
_LOG = text(
    """
    select access_id, case_id, at, person_id, person_name, role, fields, unmasked, purpose,
        degraded_because
    from customer_access
    where (cast(:case_id as uuid) is null or case_id = :case_id)
        and (cast(:before as timestamptz) is null or (at, access_id) < (:before, :last_id))
    order by at desc, access_id desc limit :limit
    """
)
_LINK = text(
    """
    insert into customer_link (network, author_id, customer_ids, seen_at)
    values (:network, :author_id, cast(:customer_ids as text[]), :at)
    on conflict (network, author_id) do update
        set customer_ids = excluded.customer_ids, seen_at = excluded.seen_at
    """
)
_LINKED = text(
    """
    select customer_ids from customer_link where network = :network and author_id = :author_id
    """
)
# By the people the customer is known as: every network on which the CRM named the same customer.
_OWN = text(
    """
    with same as (
        select network, author_id from customer_link
        where customer_ids && cast(:customer_ids as text[])
        union select :network, :author_id
    )
    select cases.case_id, cases.network, cases.team, cases.state, cases.opened_at,
        cases.closed_at, cases.outcome
    from cases join same on same.network = cases.network and same.author_id = cases.customer_id
    where cases.case_id <> :case_id
    order by cases.opened_at desc limit :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An entry: the names of fields, never what stood in them."""

    access_id: UUID
    case_id: UUID
    at: datetime
    person_id: str
    person_name: str
    role: str
    fields: Sequence[str]
    unmasked: Sequence[str]
    purpose: str | None
    degraded_because: str | None

    @property
    def key(self) -> tuple[datetime, UUID]:
        """The place in the log, the latest first."""
        return (self.at, self.access_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContact:
    """Another case of the same customer, on any network."""

    case_id: UUID
    network: str
    team: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class NewAccess:
    """A look that is about to be shown."""

    access_id: UUID
    case_id: UUID
    by: Person
    role: str
    fields: tuple[str, ...]
    unmasked: tuple[str, ...]
    purpose: str | None
    degraded_because: str | None


async def add(connection: AsyncConnection, access: NewAccess, *, at: datetime) -> None:
    """Write the entry; before anything is shown."""
    await connection.execute(
        _ADD,
        {
            "access_id": access.access_id,
            "case_id": access.case_id,
            "at": at,
            "person_id": access.by.id,
            "person_name": access.by.name,
            "role": access.role,
            "fields": list(access.fields),
            "unmasked": list(access.unmasked),
            "purpose": access.purpose,
            "degraded_because": access.degraded_because,
        },
    )


async def log(
    connection: AsyncConnection,
    *,
    case_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Access]:
    """Who looked, the latest first; of one case where it is given."""
    before, last_id = after or (None, None)
    rows = await connection.execute(
        _LOG, {"case_id": case_id, "before": before, "last_id": last_id, "limit": limit}
    )
    return [Access(**row._mapping) for row in rows]


async def link(
    connection: AsyncConnection,
    author: tuple[str, str],
    customer_ids: Sequence[str],
    *,
    at: datetime,
) -> None:
    """Keep who the CRM says an author (network, id) is."""
    await connection.execute(
        _LINK,
        {
            "network": author[0],
            "author_id": author[1],
            "customer_ids": list(customer_ids),
            "at": at,
        },
    )


async def linked(connection: AsyncConnection, author: tuple[str, str]) -> list[str]:
    """Who the CRM last said an author is."""
    found = await connection.execute(_LINKED, {"network": author[0], "author_id": author[1]})
    return list(found.scalar_one_or_none() or ())


async def own_contacts(
    connection: AsyncConnection,
    author: tuple[str, str],
    customer_ids: Sequence[str],
    *,
    besides: UUID,
    limit: int,
) -> list[OwnContact]:
    """Our other cases of the same customer, the latest first."""
    rows = await connection.execute(
        _OWN,
        {
            "network": author[0],
            "author_id": author[1],
            "customer_ids": list(customer_ids),
            "case_id": besides,
            "limit": limit,
        },
    )
    return [OwnContact(**row._mapping) for row in rows]
