"""Who decides: register a trained model, keep its figures, promote, roll back, let it shadow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from classifier.domain.lineage import START, Change, promotion, rollback, shadow
from classifier.domain.promotion import Evaluation, figures_of, objections
from classifier.handlers.wire import MODELS_STREAM
from classifier.storage import registry
from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, NotFoundError, PreconditionFailedError
from common.events.classifier import ModelChanged
from common.events.envelope import new_event
from common.events.parts import Actor
from common.ids import derived_id

SHIPPED = "shipped"
"""How people name the model inside the package."""


async def register_model(uow: UnitOfWork, version: str, *, note: str, by: Actor) -> None:
    """Note a model whose files are in the models folder. Idempotent."""
    await registry.register(uow.connection, version, note=note, by=by.name, at=uow.now)


async def keep_figures(uow: UnitOfWork, version: str, evaluation: Evaluation) -> list[str]:
    """Keep an evaluation of a registered model; what speaks against promoting it.

    Raises NotFoundError, and ConflictError when it was measured against another champion than
    the one that decides.
    """
    last = await _last(uow)
    if evaluation.champion != (last.champion or SHIPPED):
        raise ConflictError(
            f"measured against {evaluation.champion}, but {last.champion or SHIPPED} decides",
            code="other_champion",
        )
    if not await registry.set_figures(uow.connection, version, asdict(evaluation), at=uow.now):
        raise NotFoundError(f"no model {version} is registered")
    return objections(evaluation)


async def promote(
    uow: UnitOfWork, version: str, *, by: Actor, reason: str, expected: int | None
) -> Change:
    """Let a model decide. ConflictError `not_better` names what it is worse at.

    Raises NotFoundError for one that is not registered, ConflictError also where it was never
    evaluated against the champion that decides now.
    """
    models = {model.version: model for model in await registry.models(uow.connection)}
    if version not in models:
        raise NotFoundError(f"no model {version} is registered")
    changes = [stored.change for stored in await registry.changes(uow.connection)]
    change = promotion(changes, version)
    champion = changes[-1].champion if changes else START.champion
    figures = models[version].figures
    if figures is None or figures["champion"] != (champion or SHIPPED):
        raise ConflictError(
            f"{version} was not evaluated against {champion or SHIPPED}, which decides now",
            code="not_evaluated",
        )
    if against := objections(evaluation_of(figures)):
        raise ConflictError(
            f"{version} is not promoted: {'; '.join(against)}",
            code="not_better",
            details={"objections": against},
        )
    return await _make(uow, change, by=by, reason=reason, expected=expected)


async def roll_back(uow: UnitOfWork, *, by: Actor, reason: str, expected: int | None) -> Change:
    """Let the champion before decide again. Raises ConflictError where there is none."""
    changes = [stored.change for stored in await registry.changes(uow.connection)]
    return await _make(uow, rollback(changes), by=by, reason=reason, expected=expected)


async def let_shadow(
    uow: UnitOfWork, version: str | None, *, by: Actor, reason: str, expected: int | None
) -> Change:
    """Let a registered model answer beside the champion; None ends it."""
    known = {model.version for model in await registry.models(uow.connection)}
    if version is not None and version not in known:
        raise NotFoundError(f"no model {version} is registered")
    changes = [stored.change for stored in await registry.changes(uow.connection)]
    return await _make(uow, shadow(changes, version), by=by, reason=reason, expected=expected)


def evaluation_of(document: Mapping[str, Any]) -> Evaluation:
    """An evaluation as it was stored."""
    return Evaluation(
        champion=document["champion"],
        challenger=document["challenger"],
        data=document["data"],
        parts=tuple(figures_of(part) for part in document["parts"]),
    )


def checked(load: Callable[[str], Any], version: str) -> None:
    """Read the files once before anybody relies on them; raises what reading raises."""
    load(version)


async def _last(uow: UnitOfWork) -> Change:
    changes = await registry.changes(uow.connection)
    return changes[-1].change if changes else START


async def _make(
    uow: UnitOfWork, change: Change, *, by: Actor, reason: str, expected: int | None
) -> Change:
    if expected is not None and change.number != expected + 1:
        raise PreconditionFailedError(
            "the models were changed since you looked",
            details={"current_version": change.number - 1},
        )
    added = await registry.add_change(
        uow.connection, change, actor=(by.id, by.name), reason=reason, at=uow.now
    )
    if not added:
        raise PreconditionFailedError("the models were changed by somebody else meanwhile")
    data = ModelChanged(
        stream_id=MODELS_STREAM,
        change=change.number,
        what=change.what.value,
        champion=change.champion,
        challenger=change.challenger,
        actor=by,
        reason=reason,
    )
    uow.publish(
        new_event(data, id=derived_id("models", change.number), subject=MODELS_STREAM, time=uow.now)
    )
    return change
