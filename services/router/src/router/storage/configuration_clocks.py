"""The configuration's other times: leases, and how long a closed case can be reopened (S47)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from router.domain.case_policy import CasePolicy
from router.storage.configuration_part import ConfigurationPart

DecisionWord = Literal["service", "non_service", "triage"]


class ClaimsDocument(ConfigurationPart):
    lease_seconds: Annotated[int, Field(ge=30, le=86_400)] = 900
    longest_lease_seconds: Annotated[int, Field(ge=30, le=86_400)] = 3600

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.lease_seconds > self.longest_lease_seconds:
            raise ValueError("lease_seconds is longer than longest_lease_seconds")
        return self


class CasesDocument(ConfigurationPart):
    """How long cases wait for others, and when a conversation is the same matter still.

    Within `reopen_within_days` of its closing a case goes on; later a new one is linked. After
    `offers_before_observing` offers that stayed unanswered for `customer_wait_hours` a case is only
    observed (S65, S96).
    """

    reopen_within_days: Annotated[float, Field(ge=0, le=3650)] = 14
    close_settled_after_days: Annotated[float, Field(gt=0, le=365)] = 3
    customer_wait_hours: Annotated[float, Field(gt=0, le=8760)] = 48
    offers_before_observing: Annotated[int, Field(ge=1, le=10)] = 2
    observe_days: Annotated[float, Field(gt=0, le=365)] = 14

    def policy(self) -> CasePolicy:
        """What the decisions read."""
        return CasePolicy(
            reopen_within=timedelta(days=self.reopen_within_days),
            close_settled_after=timedelta(days=self.close_settled_after_days),
            customer_wait=timedelta(hours=self.customer_wait_hours),
            offers_before_observing=self.offers_before_observing,
            observe_for=timedelta(days=self.observe_days),
        )
