"""Moderations and their decisions; the database knows which step follows which (S106)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.moderation import Moderation, ModerationAction, ModerationState
from responder.domain.persons import Person

_INSERT = text(
    """
    insert into moderation(moderation_id, case_id, conversation_id, network, account, target,
                           action, reason, proposed_by_id, proposed_by_name)
    values (:moderation_id, :case_id, :conversation_id, :network, :account, :target,
            :action, :reason, :by_id, :by_name)
    """
)
_GET = text("select * from moderation where moderation_id = :moderation_id")
_LOCK = text("select * from moderation where moderation_id = :moderation_id for update")
_FIND = text(
    """
    select m.* from moderation m join case_context c using (case_id)
     where (cast(:state as text) is null or m.state = :state)
       and (cast(:case_id as uuid) is null or m.case_id = :case_id)
       and (cast(:teams as text[]) is null or c.team = any(cast(:teams as text[])))
       and (cast(:after_at as timestamptz) is null
            or (m.proposed_at, m.moderation_id) > (:after_at, cast(:after_id as uuid)))
     order by m.proposed_at, m.moderation_id limit :limit
    """
)
_DECIDE = text(
    """
    update moderation set state = :state, decision = :decision, decided_by_id = :by_id,
           decided_by_name = :by_name, decided_at = now()
     where moderation_id = :moderation_id
    """
)
_FINISH = text(
    """
    update moderation
       set state = :state, last_error = :error, done_at = case :state when 'done' then now() end
     where moderation_id = :moderation_id
    """
)
_TO_DO = text(
    "select moderation_id from moderation where state = 'approved' order by decided_at limit :limit"
)


async def insert_moderation(
    connection: AsyncConnection, moderation_id: UUID, *, proposal: Moderation
) -> None:
    """A proposal; state and times are the database's."""
    await connection.execute(
        _INSERT,
        {
            "moderation_id": moderation_id,
            "case_id": proposal.case_id,
            "conversation_id": proposal.conversation_id,
            "network": proposal.network,
            "account": proposal.account,
            "target": proposal.target,
            "action": proposal.action.value,
            "reason": proposal.reason,
            "by_id": proposal.proposed_by.id,
            "by_name": proposal.proposed_by.name,
        },
    )


async def get_moderation(connection: AsyncConnection, moderation_id: UUID) -> Moderation | None:
    row = (await connection.execute(_GET, {"moderation_id": moderation_id})).one_or_none()
    return _moderation(row) if row else None


async def lock_moderation(connection: AsyncConnection, moderation_id: UUID) -> Moderation | None:
    """The moderation, locked until the transaction ends."""
    row = (await connection.execute(_LOCK, {"moderation_id": moderation_id})).one_or_none()
    return _moderation(row) if row else None


async def find_moderations(
    connection: AsyncConnection,
    *,
    state: ModerationState | None,
    case_id: UUID | None,
    teams: Collection[str] | None,
    after: tuple[Any, Any] | None,
    limit: int,
) -> Sequence[Moderation]:
    """Those of these teams' cases (None: all), the oldest first."""
    rows = await connection.execute(
        _FIND,
        {
            "state": state.value if state else None,
            "case_id": case_id,
            "teams": None if teams is None else sorted(teams),
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [_moderation(row) for row in rows]


async def decide(
    connection: AsyncConnection,
    moderation_id: UUID,
    *,
    state: ModerationState,
    decision: str,
    by: Person,
) -> None:
    """Approved or rejected; refused by the database for whoever proposed it."""
    await connection.execute(
        _DECIDE,
        {
            "moderation_id": moderation_id,
            "state": state.value,
            "decision": decision,
            "by_id": by.id,
            "by_name": by.name,
        },
    )


async def finish(
    connection: AsyncConnection, moderation_id: UUID, *, state: ModerationState, error: str | None
) -> None:
    """Done, or left to be done by hand and why."""
    await connection.execute(
        _FINISH, {"moderation_id": moderation_id, "state": state.value, "error": error}
    )


async def approved_to_do(connection: AsyncConnection, *, limit: int) -> Sequence[UUID]:
    """Approved and not yet carried out, the longest waiting first."""
    return [row.moderation_id for row in await connection.execute(_TO_DO, {"limit": limit})]


def _moderation(row: Row[Any]) -> Moderation:
    return Moderation(
        moderation_id=row.moderation_id,
        case_id=row.case_id,
        conversation_id=row.conversation_id,
        network=row.network,
        account=row.account,
        target=row.target,
        action=ModerationAction(row.action),
        reason=row.reason,
        proposed_by=Person(row.proposed_by_id, row.proposed_by_name),
        state=ModerationState(row.state),
        version=row.version,
        decision=row.decision,
        decided_by=Person(row.decided_by_id, row.decided_by_name) if row.decided_by_id else None,
        proposed_at=row.proposed_at,
        decided_at=row.decided_at,
        done_at=row.done_at,
        last_error=row.last_error,
    )
