"""Hand a draft in: to a reader, or, where no reader is needed, straight to sending."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, NotFoundError
from common.events.envelope import new_event
from common.events.responder import DraftSubmitted
from common.ids import IdFactory
from common.observability import metrics
from responder.domain import channels as limits
from responder.domain import drafts as rules
from responder.domain.drafts import Draft, Refusal, Review, Standing, Step
from responder.domain.persons import Person
from responder.domain.reviews import DEFAULT_BUDGET
from responder.domain.words import Audience, DraftState, Kind
from responder.gateways.channel import Channels
from responder.handlers.actors import actor_of
from responder.handlers.gate_drafts import GateDrafts
from responder.handlers.let_go import let_go
from responder.handlers.offer_review import offer_review
from responder.storage import drafts, holds, pairs


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
        gates: GateDrafts | None = None,
    ) -> None:
        self._channels = channels
        self._policy_for_private = policy_for_private
        self._ids = ids
        self._budget = budget
        self._gates = gates

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
        The halves of a pair are handed in together (S61).
        Raises NotFoundError, ConflictError (`lead_in_required`, `on_hold`, `illegal_step`),
        PreconditionFailedError, InvalidInputError.
        """
        rules.require_human(actor)
        halves = {}
        for half in await pairs.halves_of(uow.connection, draft_id):
            locked = await drafts.lock_draft(uow.connection, half)
            if locked is not None:
                halves[half] = locked
        draft = halves.pop(draft_id, None)
        if draft is None:
            raise NotFoundError("no such draft")
        if version is not None:
            rules.require_version(draft, version)
        submitted = await self._submit(uow, draft, actor=actor, asked=asked)
        for other in halves.values():
            if other.state is DraftState.WRITING:
                await self._submit(uow, other, actor=actor, asked=asked)
        return submitted

    async def _submit(
        self, uow: UnitOfWork, draft: Draft, *, actor: Person, asked: Review
    ) -> Draft:
        content = draft.latest.content
        review = rules.review_of(content, policy_for_private=self._policy_for_private, asked=asked)
        rules.after(draft, Step.SUBMIT if review is Review.REQUIRED else Step.CLEAR)
        await self._require_free(uow, draft)
        if content.kind is not Kind.NO_REPLY:
            limits.require_fit(content, self._channels.require(content.network).capabilities)
        if self._gates is not None:
            await self._gates.require_own_words(uow, draft)
            if review is not Review.REQUIRED:
                await self._gates.require_sendable(uow, draft)
        await drafts.insert_submission(uow.connection, draft, actor=actor, review=review)
        fact = DraftSubmitted(
            draft_id=draft.draft_id,
            case_id=draft.case_id,
            conversation_id=draft.conversation_id,
            revision=draft.latest.number,
            content_hash=draft.latest.content_hash.hex(),
            actor=actor_of(actor),
        )
        uow.publish(new_event(fact, id=self._ids(), subject=draft.draft_id, time=uow.now))
        metrics.RESPONDER_DRAFTS_TOTAL.labels("submitted").inc()
        if review is Review.REQUIRED:
            await offer_review(uow, draft, ids=self._ids, budget=self._budget)
        else:
            await let_go(uow, draft, approver=None, ids=self._ids)
        after = await drafts.get_draft(uow.connection, draft.draft_id)
        assert after is not None, "locked above"
        return after

    async def _require_free(self, uow: UnitOfWork, draft: Draft) -> None:
        """Neither cooling off (S60) nor a private word that nothing leads to (S64)."""
        hold = await holds.alive_hold(uow.connection, draft.draft_id)
        if hold is not None:
            raise rules.refusal_error(Refusal.ON_HOLD, draft, Standing(held_until=hold.held_until))
        is_private = draft.latest.content.visibility is Audience.PRIVATE
        if not is_private or draft.lead_in_draft_id is not None:
            return
        if not await pairs.is_led_in(uow.connection, draft.draft_id):
            raise ConflictError(
                "moving to private needs a public lead-in in the thread: write a pair",
                code="lead_in_required",
            )
