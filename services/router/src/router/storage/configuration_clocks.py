"""The configuration's times: clocks, leases, and how long a closed case can be reopened (S47)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from router.storage.configuration_part import ConfigurationPart

DecisionWord = Literal["service", "non_service", "triage"]


class FirstReactionDocument(ConfigurationPart):
    """The clock of S47 and S48; it starts for mentions with one of `decisions`."""

    minutes: Annotated[float, Field(gt=0, le=10_080)] = 10
    warn_at_percent: Annotated[float, Field(gt=0, lt=100)] = 70
    decisions: tuple[DecisionWord, ...] = ("service", "triage")


class ClocksDocument(ConfigurationPart):
    first_reaction: FirstReactionDocument = FirstReactionDocument()


class ClaimsDocument(ConfigurationPart):
    lease_seconds: Annotated[int, Field(ge=30, le=86_400)] = 900
    longest_lease_seconds: Annotated[int, Field(ge=30, le=86_400)] = 3600

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.lease_seconds > self.longest_lease_seconds:
            raise ValueError("lease_seconds is longer than longest_lease_seconds")
        return self


class CasesDocument(ConfigurationPart):
    """Within `reopen_within_days` of its closing a case goes on; later a new one is linked."""

    reopen_within_days: Annotated[float, Field(ge=0, le=3650)] = 14
