"""Tell the others what became of a dispatch; the event leaves with the ledger's own commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import new_event
from common.events.parts import Part, Promise
from common.events.responder import ReplyFailed, ReplyOutcomeUnknown, ReplySent
from common.events.vocabulary import ReplyKind, Visibility
from common.ids import IdFactory
from common.observability import metrics
from responder.domain.dispatches import Dispatch
from responder.domain.gates.judging import Verdict
from responder.domain.gates.promise import HOUSE_ZONE, promises
from responder.domain.words import DispatchState
from responder.gateways.judgement.judge import judge
from responder.handlers.actors import actor_of


async def announce(uow: UnitOfWork, dispatch: Dispatch, *, ids: IdFactory) -> None:
    """Publish the fact that belongs to the dispatch's state; pending and sending are none."""
    fact = await _fact(uow, dispatch)
    if fact is None:
        return
    uow.publish(new_event(fact, id=ids(), subject=dispatch.dispatch_id, time=uow.now))
    metrics.RESPONDER_DISPATCHES_TOTAL.labels(dispatch.content.network, dispatch.state.value).inc()


async def _fact(uow: UnitOfWork, dispatch: Dispatch) -> Part | None:
    match dispatch.state:
        case DispatchState.SENT:
            verdicts = await asyncio.to_thread(judge, dispatch.content.text)
            return _sent(uow, dispatch, verdicts)
        case DispatchState.FAILED:
            return ReplyFailed(
                dispatch_id=dispatch.dispatch_id,
                draft_id=dispatch.draft_id,
                case_id=dispatch.case_id,
                conversation_id=dispatch.conversation_id,
                error=dispatch.last_error or "unnamed",
                failed_at=uow.now,
            )
        case DispatchState.UNKNOWN:
            return ReplyOutcomeUnknown(
                dispatch_id=dispatch.dispatch_id,
                draft_id=dispatch.draft_id,
                case_id=dispatch.case_id,
                conversation_id=dispatch.conversation_id,
                error=dispatch.last_error or "unnamed",
                unknown_at=uow.now,
            )
        case _:
            return None


def _sent(uow: UnitOfWork, dispatch: Dispatch, verdicts: Sequence[Verdict]) -> ReplySent:
    content = dispatch.content
    return ReplySent(
        dispatch_id=dispatch.dispatch_id,
        draft_id=dispatch.draft_id,
        case_id=dispatch.case_id,
        conversation_id=dispatch.conversation_id,
        kind=ReplyKind(content.kind.value),
        visibility=Visibility(content.visibility.value),
        network=content.network,
        account=content.account,
        in_reply_to=content.in_reply_to,
        text=content.text,
        content_hash=dispatch.content_hash.hex(),
        authors=tuple(actor_of(author) for author in dispatch.authors),
        approver=actor_of(dispatch.approver) if dispatch.approver else None,
        platform_id=dispatch.platform_id or "",
        sent_at=uow.now,
        promises=tuple(
            Promise(text=said, due_at=due_at)
            for said, due_at in promises(content.text, verdicts, now=uow.now, zone=HOUSE_ZONE)
        ),
        actual_visibility=(
            Visibility(dispatch.actual_visibility.value) if dispatch.actual_visibility else None
        ),
    )
