"""Do the books balance? mentions = in a case + parked + own posts, always (S6, SPEC policy)."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from router.api.access import Overseer, Units
from router.storage import parking

router = APIRouter(tags=["operations"])


class Books(BaseModel):
    """Counts of one moment; `counted_by_cases` is the sum of what the cases say they hold."""

    model_config = ConfigDict(from_attributes=True)

    mentions: int
    in_cases: int
    parked: int
    own_posts: int
    counted_by_cases: int
    is_balanced: bool


@router.get("/reconciliation", summary="Mentions by place, and whether the sums agree")
async def reconcile(_: Overseer, units: Units) -> Books:
    async with units.read() as connection:
        return Books.model_validate(await parking.books(connection))
