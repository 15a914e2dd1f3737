"""One case as its page shows it: the row, its clocks, its latest mentions, of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import NotFoundError
from router.storage import case_page, duty_offers, issues, presence, queue
from router.storage.case_page import ClockRow
from router.storage.duty_offers import OfferRow
from router.storage.issues import IssueRow
from router.storage.mentions import MentionRow
from router.storage.presence import PresenceRow
from router.storage.queue import CaseRow, Teams

MOST_MENTIONS = 200


@dataclass(frozen=True, slots=True)
class CaseView:
    """`mentions` are the latest 200, the oldest first; `case.mentions` counts all its own.

    `merged` are the cases that this one goes on for; their mentions and issues are shown here.
    """

    case: CaseRow
    clocks: list[ClockRow]
    mentions: list[MentionRow]
    issues: list[IssueRow]
    presence: list[PresenceRow]
    merged: list[UUID]
    offer: OfferRow | None


async def case_view(connection: AsyncConnection, case_id: UUID, teams: Teams) -> CaseView:
    """The case; NotFoundError where there is none, or none that these teams may see."""
    case = await queue.one(connection, case_id, teams)
    if case is None:
        raise NotFoundError("no such case")
    clocks = await case_page.clocks_of(connection, case_id)
    mentions = await case_page.mentions_of(connection, case_id, limit=MOST_MENTIONS)
    return CaseView(
        case,
        clocks,
        mentions,
        issues=await issues.of_case(connection, case_id),
        presence=await presence.of_case(connection, case_id),
        merged=await case_page.merged_into(connection, case_id),
        offer=await duty_offers.standing(connection, case_id),
    )
