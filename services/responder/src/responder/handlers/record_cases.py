"""Keep what replies need to know of each case, from the router's events. Hot path: set-based."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event
from common.events.router import CaseClosed, CaseContinued, CaseOpened
from common.events.vocabulary import Visibility
from responder.domain.dispatches import Answered
from responder.domain.words import Audience
from responder.storage import cases
from responder.storage.answered_posts import record_answered
from responder.storage.cases import CaseContext


async def record_opened(uow: UnitOfWork, events: Sequence[Event[CaseOpened]]) -> None:
    """One row per opened case."""
    facts = [event.data for event in events]
    await cases.record_mentions(uow.connection, _latest(facts))
    await record_answered(uow.connection, _answered(facts))


async def record_continued(uow: UnitOfWork, events: Sequence[Event[CaseContinued]]) -> None:
    """The customer's latest post becomes the one that a reply answers."""
    facts = [event.data for event in events]
    await cases.record_mentions(uow.connection, _latest(facts))
    await record_answered(uow.connection, _answered(facts))


async def record_closed(uow: UnitOfWork, events: Sequence[Event[CaseClosed]]) -> None:
    """No new drafts for these cases."""
    await cases.close_cases(uow.connection, [event.data.case_id for event in events])


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
    )
