"""`POST /classify`: what the model says of one text. Nothing is stored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from classifier.domain.labels import Decision, EvidenceSource, Kind, Label, Language
from classifier.handlers.classify_mentions import post_text
from classifier.handlers.models import ModelThread
from common.web.auth import require

router = APIRouter(tags=["classification"])
READERS = ("triage", "agent", "lead", "observer", "operator")


class TextToClassify(BaseModel):
    """A text, and our account that it addresses if it does (with or without @)."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=20_000)
    account: str | None = Field(None, min_length=1, max_length=200)


class EvidenceView(BaseModel):
    """A place in the text that carried the decision; positions count code points."""

    model_config = ConfigDict(from_attributes=True)

    text: str
    start: int
    end: int
    weight: float
    source: EvidenceSource


class ClassificationView(BaseModel):
    """`confidence` (0..1) belongs to `label`; `decision` is `triage` where a person must decide."""

    model_config = ConfigDict(from_attributes=True)

    label: Label
    decision: Decision
    confidence: float
    kind: Kind
    abusive: bool
    urgent: bool
    own_agent_post: bool
    language: Language
    evidence: list[EvidenceView]
    model: str


class ModelView(BaseModel):
    """The model in use."""

    version: str


@router.post("/classify", dependencies=[Depends(require(*READERS))])
async def classify(body: TextToClassify, request: Request) -> ClassificationView:
    """Label one text as the pipeline would."""
    model: ModelThread = request.app.state.model
    (answer,) = await model.classify([post_text(body.text, body.account)])
    return ClassificationView.model_validate(answer)


@router.get("/model")
async def model_in_use(
    request: Request, _: Annotated[object, Depends(require(*READERS))]
) -> ModelView:
    """Which model answers; the same name stands in every classified event."""
    return ModelView(version=request.app.state.model.version)
