"""Departments and the questions to them as the API takes and shows them (S38, S67, S68)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from router.domain.departments import Channel, Department, NextStep, QueryState

_LONGEST_HOURS = 24 * 90


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ContactShown(_Shown):
    """A person at a department."""

    name: str
    address: str | None


class DepartmentShown(BaseModel):
    """An entry of the directory. `calendar`: its working time, in which its deadlines count."""

    id: str
    name: str
    channel: Channel
    contact: ContactShown
    deputy: ContactShown | None
    calendar: str | None


def department_shown(department: Department) -> DepartmentShown:
    """The entry as a model."""
    return DepartmentShown(
        id=department.id,
        name=department.name,
        channel=department.channel,
        contact=ContactShown.model_validate(department.contact),
        deputy=department.deputy and ContactShown.model_validate(department.deputy),
        calendar=department.calendar and department.calendar.name,
    )


class Directory(BaseModel):
    """All departments of the configuration in force."""

    configuration_version: int
    items: list[DepartmentShown]


class AskRequest(BaseModel):
    """A question. `link` and `reach` come from the case's post where it is known."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "department": "workshop",
                "question": "Wann ist der nächste freie Termin für eine Kette?",
                "priority": "high",
                "deadline_hours": 24,
            }
        }
    )

    department: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    question: Annotated[str, Field(min_length=1, max_length=4000)]
    link: Annotated[str | None, Field(max_length=2000)] = None
    reach: Annotated[int | None, Field(ge=0, le=2**53)] = None
    priority: Literal["normal", "high"] = "normal"
    deadline_hours: Annotated[float | None, Field(gt=0, le=_LONGEST_HOURS)] = None
    free_wording_allowed: bool = True
    issue_id: UUID | None = None


class QueryShown(_Shown):
    """A question to a department and what became of it."""

    query_id: UUID
    case_id: UUID
    issue_id: UUID | None
    department: str
    question: str
    origin: str
    is_free_wording_allowed: bool
    link: str
    reach: int
    priority: str
    asked_by_name: str
    asked_at: datetime
    due_at: datetime
    state: QueryState
    reminded_at: datetime | None
    breached_at: datetime | None
    answer: str | None
    answered_by: str | None
    answered_via: str | None
    answered_at: datetime | None
    next_step: str | None
    next_step_by_name: str | None
    next_step_at: datetime | None


class MessageShown(_Shown):
    """Something said to the department. `last_error` is a code."""

    kind: str
    channel: str
    recipient: str
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    last_error: str | None


class QueryDetail(QueryShown):
    """A question with everything that was said to the department about it."""

    messages: list[MessageShown]


class AnswerRequest(BaseModel):
    """The department's answer, in its own words."""

    model_config = ConfigDict(json_schema_extra={"example": {"answer": "Dienstag 9 Uhr ist frei."}})

    answer: Annotated[str, Field(min_length=1, max_length=20_000)]
    answered_by: Annotated[str | None, Field(min_length=1, max_length=200)] = Field(
        None, description="Who gave it, where an agent writes it down for them"
    )


class WithdrawRequest(BaseModel):
    """Why nobody waits any more."""

    reason: Annotated[str, Field(min_length=1, max_length=300)]


class NextStepRequest(BaseModel):
    """What is done with the answer."""

    next_step: NextStep


class SignedAnswer(BaseModel):
    """The body of a department's signed webhook."""

    query_id: UUID
    answer: Annotated[str, Field(min_length=1, max_length=20_000)]
    answered_by: Annotated[str, Field(min_length=1, max_length=200)]
