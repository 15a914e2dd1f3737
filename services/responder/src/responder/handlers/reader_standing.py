"""What speaks for or against a reader here and now: certificate, crisis, claim (S26, S41, S57)."""

from __future__ import annotations

from common.db.unit_of_work import UnitOfWork
from responder.domain.crises import approvers_in
from responder.domain.drafts import Draft, Standing
from responder.domain.no_reply import OFFERS_BEFORE_OBSERVING
from responder.domain.persons import Person
from responder.domain.words import OFFERS, Audience
from responder.storage import cases, history, holds, people, reviews


async def standing_of(
    uow: UnitOfWork, draft: Draft, reader: Person, *, roles: frozenset[str] = frozenset()
) -> Standing:
    """The reader's standing towards a draft whose row the caller has locked."""
    connection = uow.connection
    case = await cases.get_case(connection, draft.case_id)
    approvers = approvers_in(await people.crises_on(connection), case.topics if case else ())
    is_public = draft.latest.content.visibility is Audience.PUBLIC
    offer = await reviews.alive_offer(connection, draft.draft_id)
    hold = await holds.alive_hold(connection, draft.draft_id)
    return Standing(
        is_certified=not is_public or await people.may_read_public(connection, reader.id),
        is_named=approvers is None or reader.id in approvers,
        holder=offer.holder(uow.now) if offer else None,
        held_until=hold.held_until if hold else None,
        needs_lead="lead" not in roles and await _is_third_offer(uow, draft),
    )


async def _is_third_offer(uow: UnitOfWork, draft: Draft) -> bool:
    """Two offers were not taken up, this is another, and no lead wrote in it (S96)."""
    if draft.latest.content.kind not in OFFERS:
        return False
    counts = await history.counts_of(uow.connection, draft.case_id)
    if counts.offers < OFFERS_BEFORE_OBSERVING:
        return False
    leads = {
        each.person.id for each in await people.all_people(uow.connection) if "lead" in each.roles
    }
    return not any(author.id in leads for author in draft.authors)
