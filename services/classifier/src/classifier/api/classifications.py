"""`POST /classify`: what is said of one text, as the pipeline would say it. Nothing is stored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from classifier.api.access import Deciders, Reader
from classifier.api.answers import ClassificationView, shown
from classifier.handlers.deciding import asked_about

router = APIRouter(tags=["classification"])

Name = Annotated[str, Field(min_length=1, max_length=200)]


class TextToClassify(BaseModel):
    """A text, and our account that it addresses if it does (with or without @).

    `network` and `author` (a handle or id) matter to operator's rules only.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "@motorrad_ag Mein Motor startet nicht mehr. Was soll ich tun?",
                    "account": "motorrad_ag",
                }
            ]
        },
    )

    text: str = Field(min_length=1, max_length=20_000)
    account: Name | None = None
    network: Name | None = None
    author: Name | None = None


class ModelView(BaseModel):
    """What decides now: model, challenger beside it, version of the rules (0: none)."""

    version: str
    challenger: str | None
    rules: int


@router.post("/classify", summary="Classify one text as the pipeline would")
async def classify(body: TextToClassify, _: Reader, decider: Deciders) -> ClassificationView:
    (decided,) = await decider.decide(
        [asked_about(body.text, account=body.account, network=body.network, authors=(body.author,))]
    )
    return shown(decided.answer)


@router.get("/model", summary="Which model and rules answer")
async def model_in_use(_: Reader, decider: Deciders) -> ModelView:
    now = decider.now
    return ModelView(
        version=now.champion.version,
        challenger=now.challenger.version if now.challenger else None,
        rules=now.rules.version,
    )
