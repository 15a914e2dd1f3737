"""Who may ask the responder what; which teams' cases somebody sees (SEC4)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import Depends

from common.web.auth import Principal, require
from common.web.idempotency import Once
from responder.api.shapes import READERS, WRITERS

OVERSEERS = ("lead", "observer", "operator")

Writer = Annotated[Principal, Depends(require(*WRITERS))]
Reader = Annotated[Principal, Depends(require(*READERS))]
Lead = Annotated[Principal, Depends(require("lead"))]
Overseer = Annotated[Principal, Depends(require(*OVERSEERS))]
OnceOnly = Annotated[Once, Depends()]


def visible_teams(principal: Principal) -> Collection[str] | None:
    """The teams whose cases they may see; None means all.

    Whoever works on cases sees those of the teams named in their token, so none without that
    claim; leads, observers and operators see all.
    """
    return None if principal.has_any(*OVERSEERS) else principal.teams
