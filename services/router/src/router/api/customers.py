"""A case's customer as the CRM knows them, and the log of who looked (S111, S112).

Answers are never stored, neither by us for an Idempotency-Key nor by anybody on the way.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from common.web.auth import require
from common.web.pagination import Page, PageRequest
from common.web.principal import Principal
from router.api.access import Overseer, Units, Writer, person, visible_teams
from router.domain.customers import PURPOSE_LENGTH, Look, plain_look, unmasking
from router.gateways.customers import CustomerData
from router.handlers.claim_case import CaseCommand
from router.handlers.look_at_customer import CustomerView, look_at_customer
from router.storage import customer_access

router = APIRouter(tags=["customers"])

Unmasker = Annotated[Principal, Depends(require("agent", "lead"))]


class ContactShown(BaseModel):
    """An earlier contact on any channel, as the CRM has it."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    channel: str
    subject: str
    reference: str | None


class CustomerShown(BaseModel):
    """A customer; what your role does not see in full is masked with `***`."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: str
    name: str | None
    email: str | None
    phone: str | None
    address: str | None
    customer_since: date | None
    products: tuple[str, ...]
    contacts: tuple[ContactShown, ...]


class OwnContactShown(BaseModel):
    """Another case of the same customer, on any network."""

    model_config = ConfigDict(from_attributes=True)

    case_id: UUID
    network: str
    team: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None


class CustomerViewShown(BaseModel):
    """What is known. Degraded: the CRM did not answer, and this is what is left without it."""

    model_config = ConfigDict(from_attributes=True)

    access_id: UUID = Field(description="The entry of this look in the access log")
    is_degraded: bool
    degraded_because: str | None = Field(
        description=(
            "not_configured, timeout, unreachable, circuit_open, refused, bad_answer; else null"
        )
    )
    known_ids: tuple[str, ...] = Field(description="Customer ids, now or when the CRM last spoke")
    customers: tuple[CustomerShown, ...]
    unmasked: tuple[str, ...]
    own_contacts: list[OwnContactShown]


class UnmaskRequest(BaseModel):
    """Which fields are needed in full, and what for; both are kept in the access log."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"fields": ["phone"], "purpose": "The workshop calls to fix a day."}]
        }
    )

    fields: Annotated[list[str], Field(min_length=1, max_length=10)]
    purpose: Annotated[
        str, Field(min_length=1, max_length=PURPOSE_LENGTH, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
    ]


class AccessShown(BaseModel):
    """Who looked at which fields, and why; never what stood in them."""

    model_config = ConfigDict(from_attributes=True)

    access_id: UUID
    case_id: UUID
    at: datetime
    person_name: str
    role: str
    fields: list[str]
    unmasked: list[str]
    purpose: str | None
    degraded_because: str | None


class CustomerLook:
    """Dependency: what a look needs of the app."""

    def __init__(self, request: Request, units: Units) -> None:
        self._units = units
        self._crm: CustomerData = request.app.state.customers
        self._new_id = request.app.state.new_id

    async def at(self, case_id: UUID, principal: Principal, look: Look) -> CustomerView:
        """Look at the case's customer as this principal; the look is written down."""
        command = CaseCommand(case_id=case_id, by=person(principal), teams=visible_teams(principal))
        return await look_at_customer(self._units, self._crm, command, look, new_id=self._new_id)


@router.get("/cases/{case_id}/customer", summary="The customer, masked by role; logged")
async def customer(
    case_id: UUID,
    principal: Writer,
    look: Annotated[CustomerLook, Depends()],
    response: Response,
) -> CustomerViewShown:
    response.headers["Cache-Control"] = "no-store"
    view = await look.at(case_id, principal, plain_look(principal.roles))
    return CustomerViewShown.model_validate(view)


@router.post(
    "/cases/{case_id}/customer/unmask", summary="The customer with some fields in full; logged"
)
async def unmask(
    case_id: UUID,
    body: UnmaskRequest,
    principal: Unmasker,
    look: Annotated[CustomerLook, Depends()],
    response: Response,
) -> CustomerViewShown:
    response.headers["Cache-Control"] = "no-store"
    wanted = unmasking(principal.roles, body.fields, purpose=body.purpose)
    return CustomerViewShown.model_validate(await look.at(case_id, principal, wanted))


@router.get("/customer-accesses", summary="Who looked at customers' data, the latest first")
async def list_accesses(
    _: Overseer,
    units: Units,
    page: Annotated[PageRequest, Depends()],
    case_id: UUID | None = None,
) -> Page[AccessShown]:
    async with units.read() as connection:
        rows = await customer_access.log(
            connection, case_id=case_id, after=page.after(datetime, UUID), limit=page.fetch
        )
    return page.page(rows, AccessShown.model_validate, key=lambda row: row.key)
