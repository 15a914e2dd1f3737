"""Keep what replies need to know of each case, from the router's events. Hot path: set-based."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event
from common.events.router import (
    CaseClosed,
    CaseContinued,
    CaseMerged,
    CaseOpened,
    CaseStateChanged,
    CaseUnmerged,
)
from common.events.vocabulary import Visibility
from common.ids import IdFactory
from responder.domain.dispatches import Answered
from responder.domain.private_words import MESSAGE, PrivateValue
from responder.domain.words import Audience
from responder.handlers.private_words import keep
from responder.handlers.use_knowledge import learn_from_closed
from responder.storage import cases
from responder.storage.answered_posts import record_answered
from responder.storage.cases import CaseContext
from responder.storage.private_store import PrivateStore

_CLOSED = "closed"


class RecordMentions:
    """Notes the customer's latest post as the one to answer; private words go to the store."""

    def __init__(self, store: PrivateStore, *, ids: IdFactory) -> None:
        self._store = store
        self._ids = ids

    async def __call__(
        self, uow: UnitOfWork, events: Sequence[Event[CaseOpened] | Event[CaseContinued]]
    ) -> None:
        """One row per case, whether it is opened or goes on."""
        told = [event.data for event in events]
        await cases.record_mentions(uow.connection, _latest(told))
        await record_answered(uow.connection, _answered(told))
        private = [
            PrivateValue(
                value_id=fact.mention.mention_id,
                case_id=fact.case_id,
                conversation_id=fact.conversation_id,
                name=MESSAGE,
                value=fact.mention.text,
                recorded_at=fact.mention.detected_at,
                delete_after=uow.now + self._store.retention,
            )
            for fact in told
            if fact.mention.visibility is Visibility.PRIVATE
        ]
        if private:
            await keep(uow, private, store=self._store, ids=self._ids)


async def record_closed(uow: UnitOfWork, events: Sequence[Event[CaseClosed]]) -> None:
    """No new drafts for these cases; what ended well is learned from (S113)."""
    await cases.close_cases(uow.connection, [event.data.case_id for event in events])
    await learn_from_closed(uow, events)


async def record_states(uow: UnitOfWork, events: Sequence[Event[CaseStateChanged]]) -> None:
    """A case that was taken up again may be answered again, whoever took it up."""
    states = {
        event.data.case_id: _CLOSED if event.data.to_state == _CLOSED else "open"
        for event in events
    }
    await cases.set_states(uow.connection, states)


async def record_merges(
    uow: UnitOfWork, events: Sequence[Event[CaseMerged] | Event[CaseUnmerged]]
) -> None:
    """Which case goes on with the matter of another one; the last word about a case counts."""
    targets = {
        event.data.case_id: (
            event.data.target_case_id if isinstance(event.data, CaseMerged) else None
        )
        for event in events
    }
    await cases.set_merged(uow.connection, targets)


def _latest(facts: Sequence[CaseOpened | CaseContinued]) -> Sequence[CaseContext]:
    # One statement must not touch a row twice, so a case's mentions are folded first, in order.
    folded: dict[object, CaseContext] = {}
    for fact in facts:
        case = _context(fact)
        before = folded.get(fact.case_id)
        if before is not None:
            case = replace(
                case,
                account=case.account or before.account,
                mention_texts=before.mention_texts + case.mention_texts,
                topics=tuple(dict.fromkeys(before.topics + case.topics)),
                already_tried=tuple(dict.fromkeys(before.already_tried + case.already_tried)),
                label=before.label if before.label == "service" else case.label,
                audience=max(
                    (size for size in (before.audience, case.audience) if size is not None),
                    default=None,
                ),
                opened_at=before.opened_at or case.opened_at,
            )
        folded[fact.case_id] = case
    return list(folded.values())


def _answered(facts: Sequence[CaseOpened | CaseContinued]) -> Sequence[tuple[str, Answered]]:
    posts = {
        (fact.mention.network, fact.mention.native_id): Answered(
            native_id=fact.mention.native_id,
            author_id=fact.mention.author.id,
            title=fact.mention.title,
            thread=fact.mention.thread,
        )
        for fact in facts
    }
    return [(network, post) for (network, _), post in posts.items()]


def _context(fact: CaseOpened | CaseContinued) -> CaseContext:
    mention, said = fact.mention, fact.classification
    is_public = mention.visibility is Visibility.PUBLIC
    return CaseContext(
        case_id=fact.case_id,
        conversation_id=fact.conversation_id,
        network=mention.network,
        account=mention.account,
        in_reply_to=mention.native_id,
        visibility=Audience(mention.visibility.value),
        customer_id=mention.author.id,
        customer_handle=mention.author.handle,
        mention_texts=(mention.text,) if is_public else (),
        team=fact.team,
        state="open",
        topics=tuple(dict.fromkeys(concern.topic for concern in said.concerns)),
        kind=said.kind.value,
        label=said.label.value,
        language=said.language,
        is_abusive=said.abusive,
        already_tried=said.already_tried,
        audience=mention.author.followers,
        opened_at=mention.detected_at,
        merged_into=fact.surviving_case_id if isinstance(fact, CaseContinued) else None,
    )
