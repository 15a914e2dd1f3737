"""Learn from closed cases, keep references, attach them, ask a model for words (S113)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import NotFoundError
from common.events import responder as facts
from common.events.envelope import Event, new_event
from common.events.router import CaseClosed
from common.ids import IdFactory
from responder.domain.gates.findings import Address
from responder.domain.persons import Person
from responder.gateways.suggestions import Question, SuggestionModel
from responder.handlers.actors import actor_of
from responder.handlers.gate_policies import policy_from
from responder.storage import cases, drafts, gates, knowledge
from responder.storage.knowledge import Closed, Reference, Suggestion

STREAM = uuid5(NAMESPACE_URL, "ombud:knowledge")
"""The key of what belongs to no conversation, so that its changes stay in order."""

# Only what ended well teaches how to answer; the rest would be repeated.
_TEACHES = frozenset({"solved", "answered"})
_REFERENCES_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReference:
    """A piece of knowledge; `language` is de or en."""

    title: str
    url: str | None
    body: str
    language: str


async def learn_from_closed(uow: UnitOfWork, events: Sequence[Event[CaseClosed]]) -> None:
    """Keep what was asked and answered in public in cases that ended well."""
    closed = {
        event.data.case_id: Closed(
            case_id=event.data.case_id,
            outcome=event.data.outcome,
            cause=event.data.cause,
            closed_at=event.data.closed_at,
        )
        for event in events
        if event.data.outcome in _TEACHES
    }
    if closed:
        await knowledge.learn_solved(uow.connection, list(closed.values()))


async def add_reference(
    uow: UnitOfWork, new: NewReference, *, actor: Person, ids: IdFactory
) -> Reference:
    """Keep a reference."""
    reference = Reference(
        reference_id=ids(), title=new.title, url=new.url, body=new.body, language=new.language
    )
    await knowledge.insert_reference(uow.connection, reference, actor=actor)
    _tell(uow, reference, actor=actor, ids=ids)
    return reference


async def retire_reference(
    uow: UnitOfWork, reference_id: UUID, *, actor: Person, ids: IdFactory
) -> Reference:
    """Take a reference out of use. Raises NotFoundError."""
    reference = await knowledge.retire_reference(uow.connection, reference_id)
    if reference is None:
        raise NotFoundError("no such reference")
    _tell(uow, reference, actor=actor, ids=ids)
    return reference


async def attach_reference(
    uow: UnitOfWork, draft_id: UUID, *, reference_id: UUID, actor: Person, ids: IdFactory
) -> Sequence[Reference]:
    """Put a reference beside a draft, for its readers; the text stays as it is (S80, S113).

    Attaching it twice changes nothing. Raises NotFoundError.
    """
    draft = await drafts.get_draft(uow.connection, draft_id)
    reference = await knowledge.get_reference(uow.connection, reference_id)
    if draft is None or reference is None or reference.is_retired:
        raise NotFoundError("no such draft" if draft is None else "no such reference")
    is_new = await knowledge.attach_reference(
        uow.connection, draft_id, reference_id=reference_id, actor=actor
    )
    if is_new:
        fact = facts.ReferenceAttached(
            draft_id=draft_id,
            case_id=draft.case_id,
            conversation_id=draft.conversation_id,
            reference_id=reference_id,
            title=reference.title,
            actor=actor_of(actor),
        )
        uow.publish(new_event(fact, id=ids(), subject=draft_id, time=uow.now))
    return await knowledge.references_of(uow.connection, draft_id)


async def suggest_words(
    units: UnitOfWorkFactory,
    case_id: UUID,
    *,
    model: SuggestionModel,
    actor: Person,
    ids: IdFactory,
) -> Suggestion:
    """Ask the model, outside any transaction, and keep what it says as a suggestion.

    Raises NotFoundError, SuggestionError.
    """
    async with units.read() as connection:
        case = await cases.get_case(connection, case_id)
        if case is None:
            raise NotFoundError("no such case")
        asked = "\n".join(case.mention_texts)
        known = await knowledge.search_references(
            connection, asked, language=None, limit=_REFERENCES_TOLD
        )
        stored = await gates.policy_of(connection, case.account) if case.account else None
    question = Question(
        customer_texts=case.mention_texts,
        references=[(reference.title, reference.body) for reference in known],
        address=policy_from(stored.document).address if stored else Address.MIRROR,
    )
    words = await model.suggest(question)
    async with units.begin() as uow:
        suggestion = Suggestion(
            suggestion_id=ids(), case_id=case_id, model=model.model, text=words, made_at=uow.now
        )
        await knowledge.insert_suggestion(uow.connection, suggestion, actor=actor)
        fact = facts.SuggestionMade(
            suggestion_id=suggestion.suggestion_id,
            case_id=case_id,
            conversation_id=case.conversation_id,
            model=model.model,
            actor=actor_of(actor),
            made_at=uow.now,
        )
        uow.publish(new_event(fact, id=ids(), subject=case_id, time=uow.now))
    return suggestion


def _tell(uow: UnitOfWork, reference: Reference, *, actor: Person, ids: IdFactory) -> None:
    fact = facts.ReferenceAdded(
        stream_id=STREAM,
        reference_id=reference.reference_id,
        title=reference.title,
        language=reference.language,
        url=reference.url,
        is_retired=reference.is_retired,
        actor=actor_of(actor),
    )
    uow.publish(new_event(fact, id=ids(), subject=STREAM, time=uow.now))
