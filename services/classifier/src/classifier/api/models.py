"""The registered models: who decides, who answers beside, how they did."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

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
from classifier.api.model_views import (
    BackWanted,
    ChangeView,
    EvaluationView,
    ModelChosen,
    ModelEntry,
    ModelsView,
    ModelToRegister,
    Registered,
    ShadowChosen,
    Standing,
    Verdict,
)
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
from classifier.storage import registry
from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, OmbudError
from common.web.concurrency import etag
from common.web.idempotency import Answer

router = APIRouter(tags=["models"])
_CHANGED: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such model is registered"},
    409: {"description": "It may not: the answer says why"},
    412: {"description": "Changed since it was looked at"},
}


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
