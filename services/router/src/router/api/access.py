"""Who may ask the router what, and what the routes fetch from the app's state."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import Depends, Header, Request

from common.db.unit_of_work import UnitOfWorkFactory
from common.web import concurrency
from common.web.auth import require
from common.web.principal import Principal
from router.domain.claims import Person
from router.storage.configurations import Configurations

WRITERS = ("triage", "agent", "lead")
READERS = (*WRITERS, "observer", "operator")
OVERSEERS = ("lead", "observer", "operator")

Reader = Annotated[Principal, Depends(require(*READERS))]
Writer = Annotated[Principal, Depends(require(*WRITERS))]
Lead = Annotated[Principal, Depends(require("lead"))]
Overseer = Annotated[Principal, Depends(require(*OVERSEERS))]
Operator = Annotated[Principal, Depends(require("operator"))]


def visible_teams(principal: Principal) -> Collection[str] | None:
    """The teams whose cases they may see; None means all.

    Whoever works on cases sees those of the teams named in their token, so none without that
    claim; leads, observers and operators see all.
    """
    return None if principal.has_any(*OVERSEERS) else principal.teams


def person(principal: Principal) -> Person:
    """The principal as the domain knows people."""
    return Person(principal.id, principal.name)


async def _units(request: Request) -> UnitOfWorkFactory:
    units: UnitOfWorkFactory = request.app.state.units
    return units


async def _configurations(request: Request) -> Configurations:
    configurations: Configurations = request.app.state.configurations
    return configurations


async def _seen_version(
    if_match: Annotated[
        str | None, Header(description="The ETag that you have seen; optional here")
    ] = None,
) -> int | None:
    return None if if_match is None else await concurrency.if_match(if_match)


Known = Annotated[Configurations, Depends(_configurations)]
Units = Annotated[UnitOfWorkFactory, Depends(_units)]
SeenVersion = Annotated[int | None, Depends(_seen_version)]
RequiredVersion = Annotated[int, Depends(concurrency.if_match)]
