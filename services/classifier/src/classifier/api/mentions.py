"""Recent mentions: their labels, people's corrections, and the export of these for training."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from classifier.api.access import (
    Command,
    Governor,
    Reader,
    SeenVersion,
    Units,
    Writer,
    person,
    sees_persons,
)
from classifier.api.answers import ClassificationView, shown
from classifier.domain.labels import Concern, Kind, Label, Need, Signal
from classifier.handlers.reclassify_mention import Labels, reclassify_mention
from classifier.handlers.wire import from_the_wire, mention_in
from classifier.storage import corrections, recent
from classifier.storage.corrections import Correction
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import NotFoundError
from common.web.concurrency import etag
from common.web.idempotency import Answer

router = APIRouter(tags=["mentions"])
_PAGE = 500


SAYS_SOMETHING = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""A text with a word in it, and without NUL, which PostgreSQL cannot keep."""
Reason = Annotated[str, Field(max_length=1_000, pattern=SAYS_SOMETHING)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_\-]{0,62}$")]


class ConcernGiven(BaseModel):
    """A concern as a person sees it; `department` is an id of the configuration."""

    model_config = ConfigDict(extra="forbid")

    topic: Word
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    department: Word | None = None


class ReclassifyRequest(BaseModel):
    """What is right, and why. Fields left out keep the classifier's word."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "label": "service",
                    "kind": "complaint",
                    "needs": ["customer_db"],
                    "reason": "Er wartet auf seine Erstattung, das ist keine Meinung.",
                }
            ]
        },
    )

    label: Label
    kind: Kind
    abusive: bool | None = None
    urgent: bool | None = None
    own_post: bool | None = None
    signals: Annotated[frozenset[Signal], Field(max_length=10)] | None = None
    needs: Annotated[frozenset[Need], Field(max_length=10)] | None = None
    concerns: Annotated[tuple[ConcernGiven, ...], Field(max_length=20)] | None = None
    reason: Reason


class MentionView(BaseModel):
    """A recent mention's labels; `version` is its ETag. `***` hides persons from overseers."""

    mention_id: UUID
    version: int
    network: str
    posted_at: datetime
    text: str
    classification: ClassificationView


class ReclassifiedView(BaseModel):
    """What stands now."""

    mention_id: UUID
    version: int
    classification: ClassificationView


@router.get(
    "/mentions/{mention_id}",
    summary="The labels of a recent mention",
    responses={404: {"description": "Unknown, or not kept any more"}},
)
async def get_mention(
    mention_id: UUID, principal: Reader, units: Units, response: Response
) -> MentionView:
    async with units.read() as connection:
        stored = await recent.find(connection, mention_id)
    if stored is None:
        raise NotFoundError("no such mention, or it is not kept any more")
    event = mention_in(stored.body)
    classification = shown(from_the_wire(event.classification))
    response.headers["ETag"] = etag(stored.version)
    if not sees_persons(principal):
        classification = masked(classification)
    return MentionView(
        mention_id=mention_id,
        version=stored.version,
        network=event.mention.network,
        posted_at=event.mention.posted_at,
        text=event.mention.text if sees_persons(principal) else MASK,
        classification=classification,
    )


@router.post(
    "/mentions/{mention_id}/reclassify",
    summary="Correct a label: moves the mention, and is learned from",
    response_model=ReclassifiedView,
    responses={
        404: {"description": "Unknown, or not kept any more"},
        412: {"description": "Corrected since it was looked at"},
    },
)
async def reclassify(
    mention_id: UUID,
    body: ReclassifyRequest,
    principal: Writer,
    command: Annotated[Command, Depends()],
    seen: SeenVersion,
) -> Response:
    async def effect(uow: UnitOfWork) -> Answer:
        done = await reclassify_mention(
            uow,
            mention_id,
            _labels(body),
            by=person(principal),
            reason=body.reason,
            expected_version=seen,
        )
        view = ReclassifiedView(
            mention_id=mention_id,
            version=done.version,
            classification=shown(done.classification),
        )
        return Answer(200, view, {"ETag": etag(done.version)})

    return await command.run(effect)


@router.get(
    "/corrections",
    summary="The last correction of every mention as JSON lines, the oldest first",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
async def export_corrections(_: Governor, units: Units) -> StreamingResponse:
    return StreamingResponse(_lines(units), media_type="application/x-ndjson")


async def _lines(units: UnitOfWorkFactory) -> AsyncIterator[bytes]:
    after: tuple[datetime, UUID] | None = None
    while True:
        async with units.read() as connection:
            page = await corrections.latest(connection, after=after, most=_PAGE)
        for correction in page:
            yield orjson.dumps(line_of(correction), option=orjson.OPT_APPEND_NEWLINE)
        if len(page) < _PAGE:
            return
        after = (page[-1].corrected_at, page[-1].correction_id)


def line_of(correction: Correction) -> dict[str, Any]:
    """A correction in the shape of labelled posts, plus who said so and what stood there.

    Without the person's name: who trains a model needs to know that it was a person.
    """
    after = correction.after
    return {
        "id": str(correction.mention_id),
        "text": correction.text,
        "language": correction.language,
        "service": after["label"] == Label.SERVICE,
        "kind": after["kind"],
        "abusive": after["abusive"],
        "urgent": after["urgent"],
        "signals": after["signals"],
        "needs": after["needs"],
        "topics": after["topics"],
        "network": correction.network,
        "account": correction.account,
        "model": correction.model,
        "before": dict(correction.before),
        "corrected_at": correction.corrected_at,
    }


MASK = "***"


def masked(view: ClassificationView) -> ClassificationView:
    """The same without the customer's words."""
    return view.model_copy(
        update={
            "evidence": [e.model_copy(update={"text": MASK}) for e in view.evidence],
            "concerns": [c.model_copy(update={"text": MASK}) for c in view.concerns],
            "already_tried": [MASK] * len(view.already_tried),
        }
    )


def _labels(body: ReclassifyRequest) -> Labels:
    return Labels(
        label=body.label,
        kind=body.kind,
        abusive=body.abusive,
        urgent=body.urgent,
        own_post=body.own_post,
        signals=body.signals,
        needs=body.needs,
        concerns=None
        if body.concerns is None
        else tuple(Concern(c.topic, c.text, c.department) for c in body.concerns),
    )
