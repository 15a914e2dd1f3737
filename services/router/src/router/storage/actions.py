"""Actions that were asked for, and what became of them (S103)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.actions import ActionState
from router.domain.claims import Person

_ADD = text(
    """
    insert into action (
        action_id, case_id, conversation_id, name, system, parameters, requested_at,
        requested_by_id, requested_by_name, requested_as, configuration_version, due_at
    ) values (
        :action_id, :case_id, :conversation_id, :name, :system, cast(:parameters as jsonb),
        :requested_at, :requested_by_id, :requested_by_name, :requested_as,
        :configuration_version, :due_at
    )
    """
)
_HAD = text(
    """
    select parameters from action
    where case_id = :case_id and name = :name and state <> 'refused'
    """
)
_COLUMNS = """
    select action.action_id, action.case_id, action.conversation_id, action.name, action.system,
        action.parameters, action.state, action.requested_at, action.requested_by_id,
        action.requested_by_name, action.requested_as, action.configuration_version,
        action.due_at, action.overdue_at, action.answered_at, action.answered_by_name,
        action.reference, action.note
    from action
"""
_LOCK = text(
    f"""{_COLUMNS} where action_id = any(cast(:action_ids as uuid[]))
    order by action_id for update
    """
)
_OF_CASE = text(f"{_COLUMNS} where case_id = :case_id order by requested_at, action_id")
_LIST = text(
    f"""{_COLUMNS}
    where (cast(:state as text) is null or state = :state)
        and (cast(:system as text) is null or system = :system)
        and (cast(:due_at as timestamptz) is null or (due_at, action_id) > (:due_at, :last_id))
    order by due_at, action_id limit :limit
    """
)
_ANSWER = text(
    """
    update action set state = :state, answered_at = :at, answered_by_id = :by_id,
        answered_by_name = :by_name, reference = :reference, note = :note
    where action_id = :action_id
    """
)
_OVERDUE = text(
    """
    update action set overdue_at = :now where action_id = any(cast(:action_ids as uuid[]))
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """What is asked of another system; `parameters` are texts."""

    action_id: UUID
    case_id: UUID
    conversation_id: UUID
    name: str
    system: str
    parameters: Mapping[str, str]
    requested_at: datetime
    requested_by: Person
    requested_as: str
    configuration_version: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """An action with its answer, if there is one by now."""

    action_id: UUID
    case_id: UUID
    conversation_id: UUID
    name: str
    system: str
    parameters: Mapping[str, str]
    state: ActionState
    requested_at: datetime
    requested_by_id: str
    requested_by_name: str
    requested_as: str
    configuration_version: int
    due_at: datetime
    overdue_at: datetime | None
    answered_at: datetime | None
    answered_by_name: str | None
    reference: str | None
    note: str | None

    @property
    def key(self) -> tuple[datetime, UUID]:
        """The place in due order."""
        return (self.due_at, self.action_id)


async def add(connection: AsyncConnection, action: NewAction) -> None:
    """Store what is asked for."""
    await connection.execute(
        _ADD,
        {
            "action_id": action.action_id,
            "case_id": action.case_id,
            "conversation_id": action.conversation_id,
            "name": action.name,
            "system": action.system,
            "parameters": json.dumps(dict(action.parameters)),
            "requested_at": action.requested_at,
            "requested_by_id": action.requested_by.id,
            "requested_by_name": action.requested_by.name,
            "requested_as": action.requested_as,
            "configuration_version": action.configuration_version,
            "due_at": action.due_at,
        },
    )


async def had(connection: AsyncConnection, case_id: UUID, name: str) -> list[Mapping[str, str]]:
    """The parameters of this action in a case so far, what was refused left out.

    The case is locked, or two at once would not see each other.
    """
    rows = await connection.execute(_HAD, {"case_id": case_id, "name": name})
    return list(rows.scalars())


async def lock(connection: AsyncConnection, action_ids: Collection[UUID]) -> dict[UUID, ActionRow]:
    """These actions, their rows locked in one order."""
    rows = await connection.execute(_LOCK, {"action_ids": list(action_ids)})
    return {row.action_id: _action(row) for row in rows}


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[ActionRow]:
    """The actions of a case, the first one first."""
    return [_action(row) for row in await connection.execute(_OF_CASE, {"case_id": case_id})]


async def waiting(
    connection: AsyncConnection,
    *,
    state: str | None,
    system: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ActionRow]:
    """Actions in due order, of one state and one system where they are given."""
    due_at, last_id = after or (None, None)
    rows = await connection.execute(
        _LIST,
        {"state": state, "system": system, "due_at": due_at, "last_id": last_id, "limit": limit},
    )
    return [_action(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionAnswer:
    """What the other system says."""

    state: ActionState
    by: Person
    at: datetime
    reference: str | None
    note: str | None


async def answer(connection: AsyncConnection, action_id: UUID, said: ActionAnswer) -> None:
    """Store the answer of the other system."""
    await connection.execute(
        _ANSWER,
        {
            "action_id": action_id,
            "state": said.state.value,
            "at": said.at,
            "by_id": said.by.id,
            "by_name": said.by.name,
            "reference": said.reference,
            "note": said.note,
        },
    )


async def mark_overdue(
    connection: AsyncConnection, action_ids: Collection[UUID], *, now: datetime
) -> None:
    """Note that these were not answered in time."""
    if action_ids:
        await connection.execute(_OVERDUE, {"action_ids": list(action_ids), "now": now})


def _action(row: Row[Any]) -> ActionRow:
    return ActionRow(**{**row._mapping, "state": ActionState(row.state)})
