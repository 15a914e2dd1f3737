"""The classifier's settings; the only file here that reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, HttpUrl, SecretStr, model_validator

from common.settings import (
    AuthSettings,
    Block,
    DatabaseSettings,
    HttpSettings,
    KafkaSettings,
    LogSettings,
)


class ModelSettings(Block):
    """Which model decides; the shipped one stands behind both others.

    `model_folder` is an artefact of `make train` to use instead of the shipped one,
    `classifier_models` the folder of registered models, shared by all replicas.
    """

    classifier_model: Literal["shipped", "onnx", "http"] = "shipped"
    model_folder: Path | None = None
    classifier_models: Path | None = None
    classifier_onnx_folder: Path | None = None
    classifier_http_url: HttpUrl | None = None
    classifier_http_model: str | None = None
    classifier_http_key: SecretStr | None = None
    classifier_http_ask: Literal["triage", "all"] = "triage"
    classifier_http_timeout_seconds: float = Field(5.0, gt=0, le=60)
    classifier_http_batch_seconds: float = Field(10.0, gt=0, le=120)
    classifier_http_per_minute: int = Field(120, ge=1)
    classifier_http_per_day: int = Field(10_000, ge=1)
    classifier_http_parallel: int = Field(8, ge=1, le=64)
    classifier_http_sure_from: float = Field(0.9, gt=0.5, le=1.0)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.classifier_model == "onnx" and self.classifier_onnx_folder is None:
            raise ValueError("OMBUD_CLASSIFIER_MODEL=onnx needs OMBUD_CLASSIFIER_ONNX_FOLDER")
        if self.classifier_model == "http" and not (
            self.classifier_http_url and self.classifier_http_model
        ):
            raise ValueError(
                "OMBUD_CLASSIFIER_MODEL=http needs OMBUD_CLASSIFIER_HTTP_URL and _HTTP_MODEL"
            )
        return self


class ClassifierSettings(
    ModelSettings, DatabaseSettings, KafkaSettings, HttpSettings, AuthSettings, LogSettings
):
    """`classifier_mentions_kept` and `_kept_days` bound what is remembered, whichever comes first.

    The crisis bounds: see `domain.crisis.Bounds`.
    """

    classifier_repeat_days: int = Field(14, ge=1, le=365)
    classifier_mentions_kept: int = Field(1_000_000, ge=1_000)
    classifier_mentions_kept_days: int = Field(30, ge=1, le=400)
    classifier_corrections_kept_days: int = Field(730, ge=1)
    classifier_poll_seconds: float = Field(5.0, gt=0, le=300)
    classifier_crisis_window_minutes: int = Field(60, ge=5, le=1440)
    classifier_crisis_least_mentions: int = Field(20, ge=3)
    classifier_crisis_least_reach: int = Field(250_000, ge=1)
    classifier_crisis_factor: float = Field(3.0, ge=1.5)
    classifier_crisis_history_hours: float = Field(24.0, gt=0)
    classifier_crisis_check_seconds: float = Field(30.0, gt=0)
