"""Channels: what each network allows, and which of our accounts is held back (S14)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from common.db.unit_of_work import UnitOfWork
from common.web.auth import Principal, require
from common.web.idempotency import Answer, Once
from responder.api.shapes import READERS, Reason, Shape
from responder.domain.channels import Capabilities, Counting, Idempotency, ReadBack
from responder.domain.circuits import Account, Block
from responder.domain.words import Audience
from responder.handlers.resume_account import resume_account
from responder.storage.channel_accounts import all_accounts

router = APIRouter(tags=["channels"])


class LimitView(BaseModel):
    """At most `most` of `unit`; every limit holds."""

    unit: Counting
    most: int


class ChannelView(BaseModel):
    """What a channel can do (S14); what a text must keep to is checked before it is read."""

    network: str
    accounts: list[str] = Field(examples=[["motorrad.example"]])
    max_length: int = Field(description="The first of `limits`")
    counting: Counting
    limits: list[LimitView]
    audiences: list[Audience]
    read_back: ReadBack
    idempotency: Idempotency
    can_delete: list[str] = Field(description="Posts that can be deleted: own, others")
    can_hide: list[str]
    message_window_s: int | None = Field(
        description="How long after the customer's last word a private reply is allowed"
    )


class AccountView(BaseModel):
    """An account that is or was held back. While `blocked_until` is ahead nothing is tried."""

    network: str
    account: str = Field(examples=["motorrad.example"])
    blocked_until: datetime | None
    blocked_by: Block | None
    failures: int
    last_error: str | None = Field(examples=["login_refused"])
    resumed_at: datetime | None
    resumed_by: str | None
    resumed_reason: str | None


class Resumption(Shape):
    """Why it may go on: kept with the account, beside who said so."""

    reason: Reason = Field(examples=["Neues App-Passwort hinterlegt."])


@router.get("/channels", response_model=list[ChannelView])
async def capabilities(
    request: Request, _: Annotated[Principal, Depends(require(*READERS, "operator"))]
) -> list[ChannelView]:
    """The channels of this deployment."""
    return [_show(channel) for channel in request.app.state.channels.all()]


@router.get("/channels/accounts", response_model=list[AccountView])
async def accounts(
    request: Request, _: Annotated[Principal, Depends(require(*READERS, "operator"))]
) -> list[AccountView]:
    """The accounts that were ever paced or held back, for all processes that send."""
    async with request.app.state.units.read() as connection:
        return [_show_account(account) for account in await all_accounts(connection)]


@router.post(
    "/channels/{network}/accounts/{account}/resume",
    response_model=AccountView,
    responses={404: {"description": "Nothing is known of this account"}},
)
async def resume(
    network: str,
    account: str,
    body: Resumption,
    request: Request,
    who: Annotated[Principal, Depends(require("operator", "lead"))],
    once: Annotated[Once, Depends()],
) -> Response:
    """Let an account send again at once instead of when its block ends."""

    async def effect(uow: UnitOfWork) -> Answer:
        resumed = await resume_account(uow, (network, account), by=who.id, reason=body.reason)
        return Answer(200, _show_account(resumed))

    return await once.run(request.app.state.units, effect)


def _show(channel: Capabilities) -> ChannelView:
    limits = [LimitView(unit=channel.counting, most=channel.max_length)]
    if channel.max_bytes is not None:
        limits.append(LimitView(unit=Counting.UTF8_BYTES, most=channel.max_bytes))
    return ChannelView(
        network=channel.network,
        accounts=list(channel.accounts),
        max_length=channel.max_length,
        counting=channel.counting,
        limits=limits,
        audiences=sorted(channel.audiences),
        read_back=channel.read_back,
        idempotency=channel.idempotency,
        can_delete=sorted(channel.can_delete),
        can_hide=sorted(channel.can_hide),
        message_window_s=int(channel.window.total_seconds()) if channel.window else None,
    )


def _show_account(account: Account) -> AccountView:
    return AccountView(
        network=account.network,
        account=account.name,
        blocked_until=account.blocked_until,
        blocked_by=account.blocked_by,
        failures=account.failures,
        last_error=account.last_error,
        resumed_at=account.resumed_at,
        resumed_by=account.resumed_by,
        resumed_reason=account.resumed_reason,
    )
