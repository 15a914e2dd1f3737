"""A public lead-in and the private answer it announces, written as one unit (S61, S64)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.ids import IdFactory
from responder.domain import drafts as rules
from responder.domain.drafts import Draft
from responder.domain.persons import Person
from responder.domain.signature import Signing, signed
from responder.domain.words import Audience, Kind
from responder.gateways.channel import Channels
from responder.handlers.write_draft import Beginning, begin_draft, case_to_answer, content_for


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPair:
    """What everybody may read, and what only the customer does. Both from the same account."""

    case_id: UUID
    lead_in: str
    private: str
    kind: Kind = Kind.ANSWER
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The two drafts; the private one knows the other."""

    lead_in: Draft
    private: Draft


async def write_pair(
    uow: UnitOfWork,
    order: NewPair,
    *,
    author: Person,
    channels: Channels,
    ids: IdFactory,
    signing: Signing = Signing.NONE,
) -> Pair:
    """Both halves with revision 1. Raises NotFoundError, ConflictError `case_closed`."""
    rules.require_human(author)
    case = await case_to_answer(uow, order.case_id)
    lead_in = content_for(
        case,
        channels,
        kind=Kind.LEAD_IN,
        visibility=Audience.PUBLIC,
        text=signed(order.lead_in, author, signing),
        account=order.account,
    )
    private = content_for(
        case,
        channels,
        kind=order.kind,
        visibility=Audience.PRIVATE,
        text=signed(order.private, author, signing),
        account=order.account,
    )
    first = await begin_draft(uow, Beginning(case, lead_in, author), ids=ids)
    second = await begin_draft(uow, Beginning(case, private, author, first.draft_id), ids=ids)
    return Pair(first, second)
