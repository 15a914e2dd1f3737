"""Offers of cases to persons on duty: what stands, what was, and who was considered (S31).

At most one offer of a case stands. Whoever writes here has locked the case, or opens it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

TAKEN = "taken"
EXPIRED = "expired"
WITHDRAWN = "withdrawn"

_ADD = text(
    """
    insert into duty_offer (
        case_id, round, rota, team, skills, person_id, person_name, reason, offered_at, until,
        considered, configuration_version
    )
    select case_id, round, rota, team, string_to_array(skills, ' '), person_id, person_name,
        reason, cast(:now as timestamptz), until, considered,
        cast(:configuration_version as integer)
    from unnest(
        cast(:case_id as uuid[]), cast(:round as integer[]), cast(:rota as text[]),
        cast(:team as text[]), cast(:skills as text[]), cast(:person_id as text[]),
        cast(:person_name as text[]), cast(:reason as text[]), cast(:until as timestamptz[]),
        cast(:considered as text[])
    ) as new (
        case_id, round, rota, team, skills, person_id, person_name, reason, until, considered
    )
    """
)
_END = text(
    """
    update duty_offer set ended_at = :now, ending = :ending
    where case_id = any(cast(:case_ids as uuid[])) and ended_at is null
    """
)
_COLUMNS = """
    select case_id, round, rota, team, skills, person_id, person_name, reason, offered_at, until,
        ended_at, ending, considered, configuration_version
    from duty_offer
"""
_OF_CASES = text(f"{_COLUMNS} where case_id = any(cast(:case_ids as uuid[])) order by round")
_STANDING = text(f"{_COLUMNS} where case_id = :case_id and ended_at is null")
_OF_PERSON = text(
    f"""{_COLUMNS} where person_id = :person_id and ended_at is null
    order by until, case_id limit :limit
    """
)


@dataclass(slots=True, kw_only=True)
class NewOffer:
    """A turn that was taken; `person_id` is None where nobody was on duty.

    `until` is when it ends, or when to look again; None never. `considered` is JSON.
    """

    case_id: UUID
    round: int
    rota: str
    team: str
    skills: str
    person_id: str | None
    person_name: str | None
    reason: str
    until: datetime | None
    considered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """An offer as it stands or stood; `ending` is taken, expired or withdrawn."""

    case_id: UUID
    round: int
    rota: str
    team: str
    skills: frozenset[str]
    person_id: str | None
    person_name: str | None
    reason: str
    offered_at: datetime
    until: datetime | None
    ended_at: datetime | None
    ending: str | None
    considered: dict[str, Any]
    configuration_version: int


async def add(
    connection: AsyncConnection,
    offers: Sequence[NewOffer],
    *,
    configuration_version: int,
    now: datetime,
) -> None:
    """Store these; a second one that stands for the same case is a database error."""
    if not offers:
        return
    columns = {name: [getattr(offer, name) for offer in offers] for name in NewOffer.__slots__}
    await connection.execute(
        _ADD, {**columns, "configuration_version": configuration_version, "now": now}
    )


async def end(
    connection: AsyncConnection, case_ids: Collection[UUID], *, ending: str, now: datetime
) -> None:
    """End what stands for these cases; nothing where nothing does."""
    if case_ids:
        await connection.execute(_END, {"case_ids": list(case_ids), "ending": ending, "now": now})


async def of_cases(
    connection: AsyncConnection, case_ids: Collection[UUID]
) -> dict[UUID, list[OfferRow]]:
    """All offers of these cases, by case, the first one first."""
    rows = await connection.execute(_OF_CASES, {"case_ids": list(case_ids)})
    found: dict[UUID, list[OfferRow]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(_offer(row))
    return found


async def standing(connection: AsyncConnection, case_id: UUID) -> OfferRow | None:
    """The offer of a case that stands, if one does."""
    row = (await connection.execute(_STANDING, {"case_id": case_id})).one_or_none()
    return None if row is None else _offer(row)


async def of_person(connection: AsyncConnection, person_id: str, *, limit: int) -> list[OfferRow]:
    """What is offered to a person now, what ends first first."""
    rows = await connection.execute(_OF_PERSON, {"person_id": person_id, "limit": limit})
    return [_offer(row) for row in rows]


def _offer(row: Row[Any]) -> OfferRow:
    return OfferRow(
        **{
            **row._mapping,
            "considered": json.loads(row.considered),
            "skills": frozenset(row.skills) - {""},
        }
    )
