"""The classifier's settings; the only file here that reads the environment."""

from __future__ import annotations

from pathlib import Path

from common.settings import AuthSettings, DatabaseSettings, HttpSettings, KafkaSettings, LogSettings


class ClassifierSettings(DatabaseSettings, KafkaSettings, HttpSettings, AuthSettings, LogSettings):
    """`model_folder` is an artefact of `make train` to use instead of the shipped one."""

    model_folder: Path | None = None
