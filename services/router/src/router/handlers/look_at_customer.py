"""Show a person what the CRM knows of a case's customer; every look is written down first (S111).

The CRM is asked between two transactions, never inside one. If the entry cannot be written, nothing
is shown. If the CRM says nothing, what we know ourselves is shown, and that it is not all (S112).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import msgspec

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import NotFoundError
from common.events.classifier import MentionClassified
from common.events.envelope import new_event
from common.events.router_company import CustomerAccessed
from common.ids import IdFactory
from router.domain.customers import Customer, Look, known_fields, shown
from router.gateways.customers import Author, CustomerData, Lookup
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.storage import customer_access, placed_mentions
from router.storage.case_view import case_view
from router.storage.customer_access import NewAccess, OwnContact

MOST_CONTACTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """What is shown. `known_ids` are customer ids, the CRM's or what it said before."""

    access_id: UUID
    customers: tuple[Customer, ...]
    known_ids: tuple[str, ...]
    own_contacts: list[OwnContact]
    unmasked: tuple[str, ...]
    degraded_because: str | None

    @property
    def is_degraded(self) -> bool:
        return self.degraded_because is not None


async def look_at_customer(
    units: UnitOfWorkFactory,
    crm: CustomerData,
    command: CaseCommand,
    look: Look,
    *,
    new_id: IdFactory,
) -> CustomerView:
    """The customer of the case as this look sees them; NotFoundError for an unknown case.

    Takes as long as the CRM does, at most its time-out.
    """
    conversation_id, author = await _author(units, command)
    found = await crm.find(author)
    key = (author.network, author.author_id)
    async with units.begin() as uow:
        known_ids = await _known_ids(uow, key, found)
        own = await customer_access.own_contacts(
            uow.connection, key, known_ids, besides=command.case_id, limit=MOST_CONTACTS
        )
        view = CustomerView(
            access_id=new_id(),
            customers=tuple(shown(each, look) for each in found.customers),
            known_ids=known_ids,
            own_contacts=own,
            unmasked=tuple(f for f in look.asked_for if f in known_fields(found.customers)),
            degraded_because=found.degraded_because,
        )
        await _record(uow, command, look, view, conversation_id)
    return view


async def _author(units: UnitOfWorkFactory, command: CaseCommand) -> tuple[UUID, Author]:
    async with units.read() as connection:
        view = await case_view(connection, command.case_id, command.teams)
        placed = await placed_mentions.opening(connection, command.case_id)
    if placed is None:
        raise NotFoundError("no mention is in this case any more")
    mention = msgspec.json.decode(placed.body, type=MentionClassified).mention
    author = Author(mention.network, mention.author.id, mention.author.handle)
    return view.case.conversation_id, author


async def _known_ids(uow: UnitOfWork, key: tuple[str, str], found: Lookup) -> tuple[str, ...]:
    """The CRM's customer ids, kept for when it is away; or what was kept."""
    if found.degraded_because is not None:
        return tuple(await customer_access.linked(uow.connection, key))
    ids = tuple(each.customer_id for each in found.customers)
    await customer_access.link(uow.connection, key, ids, at=uow.now)
    return ids


async def _record(
    uow: UnitOfWork, command: CaseCommand, look: Look, view: CustomerView, conversation_id: UUID
) -> None:
    fields = known_fields(view.customers)
    if view.is_degraded and view.known_ids:
        fields = ("customer_id",)
    entry = NewAccess(
        access_id=view.access_id,
        case_id=command.case_id,
        by=command.by,
        role=look.role,
        fields=fields,
        unmasked=view.unmasked,
        purpose=look.purpose,
        degraded_because=view.degraded_because,
    )
    await customer_access.add(uow.connection, entry, at=uow.now)
    uow.publish(
        new_event(
            CustomerAccessed(
                access_id=entry.access_id,
                case_id=command.case_id,
                conversation_id=conversation_id,
                actor=case_events.actor(command.by),
                role=look.role,
                fields=fields,
                unmasked=view.unmasked,
                is_degraded=view.is_degraded,
                accessed_at=uow.now,
                purpose=look.purpose,
            ),
            id=view.access_id,
            subject=command.case_id,
            time=uow.now,
        )
    )
