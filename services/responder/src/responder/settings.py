"""What operators can turn: the only module of the responder that reads the environment."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from pydantic import AnyHttpUrl, Field, SecretStr

from common.errors import ConfigurationError
from common.settings import (
    AuthSettings,
    Block,
    DatabaseSettings,
    HttpSettings,
    KafkaSettings,
    Link,
    LinkSettings,
    LogSettings,
    PlainLink,
)


class SendingSettings(LinkSettings):
    """Channels, and how replies are sent. Times are in seconds.

    `simulator_url` puts the platform simulator in the place of every network that `channels`
    (JSON) does not name. The lease must be longer than a call can take, with room to spare.
    For `undo_window_s` after its approval a reply can still be withdrawn; then it leaves.
    """

    simulator_url: AnyHttpUrl | None = None
    simulator_accounts: tuple[str, ...] = ("motorrad_ag",)
    private_replies_review: Literal["optional", "required"] = "optional"
    dispatch_parallel: int = Field(16, ge=1, le=256)
    dispatch_timeout_s: float = Field(5.0, gt=0, le=30)
    dispatch_lease_s: float = Field(60.0, gt=0)
    undo_window_s: float = Field(0.0, ge=0, le=300)

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=self.dispatch_timeout_s)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.dispatch_lease_s)

    @property
    def undo_window(self) -> timedelta:
        return timedelta(seconds=self.undo_window_s)

    def all_channels(self) -> tuple[Link, ...]:
        """The channels named, and the simulator for the rest where there is one."""
        if self.simulator_url is None:
            return self.channels
        simulator = PlainLink(network="*", url=self.simulator_url, accounts=self.simulator_accounts)
        return (*self.channels, simulator)


class ReviewSettings(Block):
    """How long one person has for a review (S57), and what a deployment allows besides (S58).

    `break_glass`, `certificates` and `lead_in` are written into the database by `migrate`, where
    the service's own role cannot change them. `reply_signature` puts the author's initials at
    the end of every reply (S102).
    """

    review_budget_s: float = Field(180.0, ge=1, le=3600)
    break_glass: Literal["off", "leads"] = "off"
    certificates: Literal["named", "everybody"] = "named"
    lead_in: Literal["required", "optional"] = "required"
    reply_signature: Literal["none", "initials"] = "none"

    @property
    def budget(self) -> timedelta:
        return timedelta(seconds=self.review_budget_s)


class PrivateSettings(Block):
    """The restricted store (S66): keys of 32 bytes in base64, the first seals, all open.

    Without a key values are stored as they are, readable by the service's database role alone.
    """

    private_store_keys: tuple[SecretStr, ...] = ()
    private_retention_days: float = Field(90.0, gt=0, le=3650)

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.private_retention_days)

    def keys(self) -> tuple[bytes, ...]:
        """The keys themselves. Raises ConfigurationError for what is not base64."""
        try:
            return tuple(
                b64decode(key.get_secret_value(), validate=True) for key in self.private_store_keys
            )
        except ValueError as error:
            raise ConfigurationError("OMBUD_PRIVATE_STORE_KEYS is not base64") from error


class GateSettings(Block):
    """The model that suggests words, if any: an OpenAI-compatible interface, of which only
    `POST /chat/completions` is used."""

    suggestions_url: AnyHttpUrl | None = None
    suggestions_model: str = "default"
    suggestions_key: SecretStr | None = None
    suggestions_timeout_s: float = Field(20.0, gt=0, le=120)


@dataclass(frozen=True, slots=True)
class ResponderSettings:
    """Every block that the responder uses, read once at the start."""

    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    auth: AuthSettings = field(default_factory=AuthSettings)
    log: LogSettings = field(default_factory=LogSettings)
    sending: SendingSettings = field(default_factory=SendingSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    gates: GateSettings = field(default_factory=GateSettings)
    private: PrivateSettings = field(default_factory=PrivateSettings)
