"""The configuration's teams and people: capacity, absences, certificates, deputies (S32, S41)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from router.domain.calendars import Calendar
from router.domain.people import FULL_TIME, Absence, Certificate, Colleague
from router.storage.configuration_part import (
    ConfigurationPart,
    Day,
    Name,
    PersonId,
    Text,
    begins_before_end,
    first_moment,
    last_moment,
)

RoleWord = Literal["triage", "agent", "lead", "department", "observer", "operator"]
_LEAST_SHARE = 1 / FULL_TIME


class TeamDocument(ConfigurationPart):
    name: Name
    title: Text


class CertificateDocument(ConfigurationPart):
    """A day is a whole day of the company's zone; `until` is the last day it is valid."""

    name: Name
    valid_from: Day = Field(alias="from")
    valid_until: Day | None = Field(None, alias="until")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        begins_before_end(self.valid_from, self.valid_until, "the certificate")
        return self

    def certificate(self, zone: ZoneInfo) -> Certificate:
        until = None if self.valid_until is None else last_moment(self.valid_until, zone)
        return Certificate(self.name, first_moment(self.valid_from, zone), until)


class AbsenceDocument(ConfigurationPart):
    """From the first day or moment until the last day (included) or moment (not included)."""

    begins: Day = Field(alias="from")
    ends: Day = Field(alias="until")
    reason: Text = "absent"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        begins_before_end(self.begins, self.ends, "the absence")
        return self

    def absence(self, zone: ZoneInfo) -> Absence:
        return Absence(first_moment(self.begins, zone), last_moment(self.ends, zone), self.reason)


class PersonDocument(ConfigurationPart):
    """`capacity` is the share of a full-time week; `deputies` stand in, in this order (S32).

    `calendar` names their working hours; without it they are here whenever they are not absent.
    """

    id: PersonId
    name: Text
    position: Name
    roles: tuple[RoleWord, ...] = ()
    teams: Annotated[tuple[Name, ...], Field(min_length=1)]
    capacity: Annotated[float, Field(ge=_LEAST_SHARE, le=1, multiple_of=_LEAST_SHARE)] = 1.0
    skills: tuple[Name, ...] = ()
    certificates: tuple[CertificateDocument, ...] = ()
    absences: Annotated[tuple[AbsenceDocument, ...], Field(max_length=200)] = ()
    deputies: Annotated[tuple[PersonId, ...], Field(max_length=20)] = ()
    calendar: Name | None = None

    def colleague(self, zone: ZoneInfo, calendars: Mapping[str, Calendar]) -> Colleague:
        return Colleague(
            id=self.id,
            name=self.name,
            position=self.position,
            roles=frozenset(self.roles),
            teams=self.teams,
            weight=round(self.capacity * FULL_TIME),
            skills=frozenset(self.skills),
            certificates=tuple(each.certificate(zone) for each in self.certificates),
            absences=tuple(each.absence(zone) for each in self.absences),
            deputies=self.deputies,
            calendar=calendars[self.calendar] if self.calendar else None,
        )
