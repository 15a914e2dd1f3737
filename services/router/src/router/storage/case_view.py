"""One case as its page shows it: the row, its clocks, its latest mentions, of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import NotFoundError
from router.storage import queue
from router.storage.mentions import MentionRow
from router.storage.queue import CaseRow, ClockRow, Teams

MOST_MENTIONS = 200


@dataclass(frozen=True, slots=True)
class CaseView:
    """`mentions` are the latest 200, the oldest first; `case.mentions` counts all."""

    case: CaseRow
    clocks: list[ClockRow]
    mentions: list[MentionRow]


async def case_view(connection: AsyncConnection, case_id: UUID, teams: Teams) -> CaseView:
    """The case; NotFoundError where there is none, or none that these teams may see."""
    case = await queue.one(connection, case_id, teams)
    if case is None:
        raise NotFoundError("no such case")
    clocks = await queue.clocks_of(connection, case_id)
    mentions = await queue.mentions_of(connection, case_id, limit=MOST_MENTIONS)
    return CaseView(case, clocks, mentions)
