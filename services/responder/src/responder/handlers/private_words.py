"""Ask in private for what is needed, keep what comes, show it to few, and let it go (S62, S66)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, NotFoundError
from common.events import responder as facts
from common.events.envelope import new_event
from common.ids import IdFactory
from common.timers.loop import TimerHandler
from common.timers.store import DueTimer, NewTimer, arm
from responder.domain import drafts as rules
from responder.domain.drafts import Draft
from responder.domain.persons import Person
from responder.domain.private_words import Field, PrivateValue
from responder.domain.signature import Signing
from responder.domain.words import Audience, Kind
from responder.gateways.channel import Channels
from responder.handlers.actors import actor_of
from responder.handlers.write_draft import NewDraft, write_draft
from responder.handlers.write_pair import NewPair, write_pair
from responder.storage import cases, history, private_store
from responder.storage.history import Action
from responder.storage.private_store import PrivateStore

RETENTION_TIMER = "private_retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked for in private; with `lead_in` the public word that announces it (S64)."""

    case_id: UUID
    fields: tuple[Field, ...]
    text: str
    lead_in: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The request and the drafts that carry it."""

    request_id: UUID
    private: Draft
    lead_in: Draft | None


async def ask_in_private(
    uow: UnitOfWork,
    order: Asking,
    *,
    actor: Person,
    channels: Channels,
    ids: IdFactory,
    signing: Signing,
) -> Asked:
    """A private question, alone or as a pair. Raises NotFoundError, ConflictError `case_closed`."""
    lead_in: Draft | None = None
    if order.lead_in is None:
        wish = NewDraft(
            case_id=order.case_id,
            kind=Kind.QUESTION,
            visibility=Audience.PRIVATE,
            text=order.text,
        )
        draft = await write_draft(
            uow, wish, author=actor, channels=channels, ids=ids, signing=signing
        )
    else:
        pair_wish = NewPair(
            case_id=order.case_id, lead_in=order.lead_in, private=order.text, kind=Kind.QUESTION
        )
        pair = await write_pair(
            uow, pair_wish, author=actor, channels=channels, ids=ids, signing=signing
        )
        draft, lead_in = pair.private, pair.lead_in
    request_id = ids()
    await private_store.insert_request(
        uow.connection,
        request_id,
        case_id=order.case_id,
        draft_id=draft.draft_id,
        fields=order.fields,
        actor=actor,
    )
    fact = facts.PrivateRequestMade(
        request_id=request_id,
        case_id=order.case_id,
        conversation_id=draft.conversation_id,
        draft_id=draft.draft_id,
        fields=tuple(
            facts.RequestedField(name=field.name, purpose=field.purpose) for field in order.fields
        ),
        actor=actor_of(actor),
    )
    uow.publish(new_event(fact, id=ids(), subject=order.case_id, time=uow.now))
    action = Action(
        action_id=request_id,
        case_id=order.case_id,
        what="details_requested",
        detail=", ".join(field.name for field in order.fields),
        done_at=uow.now,
    )
    await history.record_actions(uow.connection, [action])
    return Asked(request_id, draft, lead_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Named values as a person wrote them down; of a request, its fields and no others."""

    case_id: UUID
    values: Mapping[str, str]
    request_id: UUID | None = None


async def record_answers(
    uow: UnitOfWork, answers: Answers, *, actor: Person, store: PrivateStore, ids: IdFactory
) -> Sequence[PrivateValue]:
    """Keep them. Raises NotFoundError, InvalidInputError `not_requested`."""
    rules.require_human(actor)
    case = await cases.get_case(uow.connection, answers.case_id)
    if case is None:
        raise NotFoundError("no such case")
    if answers.request_id is not None:
        await _require_requested(uow, answers)
    values = [
        PrivateValue(
            value_id=ids(),
            case_id=case.case_id,
            conversation_id=case.conversation_id,
            name=name,
            value=value,
            recorded_at=uow.now,
            delete_after=uow.now + store.retention,
            request_id=answers.request_id,
            recorded_by=actor,
        )
        for name, value in answers.values.items()
    ]
    await keep(uow, values, store=store, ids=ids)
    return values


async def keep(
    uow: UnitOfWork, values: Sequence[PrivateValue], *, store: PrivateStore, ids: IdFactory
) -> None:
    """Keep these values, tell that they are there, and see to it that they go again."""
    await store.record(uow.connection, values)
    by_case: dict[UUID, list[PrivateValue]] = {}
    for value in values:
        by_case.setdefault(value.case_id, []).append(value)
    for case_id, of_case in by_case.items():
        first = of_case[0]
        await _arm(uow, case_id, first.conversation_id)
        fact = facts.PrivateValuesRecorded(
            case_id=case_id,
            conversation_id=first.conversation_id,
            names=tuple(sorted({value.name for value in of_case})),
            delete_after=max(value.delete_after for value in of_case),
            actor=actor_of(first.recorded_by) if first.recorded_by else None,
            request_id=first.request_id,
        )
        uow.publish(new_event(fact, id=ids(), subject=case_id, time=uow.now))


async def read_values(
    uow: UnitOfWork,
    case_id: UUID,
    *,
    purpose: str,
    actor: Person,
    store: PrivateStore,
    ids: IdFactory,
) -> Sequence[PrivateValue]:
    """Show them to a person, and write down that and why they were read."""
    rules.require_human(actor)
    values = await store.values_of(uow.connection, case_id, now=uow.now)
    if not values:
        return values
    names = tuple(sorted({value.name for value in values}))
    await private_store.log_look(uow.connection, case_id, names=names, purpose=purpose, actor=actor)
    fact = facts.PrivateValuesRead(
        case_id=case_id,
        conversation_id=values[0].conversation_id,
        names=names,
        purpose=purpose,
        actor=actor_of(actor),
    )
    uow.publish(new_event(fact, id=ids(), subject=case_id, time=uow.now))
    return values


def delete_what_is_due(*, ids: IdFactory) -> TimerHandler:
    """The handler of `RETENTION_TIMER`."""

    async def ring(uow: UnitOfWork, timers: Sequence[DueTimer]) -> None:
        for timer in sorted(timers, key=lambda each: each.owner_id):
            case_id = timer.owner_id
            count = await private_store.delete_due(uow.connection, case_id, now=uow.now)
            if count:
                fact = facts.PrivateValuesDeleted(
                    case_id=case_id,
                    conversation_id=timer.conversation_id,
                    count=count,
                    deleted_at=uow.now,
                )
                uow.publish(new_event(fact, id=ids(), subject=case_id, time=uow.now))
            await _arm(uow, case_id, timer.conversation_id)

    return ring


async def _arm(uow: UnitOfWork, case_id: UUID, conversation_id: UUID) -> None:
    due = await private_store.first_due(uow.connection, case_id)
    if due is None:
        return
    timer = NewTimer(
        owner_id=case_id, conversation_id=conversation_id, kind=RETENTION_TIMER, due_at=due
    )
    await arm(uow.connection, [timer])


async def _require_requested(uow: UnitOfWork, answers: Answers) -> None:
    assert answers.request_id is not None, "asked by the caller"
    fields = await private_store.requested_fields(
        uow.connection, answers.request_id, case_id=answers.case_id
    )
    if fields is None:
        raise NotFoundError("no such request")
    others = set(answers.values) - {field.name for field in fields}
    if others:
        raise InvalidInputError(
            f"not asked for in this request: {sorted(others)}", code="not_requested"
        )
