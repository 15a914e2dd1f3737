"""Blocks of settings that a service's own `settings.py` composes; no service-wide giant.

Environment variables begin with `OMBUD_`; nested blocks use `__` only in files, never here: every
field has a flat name. Secrets have no working defaults.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.errors import ConfigurationError


class Block(BaseSettings):
    """Base of every block: reads `OMBUD_<FIELD>`, ignores what it does not know."""

    model_config = SettingsConfigDict(
        env_prefix="OMBUD_",
        extra="ignore",
        frozen=True,
        # A wrong value may be a secret in the wrong place: errors name the field, not the value.
        hide_input_in_errors=True,
    )


class DatabaseSettings(Block):
    """Where the service's own schema lives.

    `database_url` is the service role's (postgresql://user:password@host/db);
    `admin_database_url` is the migrating role's and only `migrate` needs it.
    """

    database_url: SecretStr
    admin_database_url: SecretStr | None = None
    database_pool_size: int = Field(10, ge=2, le=100)


class KafkaSettings(Block):
    """How to reach the brokers. Times are in seconds.

    `kafka_session_timeout_s` is how long a consumer may be silent before others take its
    partitions: after a kill nobody works on them for so long.
    """

    kafka_bootstrap: str
    kafka_max_records: int = Field(500, ge=1, le=10_000)
    kafka_session_timeout_s: float = Field(30.0, ge=10, le=300)
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


class SecretRef(BaseModel, frozen=True, extra="forbid"):
    """Where a secret lies: in an environment variable or in a file. Never the secret itself."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _names_one_place(self) -> SecretRef:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret is named by `env` or by `file`")
        return self

    def read(self) -> SecretStr:
        """The secret. Raises ConfigurationError that names the place where there is none."""
        if self.env is not None:
            value = os.environ.get(self.env, "")
        else:
            assert self.file is not None, "one of the two"
            value = self.file.read_text().strip() if self.file.is_file() else ""
        if not value:
            raise ConfigurationError(f"there is no secret in {self.env or self.file}")
        return SecretStr(value)


class _Link(BaseModel, frozen=True, extra="forbid"):
    """A network and how it is reached. `per_minute` and `burst` hold per account."""

    network: str = Field(min_length=1)
    per_minute: float | None = Field(None, gt=0, le=6000)
    burst: int = Field(5, ge=1, le=1000)


class PlainLink(_Link):
    """Plain JSON over HTTP, the simulator's dialect; `network` `*` stands in for the others."""

    kind: Literal["plain"] = "plain"
    url: AnyHttpUrl
    accounts: tuple[str, ...] = Field(min_length=1)
    max_length: int = Field(500, ge=1)
    counting: Literal["code_points", "utf16_units", "utf8_bytes", "graphemes"] = "code_points"
    audiences: frozenset[Literal["public", "private"]] = frozenset({"public", "private"})
    read_back: Literal["thread", "none"] = "thread"


class BlueskyLink(_Link):
    """An account on Bluesky: its handle, its server and an app password."""

    kind: Literal["bluesky"]
    network: str = "bluesky"
    url: AnyHttpUrl = AnyHttpUrl("https://bsky.social")
    account: str = Field(min_length=1)
    secret: SecretRef


class SmtpLink(BaseModel, frozen=True, extra="forbid"):
    """Where mail is handed in; without `login` nobody logs in there."""

    host: str
    port: int = Field(587, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "starttls"
    login: bool = True


class ImapLink(BaseModel, frozen=True, extra="forbid"):
    """Where mail is read."""

    host: str
    port: int = Field(993, ge=1, le=65535)
    security: Literal["tls", "none"] = "tls"
    folder: str = "INBOX"


class MailLink(_Link):
    """A mail address of ours. With `imap` its mailbox also keeps a copy of each reply, by which
    it is found again; `settles_s` is how long that copy may take."""

    kind: Literal["mail"]
    network: str = "mail"
    account: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    sender_name: str = ""
    smtp: SmtpLink
    imap: ImapLink | None = None
    username: str | None = None
    secret: SecretRef
    settles_s: float = Field(20.0, ge=0)


class WebhookLink(_Link):
    """A bridge that publishes for us: replies as signed webhooks. Two secrets while they rotate."""

    kind: Literal["webhook"]
    url: AnyHttpUrl
    accounts: tuple[str, ...] = Field(min_length=1)
    secrets: tuple[SecretRef, ...] = Field(min_length=1, max_length=2)
    max_length: int = Field(500, ge=1)
    audiences: frozenset[Literal["public", "private"]] = frozenset({"public"})


def _kind(value: Any) -> str:
    kind = value.get("kind", "plain") if isinstance(value, dict) else value.kind
    return str(kind)


Link = Annotated[
    Annotated[PlainLink, Tag("plain")]
    | Annotated[BlueskyLink, Tag("bluesky")]
    | Annotated[MailLink, Tag("mail")]
    | Annotated[WebhookLink, Tag("webhook")],
    Discriminator(_kind),
]


class LinkSettings(Block):
    """OMBUD_CHANNELS (JSON): every network of the deployment, once for reading and for sending.

    `egress_proxy` carries everything that goes by HTTP; mail goes to its servers directly.
    """

    channels: tuple[Link, ...] = ()
    egress_proxy: AnyHttpUrl | None = None

    @property
    def proxy(self) -> str | None:
        return str(self.egress_proxy) if self.egress_proxy else None
