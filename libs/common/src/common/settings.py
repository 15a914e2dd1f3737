"""Blocks of settings that a service's own `settings.py` composes; no service-wide giant.

Environment variables begin with `OMBUD_`; nested blocks use `__` only in files, never here: every
field has a flat name. Secrets have no working defaults.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Block(BaseSettings):
    """Base of every block: reads `OMBUD_<FIELD>`, ignores what it does not know."""

    model_config = SettingsConfigDict(env_prefix="OMBUD_", extra="ignore", frozen=True)


class DatabaseSettings(Block):
    """Where the service's own schema lives.

    `database_url` is the service role's (postgresql://user:password@host/db);
    `admin_database_url` is the migrating role's and only `migrate` needs it.
    """

    database_url: SecretStr
    admin_database_url: SecretStr | None = None
    database_pool_size: int = Field(10, ge=2, le=100)


class KafkaSettings(Block):
    """How to reach the brokers. Times are in seconds."""

    kafka_bootstrap: str
    kafka_max_records: int = Field(500, ge=1, le=10_000)
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: str = "SCRAM-SHA-512"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: str | None = None


class HttpSettings(Block):
    """Where the API listens. Port 0 takes a free one, which is then logged."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(8000, ge=0, le=65535)
    http_max_body_bytes: int = Field(1_048_576, ge=1024)


class AuthSettings(Block):
    """Who may ask. `auth=dev` switches the development issuer on and is refused nowhere else.

    `dev_token_secret` signs development tokens (HS256) and is needed only for `auth=dev`.
    """

    auth: Literal["oidc", "dev"] = "oidc"
    oidc_issuer: str | None = None
    oidc_audience: str = "ombud"
    oidc_jwks_url: str | None = None
    dev_token_secret: SecretStr | None = None


class LogSettings(Block):
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
