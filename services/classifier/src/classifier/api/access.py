"""Who may ask the classifier what, and what the routes fetch from the app's state."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from classifier.handlers.deciding import Decider
from classifier.handlers.models import ModelThread
from classifier.handlers.wire import Actor, actor
from common.db.unit_of_work import UnitOfWorkFactory
from common.ids import IdFactory
from common.web import concurrency
from common.web.auth import require
from common.web.idempotency import Effect, Once
from common.web.principal import Principal

WRITERS = ("triage", "agent", "lead")
READERS = (*WRITERS, "observer", "operator")

Reader = Annotated[Principal, Depends(require(*READERS))]
Writer = Annotated[Principal, Depends(require(*WRITERS))]
Overseer = Annotated[Principal, Depends(require("lead", "observer", "operator"))]
Governor = Annotated[Principal, Depends(require("lead", "operator"))]
Lead = Annotated[Principal, Depends(require("lead"))]


async def _units(request: Request) -> UnitOfWorkFactory:
    units: UnitOfWorkFactory = request.app.state.units
    return units


async def _decider(request: Request) -> Decider:
    """What decides now; asked of the registry first, as between batches."""
    decider: Decider = request.app.state.decider
    await decider.refresh(request.app.state.units)
    return decider


async def _thread(request: Request) -> ModelThread:
    thread: ModelThread = request.app.state.thread
    return thread


async def _seen_version(
    if_match: Annotated[
        str | None, Header(description="The ETag that you have seen; optional here")
    ] = None,
) -> int | None:
    return None if if_match is None else await concurrency.if_match(if_match)


Units = Annotated[UnitOfWorkFactory, Depends(_units)]
Deciders = Annotated[Decider, Depends(_decider)]
Thread = Annotated[ModelThread, Depends(_thread)]
SeenVersion = Annotated[int | None, Depends(_seen_version)]
RequiredVersion = Annotated[int, Depends(concurrency.if_match)]


class Command:
    """Dependency of POST routes that change something; their Idempotency-Key is honoured."""

    def __init__(self, request: Request, once: Annotated[Once, Depends()]) -> None:
        self._once = once
        self._units: UnitOfWorkFactory = request.app.state.units
        self.new_id: IdFactory = request.app.state.new_id

    async def run(self, effect: Effect) -> Response:
        """Do it in one unit of work, once."""
        return await self._once.run(self._units, effect)


def person(principal: Principal) -> Actor:
    """The principal as events name people."""
    return actor(principal.id, principal.name)


def sees_persons(principal: Principal) -> bool:
    """Whether texts are shown: observers and operators see `***` in their place."""
    return principal.has_any(*WRITERS)
