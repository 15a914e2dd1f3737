"""Write a draft, or a new wording of one; whoever writes becomes an author (S58)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, InvalidInputError, NotFoundError
from common.events import responder as facts
from common.events.envelope import new_event
from common.events.vocabulary import ReplyKind, Visibility
from common.ids import IdFactory
from common.observability import metrics
from responder.domain import drafts as rules
from responder.domain.content import Content
from responder.domain.drafts import Draft, Step
from responder.domain.persons import Person
from responder.domain.reviews import OfferState
from responder.domain.signature import Signing, signed
from responder.domain.words import Audience, DraftState, Kind
from responder.gateways.channel import Channels
from responder.handlers.actors import actor_of
from responder.handlers.offer_review import end_review
from responder.storage import cases, drafts, pairs
from responder.storage.cases import CaseContext


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraft:
    """What a person wants to say; without `account` the one that the customer wrote to."""

    case_id: UUID
    kind: Kind
    visibility: Audience
    text: str
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWording:
    """Another wording; what is None stays as it was. `version` is the one the person read.

    `in_reply_to` may only be the post answered so far or the customer's latest.
    """

    draft_id: UUID
    version: int
    text: str
    kind: Kind | None = None
    visibility: Audience | None = None
    account: str | None = None
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """A first wording; `lead_in_draft_id` where it is the private half of a pair (S61)."""

    case: CaseContext
    content: Content
    author: Person
    lead_in_draft_id: UUID | None = None


async def write_draft(
    uow: UnitOfWork,
    order: NewDraft,
    *,
    author: Person,
    channels: Channels,
    ids: IdFactory,
    signing: Signing = Signing.NONE,
) -> Draft:
    """Begin a draft with revision 1.

    Raises NotFoundError, ConflictError `case_closed`, InvalidInputError `visibility_fixed`.
    """
    rules.require_human(author)
    if order.kind is Kind.LEAD_IN and order.visibility is not Audience.PUBLIC:
        raise InvalidInputError("a lead-in is public", code="visibility_fixed")
    case = await case_to_answer(uow, order.case_id)
    content = content_for(
        case,
        channels,
        kind=order.kind,
        visibility=order.visibility,
        text=signed(order.text, author, signing),
        account=order.account,
    )
    return await begin_draft(uow, Beginning(case, content, author), ids=ids)


async def case_to_answer(uow: UnitOfWork, case_id: UUID) -> CaseContext:
    """The case. Raises NotFoundError, ConflictError `case_closed` or `case_merged`.

    A merged case is answered where its other half is, which `surviving_case_id` names, until its
    customer writes in this conversation again: what is sent here counts for the other one then.
    """
    case = await cases.get_case(uow.connection, case_id)
    if case is None:
        raise NotFoundError("no such case")
    if case.state == "closed" and case.merged_into is not None:
        raise ConflictError(
            "another case goes on with this matter",
            code="case_merged",
            details={"surviving_case_id": str(case.merged_into)},
        )
    if case.state == "closed":
        raise ConflictError("the case is closed", code="case_closed")
    return case


def content_for(
    case: CaseContext,
    channels: Channels,
    *,
    kind: Kind,
    visibility: Audience,
    text: str,
    account: str | None = None,
    details: str = "",
) -> Content:
    """Words that answer the customer's latest post, from `account` or the one they wrote to."""
    ours = channels.require(case.network).capabilities.accounts
    return Content(
        network=case.network,
        account=account or (case.account if case.account in ours else ours[0]),
        in_reply_to=case.in_reply_to,
        visibility=visibility,
        kind=kind,
        text=text,
        details=details,
    )


async def begin_draft(uow: UnitOfWork, first: Beginning, *, ids: IdFactory) -> Draft:
    """A new draft with this wording as its revision 1."""
    draft_id = ids()
    await drafts.insert_draft(
        uow.connection,
        draft_id,
        case_id=first.case.case_id,
        conversation_id=first.case.conversation_id,
        lead_in_draft_id=first.lead_in_draft_id,
    )
    return await _add_revision(
        uow, draft_id, number=1, content=first.content, author=first.author, ids=ids
    )


async def revise_draft(
    uow: UnitOfWork,
    wording: NewWording,
    *,
    author: Person,
    ids: IdFactory,
    signing: Signing = Signing.NONE,
) -> Draft:
    """Add a revision: the approval so far is void, and the editor joins the authors (S58).

    Raises NotFoundError, PreconditionFailedError for a version that was not the current one,
    ConflictError once the reply may be on its way or the no-reply is decided, InvalidInputError
    `kind_fixed` or `visibility_fixed`.
    """
    rules.require_human(author)
    draft = await drafts.lock_draft(uow.connection, wording.draft_id)
    if draft is None:
        raise NotFoundError("no such draft")
    rules.require_version(draft, wording.version)
    rules.after(draft, Step.REVISE)
    before = draft.latest.content
    _require_same_sort(draft, wording)
    await _require_leads_in_public(uow, draft, wording)
    content = replace(
        before,
        text=_words(before, wording, author, signing),
        kind=wording.kind or before.kind,
        visibility=wording.visibility or before.visibility,
        account=wording.account or before.account,
        in_reply_to=await _target(uow, draft, wording.in_reply_to),
    )
    number = draft.latest.number + 1
    return await _add_revision(
        uow, draft.draft_id, number=number, content=content, author=author, ids=ids, before=draft
    )


def _require_same_sort(draft: Draft, wording: NewWording) -> None:
    """A no-reply stays one, and the halves of a pair keep their sides."""
    before = draft.latest.content
    kind, visibility = wording.kind or before.kind, wording.visibility or before.visibility
    if (kind is Kind.NO_REPLY) is not (before.kind is Kind.NO_REPLY):
        raise InvalidInputError("a no-reply is a draft of its own", code="kind_fixed")
    if Kind.LEAD_IN in (kind, before.kind) and visibility is not Audience.PUBLIC:
        raise InvalidInputError("a lead-in is public", code="visibility_fixed")
    if draft.lead_in_draft_id is not None and visibility is not Audience.PRIVATE:
        raise InvalidInputError("this half of the pair is private", code="visibility_fixed")
    if before.kind is Kind.NO_REPLY and visibility is not Audience.PUBLIC:
        raise InvalidInputError("a no-reply is about the public post", code="visibility_fixed")


async def _require_leads_in_public(uow: UnitOfWork, draft: Draft, wording: NewWording) -> None:
    """The first half of a pair stays public, whatever its kind: the other half waits for it."""
    if wording.visibility is not Audience.PRIVATE or draft.lead_in_draft_id is not None:
        return
    if len(await pairs.halves_of(uow.connection, draft.draft_id)) > 1:
        raise InvalidInputError("this half of the pair is public", code="visibility_fixed")


def _words(before: Content, wording: NewWording, author: Person, signing: Signing) -> str:
    # The reason for a no-reply is for colleagues; nobody signs it for the customer.
    if before.kind is Kind.NO_REPLY:
        return wording.text
    return signed(wording.text, author, signing)


async def _target(uow: UnitOfWork, draft: Draft, wanted: str | None) -> str:
    current = draft.latest.content.in_reply_to
    if wanted in (None, current):
        return current
    case = await cases.get_case(uow.connection, draft.case_id)
    if case is None or wanted != case.in_reply_to:
        raise InvalidInputError("that post is not the customer's latest", code="unknown_target")
    return case.in_reply_to


async def _add_revision(
    uow: UnitOfWork,
    draft_id: UUID,
    *,
    number: int,
    content: Content,
    author: Person,
    ids: IdFactory,
    before: Draft | None = None,
) -> Draft:
    # First: whoever was asked to read may be the one who writes now, and is no reader any more. In
    # whatever state: an approval written past the use cases leaves the offer of its review alive.
    if before is not None:
        await end_review(uow, draft_id, state=OfferState.VOID)
    await drafts.insert_revision(
        uow.connection, draft_id, number=number, content=content, author=author
    )
    draft = await drafts.get_draft(uow.connection, draft_id)
    assert draft is not None, "inserted above"
    voided = before is not None and before.state is DraftState.APPROVED
    fact = facts.DraftRevised(
        draft_id=draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        revision=number,
        kind=ReplyKind(content.kind.value),
        visibility=Visibility(content.visibility.value),
        account=content.account,
        in_reply_to=content.in_reply_to,
        text=content.text,
        content_hash=content.hash.hex(),
        actor=actor_of(author),
        voided_approval=voided,
    )
    uow.publish(new_event(fact, id=ids(), subject=draft_id, time=uow.now))
    metrics.RESPONDER_DRAFTS_TOTAL.labels("revised").inc()
    return draft
