"""The input side's table of contents: event to use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from common.events.classifier import CrisisSwitched
from common.events.parts import Part
from common.events.router import (
    CaseClosed,
    CaseContinued,
    CaseOpened,
    ConfigurationApplied,
    DepartmentQueryAnswered,
)
from responder.handlers import record_actions, record_cases, record_people

HANDLERS: Mapping[type[Part], Callable[..., Awaitable[Any]]] = {
    CaseOpened: record_cases.record_opened,
    CaseContinued: record_cases.record_continued,
    CaseClosed: record_cases.record_closed,
    DepartmentQueryAnswered: record_actions.record_department_answers,
    ConfigurationApplied: record_people.record_configuration,
    CrisisSwitched: record_people.record_crises,
}
