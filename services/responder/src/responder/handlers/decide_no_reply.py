"""Propose not to answer; a second person decides it, as with every public word (S94 to S97)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.ids import IdFactory
from responder.domain import drafts as rules
from responder.domain import no_reply
from responder.domain.drafts import Draft
from responder.domain.no_reply import Decision
from responder.domain.persons import Person
from responder.domain.words import Audience, Kind
from responder.gateways.channel import Channels
from responder.handlers.write_draft import Beginning, begin_draft, case_to_answer, content_for
from responder.storage import history


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReply:
    """The decision and its reason."""

    case_id: UUID
    decision: Decision
    reason: str


async def propose_no_reply(
    uow: UnitOfWork, order: NoReply, *, author: Person, channels: Channels, ids: IdFactory
) -> Draft:
    """A draft of kind `no_reply`, to be submitted and approved like any other.

    Raises NotFoundError, ConflictError `case_closed`, `answer_needed`, `nothing_said_yet` or
    `too_few_offers`.
    """
    rules.require_human(author)
    case = await case_to_answer(uow, order.case_id)
    counts = await history.counts_of(uow.connection, order.case_id)
    no_reply.require_allowed(order.decision, offers=counts.offers, replies=counts.replies)
    content = content_for(
        case,
        channels,
        kind=Kind.NO_REPLY,
        visibility=Audience.PUBLIC,
        text=order.reason,
        details=order.decision.details,
    )
    return await begin_draft(uow, Beginning(case, content, author), ids=ids)
