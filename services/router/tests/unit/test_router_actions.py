"""What may be done for a customer, by whom, up to which amount (S103)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import (
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)
from router.domain.actions import (
    ActionKind,
    ActionState,
    ActionStep,
    acting_role,
    after,
    checked,
    is_repetition,
    kind_of,
)
from router.storage.configuration_document import packaged_default, parse

CATALOGUE = packaged_default().configuration(1).actions
CREDIT = CATALOGUE["goodwill_credit"]


def credit(amount: float, reason: str = "Kette zweimal gespannt") -> dict[str, str]:
    return checked(CREDIT, {"amount": amount, "reason": reason})


def every_type() -> ActionKind:
    document = packaged_default().dumped()
    document["actions"] = [
        {
            "name": "everything",
            "title": "Alles",
            "system": "crm",
            "allowed": {"agent": {}},
            "parameters": {
                "number": {"type": "number", "min": -1, "max": 10},
                "whole": {"type": "integer", "required": False},
                "text": {"type": "text", "max_length": 5, "required": False},
                "flag": {"type": "boolean", "required": False},
                "day": {"type": "date", "required": False},
                "pick": {"type": "choice", "choices": ["a", "b"], "required": False},
            },
        }
    ]
    return parse(document).configuration(1).actions["everything"]


def test_parameters_become_texts() -> None:
    given: dict[str, Any] = {
        "number": 1e-2,
        "whole": 7,
        "text": "Kette",
        "flag": False,
        "day": "2026-03-02",
        "pick": "b",
    }
    assert checked(every_type(), given) == {
        "number": "0.01",
        "whole": "7",
        "text": "Kette",
        "flag": "false",
        "day": "2026-03-02",
        "pick": "b",
    }


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "number: is required"),
        ({"number": True}, "number: must be a number"),
        ({"number": "7"}, "number: must be a number"),
        ({"number": float("nan")}, "number: must be a number below"),
        ({"number": float("inf")}, "number: must be a number below"),
        ({"number": 11}, "number: must be at most 10"),
        ({"number": -1.01}, "number: must be at least -1"),
        ({"number": 1, "whole": 1.5}, "whole: must be a whole number"),
        ({"number": 1, "whole": 10**12}, "whole: must be a number below"),
        ({"number": 1, "text": "Ketten"}, "text: must have 1 to 5"),
        ({"number": 1, "text": " "}, "text: must have 1 to 5"),
        ({"number": 1, "text": "a\x00b"}, "text: must have 1 to 5"),
        ({"number": 1, "flag": 1}, "flag: must be true or false"),
        ({"number": 1, "day": "2026-02-30"}, "day: must be a day"),
        ({"number": 1, "day": 7}, "day: must be a text"),
        ({"number": 1, "pick": "c"}, "pick: must be one of a, b"),
        ({"number": 1, "unheard": 1}, "unheard: no such parameter"),
    ],
)
def test_wrong_parameters_are_named(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked(every_type(), given)
    assert any(told.startswith(problem) for told in refused.value.details["problems"])


def test_all_wrong_parameters_are_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked(every_type(), {"day": "x", "flag": 1})
    assert len(refused.value.details["problems"]) == 3


@pytest.mark.parametrize(
    ("roles", "amount", "role"),
    [
        ({"agent"}, 50, "agent"),
        ({"agent", "lead"}, 50, "agent"),
        ({"agent", "lead"}, 50.01, "lead"),
        ({"lead"}, 200, "lead"),
    ],
)
def test_the_least_role_that_suffices_acts(roles: set[str], amount: float, role: str) -> None:
    assert acting_role(CREDIT, roles, wanted=credit(amount), had=[]) == role


@pytest.mark.parametrize(
    ("roles", "amount", "code", "who_may"),
    [
        ({"agent"}, 50.01, "over_limit", ["lead"]),
        ({"lead"}, 200.01, "over_limit", []),
        ({"triage"}, 1, "action_not_allowed", ["agent", "lead"]),
        (set(), 60, "action_not_allowed", ["lead"]),
    ],
)
def test_over_the_limit_it_is_said_who_may(
    roles: set[str], amount: float, code: str, who_may: list[str]
) -> None:
    with pytest.raises(ForbiddenError) as refused:
        acting_role(CREDIT, roles, wanted=credit(amount), had=[])
    assert (refused.value.code, refused.value.details["who_may"]) == (code, who_may)


@given(slices=st.lists(st.integers(1, 5000).map(lambda cents: cents / 100), max_size=12))
def test_no_amount_is_reached_in_slices(slices: list[float]) -> None:
    had: list[dict[str, str]] = []
    for amount in slices:
        try:
            acting_role(CREDIT, {"agent"}, wanted=credit(amount), had=had)
        except ForbiddenError:
            continue
        had.append(credit(amount))
    assert round(sum(float(each["amount"]) for each in had), 2) <= 50


def test_an_action_is_answered_once() -> None:
    assert after(ActionState.REQUESTED, ActionStep.CONFIRM) is ActionState.CONFIRMED
    assert is_repetition(ActionState.REFUSED, ActionStep.REFUSE)
    assert not is_repetition(ActionState.REQUESTED, ActionStep.REFUSE)
    for state in (ActionState.CONFIRMED, ActionState.REFUSED):
        for step in ActionStep:
            if not is_repetition(state, step):
                with pytest.raises(ConflictError):
                    after(state, step)


def test_an_unknown_action_is_told_with_the_known_ones() -> None:
    with pytest.raises(NotFoundError) as refused:
        kind_of(CATALOGUE, "free_motorcycle")
    assert refused.value.details["actions"] == sorted(CATALOGUE)


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"a": {"type": "choice"}}},
        {"parameters": {"a": {"type": "text", "min": 1}}},
        {"parameters": {"a": {"type": "number", "min": 2, "max": 1}}},
        {"allowed": {"agent": {"unheard": 1}}},
        {"allowed": {}},
        {"allowed": {"observer": {}}},
    ],
)
def test_a_catalogue_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    document = packaged_default().dumped()
    document["actions"][1].update(change)
    with pytest.raises(ConfigurationError, match=r"actions\.1"):
        parse(document)
