"""Whether the stream of mentions or the model changes: the last hours beside the time before."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from classifier.api.access import Overseer, Units
from classifier.handlers.measure_drift import measure_drift
from classifier.storage.drift import Spread

router = APIRouter(tags=["models"])


class SpreadView(BaseModel):
    """Counts over a span; shares are null where there is nothing to share."""

    mentions: int
    labels: dict[str, int]
    decisions: dict[str, int]
    mean_confidence: float | None
    corrected: int
    people_disagree: float | None = Field(description="Share of the corrected ones")
    shadowed: int
    challenger_disagrees: float | None = Field(description="Share of the shadowed ones")


class DriftView(BaseModel):
    """The last hours, and the days before them."""

    recent: SpreadView
    before: SpreadView


@router.get("/drift", summary="How labels spread lately, beside the time before")
async def get_drift(
    _: Overseer,
    units: Units,
    hours: Annotated[int, Query(ge=1, le=720)] = 24,
    compared_with_days: Annotated[int, Query(ge=1, le=90)] = 7,
    model: Annotated[
        str | None, Query(max_length=200, pattern=r"^[!-~]+$", description="Only this model's")
    ] = None,
) -> DriftView:
    found = await measure_drift(
        units,
        span=timedelta(hours=hours),
        compared_with=timedelta(days=compared_with_days),
        model=model,
    )
    return DriftView(recent=_spread(found.recent), before=_spread(found.before))


def _spread(spread: Spread) -> SpreadView:
    return SpreadView(
        mentions=spread.mentions,
        labels=spread.labels,
        decisions=spread.decisions,
        mean_confidence=spread.mean_confidence,
        corrected=spread.corrected,
        people_disagree=_share(spread.people_differ, spread.corrected),
        shadowed=spread.shadowed,
        challenger_disagrees=_share(spread.challenger_differs, spread.shadowed),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
