"""The operator's rules: read them, try them on recent mentions, put a new version in force."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from classifier.api.access import (
    Deciders,
    Governor,
    Overseer,
    Reader,
    RequiredVersion,
    Thread,
    Units,
    person,
    sees_persons,
)
from classifier.api.answers import ClassificationView, shown
from classifier.api.mentions import MASK, Reason, masked
from classifier.gateways.rules.document import RulesDocument
from classifier.handlers.apply_rules import apply_rules
from classifier.handlers.try_rules import Changed, try_rules
from classifier.storage import rule_sets
from common.errors import NotFoundError
from common.web.concurrency import etag

router = APIRouter(tags=["rules"])
_EXAMPLE: JsonDict = {
    "rules": [
        {
            "name": "press_desk",
            "version": 1,
            "when": {"phrases": ["Presseanfrage"], "patterns": [r"aktenzeichen\s+\d+"]},
            "then": {"signals": ["press"], "needs": ["department"]},
        }
    ]
}


class RulesView(BaseModel):
    """A version of the rules; its number is the ETag. Version 0 is before anybody wrote one."""

    version: int
    document: RulesDocument
    applied_at: datetime | None
    actor_name: str | None
    reason: str | None


class RulesToApply(BaseModel):
    """A document and why it is put in force."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"document": _EXAMPLE, "reason": "Messe in Köln"}]},
    )

    document: RulesDocument
    reason: Reason


class AppliedRules(BaseModel):
    """The version that is in force now."""

    version: int


class RulesToTry(BaseModel):
    """A document, and on how many of the newest mentions it is tried."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"document": _EXAMPLE, "mentions": 500}]},
    )

    document: RulesDocument
    mentions: Annotated[int, Field(ge=1, le=5_000)] = 1_000


class Move(BaseModel):
    """How many mentions would be decided otherwise."""

    before: str
    after: str
    mentions: int


class ChangedView(BaseModel):
    """A mention that would be labelled otherwise; texts are `***` for who sees no persons."""

    mention_id: UUID
    classified_at: datetime
    text: str
    before: ClassificationView
    after: ClassificationView


class TrialView(BaseModel):
    """What the rules would change: `fired` counts mentions by rule, `changes` shows some."""

    mentions: int
    changed: int
    fired: dict[str, int]
    moves: list[Move]
    changes: list[ChangedView]


@router.get(
    "/rules",
    summary="The rules in force, or an earlier version",
    responses={404: {"description": "No such version"}},
)
async def get_rules(
    _: Reader,
    units: Units,
    response: Response,
    version: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
) -> RulesView:
    async with units.read() as connection:
        found = await rule_sets.stored(connection, version)
    if found is None and version:
        raise NotFoundError("no such version of the rules")
    response.headers["ETag"] = etag(found.version if found else 0)
    if found is None:
        return RulesView(
            version=0, document=RulesDocument(), applied_at=None, actor_name=None, reason=None
        )
    return RulesView(
        version=found.version,
        document=RulesDocument.model_validate(found.document),
        applied_at=found.applied_at,
        actor_name=found.actor_name,
        reason=found.reason,
    )


@router.put(
    "/rules",
    summary="Put a new version in force",
    responses={412: {"description": "Another version is in force than the one seen"}},
)
async def put_rules(
    body: RulesToApply,
    principal: Governor,
    units: Units,
    seen: RequiredVersion,
    response: Response,
) -> AppliedRules:
    async with units.begin() as uow:
        version = await apply_rules(
            uow, body.document, by=person(principal), reason=body.reason, expected_version=seen
        )
    response.headers["ETag"] = etag(version)
    return AppliedRules(version=version)


@router.post("/rules/dry-run", summary="What rules would change about recent mentions")
async def dry_run(
    body: RulesToTry,
    principal: Overseer,
    units: Units,
    decider: Deciders,
    thread: Thread,
    show: Annotated[int, Query(ge=0, le=200, description="How many changes to show")] = 50,
) -> TrialView:
    trial = await try_rules(units, thread, decider.now, body.document, most=body.mentions)
    return TrialView(
        mentions=trial.considered,
        changed=len(trial.changed),
        fired=dict(trial.fired),
        moves=[
            Move(before=before, after=after, mentions=count)
            for (before, after), count in sorted(trial.moved.items())
        ],
        changes=[_view(one, is_masked=not sees_persons(principal)) for one in trial.changed[:show]],
    )


def _view(changed: Changed, *, is_masked: bool) -> ChangedView:
    before, after = shown(changed.before), shown(changed.after)
    return ChangedView(
        mention_id=changed.mention_id,
        classified_at=changed.classified_at,
        text=MASK if is_masked else changed.text,
        before=masked(before) if is_masked else before,
        after=masked(after) if is_masked else after,
    )
