"""Everything that stands around a draft, read in one moment: case, replies, actions, its pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import NotFoundError
from responder.storage import cases, history, pairs
from responder.storage.cases import CaseContext
from responder.storage.history import ActionTaken, Counts, SentReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The case of a draft, what was sent and done in it, and whether a lead-in is awaited."""

    case: CaseContext
    counts: Counts
    replies: Sequence[SentReply]
    actions: Sequence[ActionTaken]
    is_waiting_for_lead_in: bool


async def surroundings_of(
    connection: AsyncConnection, draft_id: UUID, case_id: UUID
) -> Surroundings:
    """The surroundings; NotFoundError for a case that nobody told us of."""
    case = await cases.get_case(connection, case_id)
    if case is None:
        raise NotFoundError("no such case")
    return Surroundings(
        case=case,
        counts=await history.counts_of(connection, case_id),
        replies=await history.sent_replies(connection, case_id),
        actions=await history.actions_taken(connection, case_id),
        is_waiting_for_lead_in=await pairs.is_waiting(connection, draft_id),
    )
