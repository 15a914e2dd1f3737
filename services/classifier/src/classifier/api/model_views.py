"""How models, figures and changes are shown and given. Shapes only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from classifier.api.mentions import Reason

Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+\-]{0,99}$")]


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
