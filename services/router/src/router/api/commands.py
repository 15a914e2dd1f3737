"""What every command route needs: ids, one unit of work, and an answer that is given only once."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from common.db.unit_of_work import UnitOfWorkFactory
from common.ids import IdFactory
from common.web.idempotency import Effect, Once
from common.web.principal import Principal
from router.api.access import person, visible_teams
from router.handlers.claim_case import CaseCommand
from router.storage.configurations import Configurations


class Command:
    """Dependency of routes that change something; their Idempotency-Key is honoured."""

    def __init__(self, request: Request, once: Annotated[Once, Depends()]) -> None:
        self._once = once
        self._units: UnitOfWorkFactory = request.app.state.units
        self.new_id: IdFactory = request.app.state.new_id
        self.configurations: Configurations = request.app.state.configurations

    def by(self, principal: Principal, case_id: UUID, seen: int | None) -> CaseCommand:
        """The principal's wish about a case; `seen` is the version they saw."""
        return CaseCommand(
            case_id=case_id,
            by=person(principal),
            teams=visible_teams(principal),
            expected_version=seen,
        )

    async def run(self, effect: Effect) -> Response:
        """Do it in one unit of work, once."""
        return await self._once.run(self._units, effect)
