"""Routing rules: why a mention went where it did, and what other rules would have done (S37)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from common.errors import NotFoundError
from router.api.access import Overseer, Reader, Units, visible_teams
from router.api.configuration import valid_document
from router.domain.dry_run import ChangedRouting, Comparison, Verdict, verdict_of
from router.domain.routing import TriedRule
from router.handlers.explain_routing import RoutingExplained, explain_routing
from router.handlers.try_rules import try_rules
from router.storage import configurations, placed_mentions
from router.storage.case_view import case_view
from router.storage.configuration_document import ConfigurationDocument, parse

router = APIRouter(tags=["rules"])

MOST_MENTIONS = 10_000
MOST_SAMPLES = 20
# Python's first and last days have no UTC in every zone.
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]


class FailedShown(BaseModel):
    """The part of the condition that did not hold, what it wants and what the mention has."""

    condition: str
    wanted: Any
    found: Any


class TriedShown(BaseModel):
    """A rule that was tried; `failed` is null for the one that held."""

    rule: str
    target: str = Field(description="`team:x`, `rota:y` or `parked`")
    priority: str
    holds: bool
    failed: FailedShown | None


class RoutingShown(BaseModel):
    """The decision as it was recorded, and the rules asked again under the same version."""

    mention_id: UUID
    place: str
    case_id: UUID | None
    rule: str
    reason: str
    configuration_version: int
    placed_at: datetime
    lifted_by_name: str | None
    is_reproduced: bool = Field(description="The rules come to what is recorded")
    tried: list[TriedShown]


class DryRunRequest(BaseModel):
    """Either a whole `document`, or only `rules` that replace those in force."""

    document: dict[str, Any] | None = None
    rules: Annotated[list[dict[str, Any]], Field(max_length=1000)] | None = None
    since: Moment | None = Field(None, description="Without it: seven days before `until`")
    until: Moment | None = Field(None, description="Without it: now")
    most: Annotated[int, Field(ge=1, le=MOST_MENTIONS)] = 1000
    samples: Annotated[int, Field(ge=0, le=MOST_SAMPLES)] = 5

    @model_validator(mode="after")
    def _one_candidate(self) -> Self:
        if (self.document is None) == (self.rules is None):
            raise ValueError("send either document or rules")
        return self


class VerdictShown(BaseModel):
    rule: str
    target: str
    priority: str


class SampleShown(BaseModel):
    mention_id: UUID
    case_id: UUID | None


class ChangedShown(BaseModel):
    """Mentions that would go elsewhere, or with another priority."""

    before: VerdictShown
    after: VerdictShown
    count: int
    samples: list[SampleShown]


class RuleCount(BaseModel):
    """How many of the mentions a rule decides: in force, and in the candidate."""

    rule: str
    before: int
    after: int


class DryRunShown(BaseModel):
    """What would have changed; nothing was."""

    version: int
    since: datetime
    until: datetime
    examined: int
    changed: int
    changes: list[ChangedShown]
    rules: list[RuleCount]


@router.get(
    "/cases/{case_id}/routing/explain",
    summary="Why the case has its team: every rule that was tried",
    responses={404: {"description": "No such case"}},
)
async def explain_case(case_id: UUID, principal: Reader, units: Units) -> RoutingShown:
    async with units.read() as connection:
        await case_view(connection, case_id, visible_teams(principal))
        placed = await placed_mentions.opening(connection, case_id)
        if placed is None:
            raise NotFoundError("no mention is in this case any more")
        configuration = await configurations.of_version(connection, placed.configuration_version)
    return _explained(explain_routing(placed, configuration))


@router.get(
    "/parked/{mention_id}/routing/explain",
    summary="Why a mention was parked: every rule that was tried",
    responses={404: {"description": "No such mention is parked, or was"}},
)
async def explain_parked(mention_id: UUID, _: Reader, units: Units) -> RoutingShown:
    async with units.read() as connection:
        placed = await placed_mentions.one(connection, mention_id)
        if placed is None or (placed.case_id is not None and placed.lifted_at is None):
            raise NotFoundError("no such mention is parked")
        configuration = await configurations.of_version(connection, placed.configuration_version)
    return _explained(explain_routing(placed, configuration))


@router.post("/rules/dry-run", summary="What other rules would have done with past mentions")
async def dry_run(body: DryRunRequest, _: Overseer, units: Units) -> DryRunShown:
    async with units.read() as connection:
        until = body.until or await placed_mentions.now(connection) + units.offset
        since = body.since or until - timedelta(days=7)
        stored = await configurations.stored(connection)
        if stored is None:
            raise NotFoundError("the router has no configuration yet")
        in_force = parse(stored.document)
        candidate = _candidate(body, in_force)
        mentions = await placed_mentions.between(connection, since, until, limit=body.most)
    found = await try_rules(
        in_force.configuration(stored.version),
        candidate.configuration(stored.version + 1).rules,
        mentions,
        samples=body.samples,
    )
    return _compared(found, version=stored.version, since=since, until=until)


def _candidate(body: DryRunRequest, in_force: ConfigurationDocument) -> ConfigurationDocument:
    if body.document is not None:
        return valid_document(body.document)
    return valid_document({**in_force.dumped(), "rules": body.rules})


def _explained(found: RoutingExplained) -> RoutingShown:
    placed = found.placed
    return RoutingShown(
        mention_id=placed.mention_id,
        place=placed.place.value,
        case_id=placed.case_id,
        rule=placed.rule,
        reason=placed.reason,
        configuration_version=placed.configuration_version,
        placed_at=placed.placed_at,
        lifted_by_name=placed.lifted_by_name,
        is_reproduced=found.is_reproduced,
        tried=[_tried(each) for each in found.tried],
    )


def _tried(tried: TriedRule) -> TriedShown:
    verdict, failed = verdict_of(tried.rule), tried.failed
    return TriedShown(
        rule=verdict.rule,
        target=verdict.target,
        priority=verdict.priority,
        holds=failed is None,
        failed=None
        if failed is None
        else FailedShown(condition=failed.condition, wanted=failed.wanted, found=failed.found),
    )


def _compared(found: Comparison, *, version: int, since: datetime, until: datetime) -> DryRunShown:
    return DryRunShown(
        version=version,
        since=since,
        until=until,
        examined=found.examined,
        changed=found.changed,
        changes=[_changed(each) for each in found.changes],
        rules=[
            RuleCount(rule=name, before=before, after=after)
            for name, (before, after) in found.by_rule.items()
        ],
    )


def _changed(change: ChangedRouting) -> ChangedShown:
    return ChangedShown(
        before=_verdict(change.before),
        after=_verdict(change.after),
        count=change.count,
        samples=[
            SampleShown(mention_id=each.mention_id, case_id=each.case_id) for each in change.samples
        ],
    )


def _verdict(verdict: Verdict) -> VerdictShown:
    return VerdictShown(rule=verdict.rule, target=verdict.target, priority=verdict.priority)
