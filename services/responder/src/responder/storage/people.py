"""The people of the configuration and the crises in force, as the router and the classifier say.

Kept for two questions: who may be asked to read, and who may let words pass (S41, S42, S57).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.colleagues import Colleague
from responder.domain.crises import Crisis
from responder.domain.persons import Person

_TAKE_VERSION = text(
    """
    insert into configuration(version) values (:version)
        on conflict (is_only) do update set version = excluded.version
     where configuration.version < excluded.version
    returning version
    """
)
_FORGET = text("delete from person where person_id <> all(cast(:ids as text[]))")
_RECORD = text(
    """
    insert into person(person_id, name, teams, roles, weight, certified_from, absences)
    select p.person_id, p.name, array(select jsonb_array_elements_text(cast(p.teams as jsonb))),
           array(select jsonb_array_elements_text(cast(p.roles as jsonb))), p.weight,
           p.certified_from, cast(p.absences as jsonb)
      from unnest(cast(:ids as text[]), cast(:names as text[]), cast(:teams as text[]),
                  cast(:roles as text[]), cast(:weights as double precision[]),
                  cast(:certified as timestamptz[]), cast(:absences as text[]))
           as p(person_id, name, teams, roles, weight, certified_from, absences)
        on conflict (person_id) do update
       set name = excluded.name, teams = excluded.teams, roles = excluded.roles,
           weight = excluded.weight, certified_from = excluded.certified_from,
           absences = excluded.absences
    """
)
_PEOPLE = text("select * from person order by person_id")
_MAY_READ = text("select may_read_public(:reader)")
_SWITCH = text(
    """
    insert into crisis(crisis_id, topic, is_on, approvers, switched_at)
    values (:crisis_id, :topic, :is_on, :approvers, :switched_at)
        on conflict (crisis_id) do update
       set topic = excluded.topic, is_on = excluded.is_on, approvers = excluded.approvers,
           switched_at = excluded.switched_at
     where crisis.switched_at <= excluded.switched_at
    """
)
_CRISES = text("select * from crisis where is_on order by crisis_id")


async def replace_people(
    connection: AsyncConnection, version: int, people: Sequence[Colleague]
) -> bool:
    """The people of this version and no others; False, and no change, for an older version."""
    taken = await connection.execute(_TAKE_VERSION, {"version": version})
    if taken.one_or_none() is None:
        return False
    await connection.execute(_FORGET, {"ids": [each.person.id for each in people]})
    await connection.execute(
        _RECORD,
        {
            "ids": [each.person.id for each in people],
            "names": [each.person.name for each in people],
            "teams": [json.dumps(sorted(each.teams)) for each in people],
            "roles": [json.dumps(sorted(each.roles)) for each in people],
            "weights": [each.weight for each in people],
            "certified": [each.certified_from for each in people],
            "absences": [
                json.dumps([[start.isoformat(), end.isoformat()] for start, end in each.absences])
                for each in people
            ],
        },
    )
    return True


async def all_people(connection: AsyncConnection) -> Sequence[Colleague]:
    """Everybody of the configuration in force, by id."""
    return [_colleague(row) for row in await connection.execute(_PEOPLE)]


async def may_read_public(connection: AsyncConnection, reader_id: str) -> bool:
    """The database's own answer, which its guard gives too (S41): certified, or not asked for."""
    answer = (await connection.execute(_MAY_READ, {"reader": reader_id})).scalar_one()
    return bool(answer)


async def switch_crisis(connection: AsyncConnection, crisis: Crisis) -> None:
    """Note the switch unless a later one is known."""
    await connection.execute(
        _SWITCH,
        {
            "crisis_id": crisis.crisis_id,
            "topic": crisis.topic,
            "is_on": crisis.is_on,
            "approvers": sorted(crisis.approvers),
            "switched_at": crisis.switched_at,
        },
    )


async def crises_on(connection: AsyncConnection) -> Sequence[Crisis]:
    """Every crisis that is on."""
    return [
        Crisis(
            crisis_id=row.crisis_id,
            topic=row.topic,
            is_on=row.is_on,
            approvers=frozenset(row.approvers),
            switched_at=row.switched_at,
        )
        for row in await connection.execute(_CRISES)
    ]


def _colleague(row: Row[Any]) -> Colleague:
    return Colleague(
        person=Person(row.person_id, row.name),
        teams=frozenset(row.teams),
        roles=frozenset(row.roles),
        weight=row.weight,
        certified_from=row.certified_from,
        absences=tuple(
            (datetime.fromisoformat(start), datetime.fromisoformat(end))
            for start, end in row.absences
        ),
    )
