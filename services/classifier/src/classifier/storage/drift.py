"""How the labels of recent mentions spread, and how often people and the challenger disagree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_SPREAD = text(
    """
    select label, decision, count(*) as mentions, sum(confidence) as confidence,
        count(challenger) as shadowed,
        count(*) filter (where challenger_decision <> decision) as differing
    from mention where classified_at >= :since and classified_at < :until
      and (cast(:model as text) is null or model = :model)
    group by label, decision
    """
)
_PEOPLE = text(
    """
    select count(*) as corrected,
        count(*) filter (where before ->> 'label' <> after ->> 'label') as differing
    from correction where corrected_at >= :since and corrected_at < :until
      and (cast(:model as text) is null or model = :model)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Counts over a span; confidence is a mean, None without mentions."""

    mentions: int
    labels: dict[str, int]
    decisions: dict[str, int]
    mean_confidence: float | None
    shadowed: int
    challenger_differs: int
    corrected: int
    people_differ: int


async def spread(
    connection: AsyncConnection, *, since: datetime, until: datetime, model: str | None = None
) -> Spread:
    """The spread of what was classified, and corrected, in that time."""
    given = {"since": since, "until": until, "model": model}
    rows = (await connection.execute(_SPREAD, given)).all()
    people = (await connection.execute(_PEOPLE, given)).one()
    labels: dict[str, int] = {"service": 0, "non_service": 0}
    decisions: dict[str, int] = {"service": 0, "non_service": 0, "triage": 0}
    for row in rows:
        labels[row.label] += row.mentions
        decisions[row.decision] += row.mentions
    mentions = sum(labels.values())
    confidence = sum(float(row.confidence) for row in rows)
    return Spread(
        mentions=mentions,
        labels=labels,
        decisions=decisions,
        mean_confidence=confidence / mentions if mentions else None,
        shadowed=sum(row.shadowed for row in rows),
        challenger_differs=sum(row.differing for row in rows),
        corrected=people.corrected,
        people_differ=people.differing,
    )
