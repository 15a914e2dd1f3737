"""What stands beside a draft: thread, audience, actions, hints (S69, S85, S98, S100, S101)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from responder.domain.drafts import Draft
from responder.domain.hints import Situation, hints_for
from responder.domain.words import Audience, Kind
from responder.storage.cases import CaseContext
from responder.storage.draft_surroundings import Surroundings
from responder.storage.history import ActionTaken, Counts, SentReply


class SentReplyView(BaseModel):
    """A word of ours in the thread."""

    kind: Kind
    visibility: Audience
    text: str
    sent_at: datetime


class ActionView(BaseModel):
    """Something that was done in the case; `what` is a code."""

    what: str
    detail: str
    done_at: datetime


class HintView(BaseModel):
    """Advice; decide by `code`."""

    code: str
    message: str


class ContextView(BaseModel):
    """The case around a draft.

    `surviving_case_id` is the case that the reply counts for, where this one was merged into it.
    `audience` is the most followers a customer in it has, null where the network does not tell;
    `customer_texts` are public words; `public_turns` are our public replies since the last sign of
    progress; `offers` those nobody took up.
    """

    team: str
    surviving_case_id: UUID | None
    customer_handle: str
    audience: int | None
    customer_texts: list[str]
    our_replies: list[SentReplyView]
    public_turns: int
    offers: int
    actions_taken: list[ActionView]
    is_waiting_for_lead_in: bool
    hints: list[HintView]


def context_of(around: Surroundings, draft: Draft) -> ContextView:
    """What the writer and the reader of this draft should see."""
    return ContextView(
        team=around.case.team,
        surviving_case_id=around.case.merged_into,
        customer_handle=around.case.customer_handle,
        audience=around.case.audience,
        customer_texts=list(around.case.mention_texts),
        our_replies=[_show_reply(reply) for reply in around.replies],
        public_turns=around.counts.turns,
        offers=around.counts.offers,
        actions_taken=[_show_action(action) for action in around.actions],
        is_waiting_for_lead_in=around.is_waiting_for_lead_in,
        hints=_hints(draft, around.case, around.counts, around.actions),
    )


def _hints(
    draft: Draft, case: CaseContext, counts: Counts, actions: Sequence[ActionTaken]
) -> list[HintView]:
    content = draft.latest.content
    situation = Situation(
        customer_texts=case.mention_texts,
        label=case.label,
        mention_kind=case.kind,
        is_abusive=case.is_abusive,
        audience=case.audience,
        turns=counts.turns,
        offers=counts.offers,
        actions=len(actions),
    )
    found = hints_for(content.text, content.kind, content.visibility, situation)
    return [HintView(code=hint.code, message=hint.message) for hint in found]


def _show_reply(reply: SentReply) -> SentReplyView:
    return SentReplyView(
        kind=reply.kind, visibility=reply.visibility, text=reply.text, sent_at=reply.sent_at
    )


def _show_action(action: ActionTaken) -> ActionView:
    return ActionView(what=action.what, detail=action.detail, done_at=action.done_at)
