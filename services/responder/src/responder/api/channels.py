"""Channels: what each network allows, for those who write (S14)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from common.web.auth import Principal, require
from responder.api.shapes import READERS, ChannelView, show_channel

router = APIRouter(tags=["channels"])


@router.get("/channels", response_model=list[ChannelView])
async def capabilities(
    request: Request, _: Annotated[Principal, Depends(require(*READERS, "operator"))]
) -> list[ChannelView]:
    """The channels of this deployment."""
    return [show_channel(channel) for channel in request.app.state.channels.all()]
