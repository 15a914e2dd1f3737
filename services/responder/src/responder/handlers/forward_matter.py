"""Forward the matter for the customer and tell them so, as one step (S83).

Nobody is sent elsewhere: we take it there. The router may make a department query of the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import new_event
from common.events.responder import ForwardRequested
from common.ids import IdFactory
from responder.domain.drafts import Draft
from responder.domain.persons import Person
from responder.domain.signature import Signing
from responder.domain.words import Audience, Kind
from responder.gateways.channel import Channels
from responder.handlers.actors import actor_of
from responder.handlers.write_draft import NewDraft, write_draft
from responder.storage import history
from responder.storage.history import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """`matter` goes to the department, `text` to the customer."""

    case_id: UUID
    department: str
    matter: str
    text: str
    visibility: Audience = Audience.PUBLIC


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What was asked for, and the draft that confirms it to the customer."""

    forward_id: UUID
    draft: Draft


async def forward_matter(
    uow: UnitOfWork,
    order: Forward,
    *,
    actor: Person,
    channels: Channels,
    ids: IdFactory,
    signing: Signing,
) -> Forwarded:
    """The event and the confirming draft, or neither. Raises NotFoundError, ConflictError."""
    wish = NewDraft(
        case_id=order.case_id,
        kind=Kind.PROGRESS,
        visibility=order.visibility,
        text=order.text,
    )
    draft = await write_draft(uow, wish, author=actor, channels=channels, ids=ids, signing=signing)
    forward_id = ids()
    fact = ForwardRequested(
        forward_id=forward_id,
        case_id=order.case_id,
        conversation_id=draft.conversation_id,
        draft_id=draft.draft_id,
        department=order.department,
        matter=order.matter,
        actor=actor_of(actor),
        requested_at=uow.now,
    )
    uow.publish(new_event(fact, id=forward_id, subject=order.case_id, time=uow.now))
    action = Action(
        action_id=forward_id,
        case_id=order.case_id,
        what="forwarded",
        detail=order.department,
        done_at=uow.now,
    )
    await history.record_actions(uow.connection, [action])
    return Forwarded(forward_id, draft)
