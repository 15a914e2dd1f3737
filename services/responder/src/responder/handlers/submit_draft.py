"""Hand a draft in: to a reader, or, where no reader is needed, straight to sending."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.events.envelope import new_event
from common.events.responder import DraftSubmitted
from common.ids import IdFactory
from common.observability import metrics
from responder.domain import channels as limits
from responder.domain import drafts as rules
from responder.domain.drafts import Draft, Review, Step
from responder.domain.persons import Person
from responder.domain.reviews import DEFAULT_BUDGET
from responder.gateways.channel import Channels
from responder.handlers.actors import actor_of
from responder.handlers.offer_review import offer_review
from responder.storage import dispatches, drafts


class SubmitDraft:
    """Submits drafts under this deployment's channels and policy for private replies (S59).

    `budget` is how long one person has for a review before it is offered to the next (S57).
    """

    def __init__(
        self,
        channels: Channels,
        *,
        policy_for_private: Review,
        ids: IdFactory,
        budget: timedelta = DEFAULT_BUDGET,
    ) -> None:
        self._channels = channels
        self._policy_for_private = policy_for_private
        self._ids = ids
        self._budget = budget

    async def __call__(
        self,
        uow: UnitOfWork,
        draft_id: UUID,
        *,
        actor: Person,
        asked: Review,
        version: int | None = None,
    ) -> Draft:
        """Submit the latest wording after checking that the channel can carry it (S14).

        A private reply for which nobody wants a reader is cleared and becomes a dispatch at once.
        Raises NotFoundError, ConflictError, PreconditionFailedError, InvalidInputError.
        """
        rules.require_human(actor)
        draft = await drafts.lock_draft(uow.connection, draft_id)
        if draft is None:
            raise NotFoundError("no such draft")
        if version is not None:
            rules.require_version(draft, version)
        content = draft.latest.content
        review = rules.review_of(content, policy_for_private=self._policy_for_private, asked=asked)
        rules.after(draft, Step.SUBMIT if review is Review.REQUIRED else Step.CLEAR)
        limits.require_fit(content, self._channels.require(content.network).capabilities)
        await drafts.insert_submission(uow.connection, draft, actor=actor, review=review)
        fact = DraftSubmitted(
            draft_id=draft.draft_id,
            case_id=draft.case_id,
            conversation_id=draft.conversation_id,
            revision=draft.latest.number,
            content_hash=draft.latest.content_hash.hex(),
            actor=actor_of(actor),
        )
        uow.publish(new_event(fact, id=self._ids(), subject=draft_id, time=uow.now))
        metrics.RESPONDER_DRAFTS_TOTAL.labels("submitted").inc()
        if review is Review.REQUIRED:
            await offer_review(uow, draft, ids=self._ids, budget=self._budget)
        else:
            await dispatches.insert_dispatch(uow.connection, self._ids(), draft)
        after = await drafts.get_draft(uow.connection, draft_id)
        assert after is not None, "locked above"
        return after
