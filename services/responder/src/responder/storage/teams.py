"""Whether a draft or a case belongs to a team somebody may see; another team's is not there (SEC4).

One question before the use case runs: cases rarely change teams, and the answer is a 404 anyway.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import NotFoundError

_CASE = text(
    "select true from case_context where case_id = :id and team = any(cast(:teams as text[]))"
)
_DRAFT = text(
    """
    select true from draft join case_context using (case_id)
     where draft_id = :id and team = any(cast(:teams as text[]))
    """
)

_MODERATION = text(
    """
    select true from moderation join case_context using (case_id)
     where moderation_id = :id and team = any(cast(:teams as text[]))
    """
)


async def require_case_visible(
    connection: AsyncConnection, case_id: UUID, teams: Collection[str] | None
) -> None:
    """Raises NotFoundError where the case is none of these teams' (None: all)."""
    if teams is None:
        return
    wanted = {"id": case_id, "teams": sorted(teams)}
    if (await connection.execute(_CASE, wanted)).one_or_none() is None:
        raise NotFoundError("no such case")


async def require_draft_visible(
    connection: AsyncConnection, draft_id: UUID, teams: Collection[str] | None
) -> None:
    """Raises NotFoundError where the draft's case is none of these teams' (None: all)."""
    if teams is None:
        return
    wanted = {"id": draft_id, "teams": sorted(teams)}
    if (await connection.execute(_DRAFT, wanted)).one_or_none() is None:
        raise NotFoundError("no such draft")


async def require_moderation_visible(
    connection: AsyncConnection, moderation_id: UUID, teams: Collection[str] | None
) -> None:
    """Raises NotFoundError where the moderation's case is none of these teams' (None: all)."""
    if teams is None:
        return
    wanted = {"id": moderation_id, "teams": sorted(teams)}
    if (await connection.execute(_MODERATION, wanted)).one_or_none() is None:
        raise NotFoundError("no such moderation")
