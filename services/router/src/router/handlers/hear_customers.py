"""What a customer's post does to the clocks of its case (S13, S48, S70).

Their word resumes an answer clock that waited for it; where nothing is owed any more and they
raise a matter again, a new answer clock starts. The nth time without an answer goes to the lead.
Where nothing speaks of the case any more, policy looks at it again (S7). Posts by bystanders do
none of this: whoever places mentions does not pass them on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from router.domain.clock_ledger import EntryKind
from router.domain.clocks import ANSWER, FIRST_REACTION, ClockState
from router.domain.configuration import Configuration
from router.handlers.clock_events import clock_id_of
from router.handlers.clock_steps import new_clock, start_clocks, step, take_steps
from router.handlers.escalate_case import Contact, escalate_unanswered
from router.handlers.watch_cases import LOOK_AGAIN, watch_cases
from router.storage import clocks

WROTE_AGAIN = "The customer wrote again."


@dataclass(slots=True, kw_only=True)
class Spoken:
    """A customer's post that is in a case now. `repeated`: their earlier contacts elsewhere."""

    case_id: UUID
    conversation_id: UUID
    team: str
    mention_id: UUID
    author_id: str
    decision: str
    posted_at: datetime
    detected_at: datetime
    repeated: int
    opens_case: bool


async def hear_customers(
    configuration: Configuration, uow: UnitOfWork, spoken: Sequence[Spoken]
) -> None:
    """Let clocks follow what was said; the cases are locked, the mentions recorded."""
    if not spoken:
        return
    last = {each.case_id: each for each in spoken}
    again = {each.case_id: each for each in spoken if not each.opens_case}
    await _go_on(configuration, uow, again)
    await watch_cases(
        configuration,
        uow,
        _starting_nothing(configuration, spoken),
        terms=configuration.clocks.look_again,
        reason=LOOK_AGAIN,
    )
    contacts = {
        each.case_id: Contact(
            case_id=each.case_id, author_id=each.author_id, repeated=each.repeated
        )
        for each in last.values()
        if _is_owed_a_word(configuration, each) and (each.case_id in again or each.repeated)
    }
    await escalate_unanswered(configuration, uow, contacts)


async def _go_on(
    configuration: Configuration, uow: UnitOfWork, again: Mapping[UUID, Spoken]
) -> None:
    pending = await clocks.lock_open(uow.connection, list(again), [FIRST_REACTION, ANSWER])
    paused = [each for each in pending if each.clock.state is ClockState.PAUSED]
    await take_steps(
        uow,
        [
            step(each, EntryKind.RESUME, at=again[each.case_id].detected_at, reason=WROTE_AGAIN)
            for each in paused
        ],
    )
    has_clock = {each.case_id for each in pending}
    asked = [
        each
        for each in again.values()
        if each.case_id not in has_clock and _is_owed_a_word(configuration, each)
    ]
    await start_clocks(
        uow,
        [
            new_clock(
                clock_id=clock_id_of(each.case_id, ANSWER, each.mention_id),
                case=(each.case_id, each.conversation_id),
                kind=ANSWER,
                terms=configuration.clocks.answer,
                version=configuration.version,
                started_at=each.detected_at,
                posted_at=each.posted_at,
                reason=WROTE_AGAIN,
            )
            for each in asked
        ],
        teams={each.case_id: each.team for each in asked},
    )


def _starting_nothing(configuration: Configuration, spoken: Sequence[Spoken]) -> set[UUID]:
    """Known cases that perhaps nothing speaks of any more; what opens one saw to it itself."""
    return {
        each.case_id
        for each in spoken
        if not each.opens_case and not _is_owed_a_word(configuration, each)
    }


def _is_owed_a_word(configuration: Configuration, said: Spoken) -> bool:
    return said.decision in configuration.first_reaction.decisions
