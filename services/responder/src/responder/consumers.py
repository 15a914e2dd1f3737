"""The input side's table of contents: event to use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from common.events.classifier import CrisisSwitched
from common.events.parts import Part
from common.events.router import (
    CaseClosed,
    CaseContinued,
    CaseMerged,
    CaseOpened,
    CaseStateChanged,
    CaseUnmerged,
    ConfigurationApplied,
    DepartmentQueryAnswered,
)
from responder.handlers import record_actions, record_cases, record_people
from responder.handlers.record_cases import RecordMentions

Handler = Callable[..., Awaitable[Any]]


def handlers(record_mentions: RecordMentions) -> Mapping[type[Part], Handler]:
    """The table; private words go where `record_mentions` puts them."""
    return {CaseOpened: record_mentions, CaseContinued: record_mentions, **_PLAIN}


_PLAIN: Mapping[type[Part], Handler] = {
    CaseClosed: record_cases.record_closed,
    CaseStateChanged: record_cases.record_states,
    CaseMerged: record_cases.record_merges,
    CaseUnmerged: record_cases.record_merges,
    DepartmentQueryAnswered: record_actions.record_department_answers,
    ConfigurationApplied: record_people.record_configuration,
    CrisisSwitched: record_people.record_crises,
}
