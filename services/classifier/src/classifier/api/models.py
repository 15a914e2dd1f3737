"""The registered models: who decides, who answers beside, how they did; and drift."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from classifier.api.access import (
    Command,
    Deciders,
    Governor,
    Overseer,
    SeenVersion,
    Thread,
    Units,
    person,
)
from classifier.api.mentions import Reason
from classifier.domain.lineage import START, Change
from classifier.domain.promotion import Evaluation, Figures
from classifier.handlers.change_models import (
    SHIPPED,
    keep_figures,
    let_shadow,
    promote,
    register_model,
    roll_back,
)
from classifier.handlers.measure_drift import measure_drift
from classifier.storage import registry
from classifier.storage.drift import Spread
from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, OmbudError
from common.web.concurrency import etag
from common.web.idempotency import Answer

router = APIRouter(tags=["models"])
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+\-]{0,99}$")]
_CHANGED: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such model is registered"},
    409: {"description": "It may not: the answer says why"},
    412: {"description": "Changed since it was looked at"},
}


class FiguresView(BaseModel):
    """Champion and challenger on the same posts of one part (corrections, de, en ...)."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    part: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_ ,\-]{0,62}$")]
    posts: Annotated[int, Field(ge=1, le=10_000_000)]
    champion_right: Annotated[int, Field(ge=0)]
    challenger_right: Annotated[int, Field(ge=0)]
    only_champion: Annotated[int, Field(ge=0)]
    only_challenger: Annotated[int, Field(ge=0)]
    champion_f1: Annotated[float, Field(ge=0, le=1)]
    challenger_f1: Annotated[float, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def _adds_up(self) -> FiguresView:
        if max(self.champion_right, self.challenger_right) > self.posts:
            raise ValueError("more right than there are posts")
        if (
            self.champion_right - self.only_champion != self.challenger_right - self.only_challenger
            or self.only_champion > self.champion_right
        ):
            raise ValueError("what both have right differs")
        return self


class EvaluationView(BaseModel):
    """A challenger measured against a champion; `data` names the posts (a digest)."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    champion: Version
    challenger: Version
    data: Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.\-]{1,100}$")]
    parts: Annotated[tuple[FiguresView, ...], Field(min_length=1, max_length=20)]


class ModelEntry(BaseModel):
    """A registered model; `role` is champion, challenger or none."""

    version: str
    role: str | None
    note: str
    registered_at: datetime
    registered_by: str
    evaluation: EvaluationView | None
    evaluated_at: datetime | None


class ChangeView(BaseModel):
    """Who decides from a change on; `shipped` is the model inside the package."""

    number: int
    what: str
    champion: str
    challenger: str | None
    at: datetime
    actor_name: str
    reason: str


class ModelsView(BaseModel):
    """Who decides, every model, every change (the newest last). The ETag is the last change."""

    champion: str
    challenger: str | None
    version: int
    models: list[ModelEntry]
    changes: list[ChangeView]


class ModelToRegister(BaseModel):
    """A model whose folder, named like it, lies in the models folder of the service."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    note: Reason


class ModelChosen(BaseModel):
    """A model, and why."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    reason: Reason


class ShadowChosen(BaseModel):
    """The model that answers beside the champion, or null for none, and why."""

    model_config = ConfigDict(extra="forbid")

    version: Version | None
    reason: Reason


class BackWanted(BaseModel):
    """Why the champion before shall decide again."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class Standing(BaseModel):
    """Who decides now."""

    champion: str
    challenger: str | None
    version: int


class Registered(BaseModel):
    """The model that was registered."""

    version: str


class Verdict(BaseModel):
    """Whether the model may be promoted, and what speaks against it."""

    may_be_promoted: bool
    objections: list[str]


@router.get("/models", summary="Registered models, who decides, and every change")
async def list_models(_: Overseer, units: Units, response: Response) -> ModelsView:
    async with units.read() as connection:
        models = await registry.models(connection)
        changes = await registry.changes(connection)
    last = changes[-1].change if changes else START
    response.headers["ETag"] = etag(last.number)
    return ModelsView(
        champion=last.champion or SHIPPED,
        challenger=last.challenger,
        version=last.number,
        models=[_entry(model, last) for model in models],
        changes=[
            ChangeView(
                number=stored.change.number,
                what=stored.change.what,
                champion=stored.change.champion or SHIPPED,
                challenger=stored.change.challenger,
                at=stored.at,
                actor_name=stored.actor_name,
                reason=stored.reason,
            )
            for stored in changes
        ],
    )


@router.post(
    "/models",
    status_code=201,
    response_model=Registered,
    summary="Register a model; its files must be in the models folder",
)
async def post_model(
    body: ModelToRegister,
    principal: Governor,
    command: Annotated[Command, Depends()],
    decider: Deciders,
    thread: Thread,
) -> Response:
    try:
        await thread.run(decider.load, body.version)
    except OmbudError as error:
        raise InvalidInputError(str(error), code="model_unreadable") from error

    async def effect(uow: UnitOfWork) -> Answer:
        await register_model(uow, body.version, note=body.note, by=person(principal))
        return Answer(201, Registered(version=body.version))

    return await command.run(effect)


@router.put(
    "/models/{version}/evaluation",
    summary="Keep the figures of an evaluation",
    responses={404: _CHANGED[404], 409: {"description": "Measured against another champion"}},
)
async def put_evaluation(
    version: str, body: EvaluationView, principal: Governor, units: Units
) -> Verdict:
    if body.challenger != version:
        raise InvalidInputError("the figures are of another model", code="other_model")
    evaluation = Evaluation(
        champion=body.champion,
        challenger=body.challenger,
        data=body.data,
        parts=tuple(Figures(**part.model_dump()) for part in body.parts),
    )
    async with units.begin() as uow:
        against = await keep_figures(uow, version, evaluation)
    return Verdict(may_be_promoted=not against, objections=against)


@router.post(
    "/models/promote",
    response_model=Standing,
    responses=_CHANGED,
    summary="Let a model decide, unless it is worse than the one that does",
)
async def post_promotion(
    body: ModelChosen,
    principal: Governor,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        by = person(principal)
        change = await promote(uow, body.version, by=by, reason=body.reason, expected=seen)
        return _standing(change)

    return await command.run(effect)


@router.post(
    "/models/rollback",
    response_model=Standing,
    responses={409: _CHANGED[409], 412: _CHANGED[412]},
    summary="Let the champion before decide again",
)
async def post_rollback(
    body: BackWanted,
    principal: Governor,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        return _standing(
            await roll_back(uow, by=person(principal), reason=body.reason, expected=seen)
        )

    return await command.run(effect)


@router.post(
    "/models/shadow",
    response_model=Standing,
    responses=_CHANGED,
    summary="Let a model answer beside the champion, or none",
)
async def post_shadow(
    body: ShadowChosen,
    principal: Governor,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        by = person(principal)
        return _standing(
            await let_shadow(uow, body.version, by=by, reason=body.reason, expected=seen)
        )

    return await command.run(effect)


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


def _standing(change: Change) -> Answer:
    view = Standing(
        champion=change.champion or SHIPPED, challenger=change.challenger, version=change.number
    )
    return Answer(200, view, {"ETag": etag(change.number)})


def _entry(model: registry.RegisteredModel, last: Change) -> ModelEntry:
    role = {last.champion: "champion", last.challenger: "challenger"}.get(model.version)
    figures: dict[str, Any] | None = dict(model.figures) if model.figures else None
    return ModelEntry(
        version=model.version,
        role=role,
        note=model.note,
        registered_at=model.registered_at,
        registered_by=model.registered_by,
        evaluation=EvaluationView.model_validate(figures) if figures else None,
        evaluated_at=model.evaluated_at,
    )
