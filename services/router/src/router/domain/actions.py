"""The catalogue of actions: what may be done for a customer, by whom, up to which amount (S103).

Nothing is carried out here: an action is asked for, another system does it and confirms or
refuses. Limits count what the case has had already, so that no amount is reached in slices.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from common.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError

ParameterType = Literal["number", "integer", "text", "boolean", "date", "choice"]
ROLES_BY_MIGHT = ("triage", "agent", "lead")
_LARGEST = Decimal(10) ** 12
_NUMBERS = ("number", "integer")


class ActionState(enum.StrEnum):
    """`requested` waits for the other system; the other two are final."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class ActionStep(enum.StrEnum):
    CONFIRM = "confirm"
    REFUSE = "refuse"


TRANSITIONS: Mapping[tuple[ActionState, ActionStep], ActionState] = {
    (ActionState.REQUESTED, ActionStep.CONFIRM): ActionState.CONFIRMED,
    (ActionState.REQUESTED, ActionStep.REFUSE): ActionState.REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterKind:
    """What a parameter may be; bounds are included, `longest` counts characters."""

    type: ParameterType
    is_required: bool = True
    least: float | None = None
    most: float | None = None
    longest: int = 500
    choices: tuple[str, ...] = ()
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionKind:
    """An entry of the catalogue. `system` carries it out.

    `allowed` maps a role to its limits: parameter -> most in one case; no entry, no limit.
    """

    name: str
    title: str
    system: str
    parameters: Mapping[str, ParameterKind]
    allowed: Mapping[str, Mapping[str, float]]
    confirm_within: timedelta


def kind_of(catalogue: Mapping[str, ActionKind], name: str) -> ActionKind:
    """The entry; NotFoundError names those that exist."""
    found = catalogue.get(name)
    if found is None:
        raise NotFoundError(
            "the catalogue has no such action",
            code="unknown_action",
            details={"actions": sorted(catalogue)},
        )
    return found


def checked(kind: ActionKind, given: Mapping[str, Any]) -> dict[str, str]:
    """The parameters as texts, as they are stored and told.

    Raises InvalidInputError that names everything that is missing, unknown or out of range.
    """
    problems = [f"{name}: no such parameter" for name in given if name not in kind.parameters]
    texts = {}
    for name, parameter in kind.parameters.items():
        if given.get(name) is None:
            if parameter.is_required:
                problems.append(f"{name}: is required")
            continue
        try:
            texts[name] = _text(parameter, given[name])
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise InvalidInputError(
            "; ".join(problems), code="bad_parameters", details={"problems": problems}
        )
    return texts


def acting_role(
    kind: ActionKind,
    roles: Collection[str],
    *,
    wanted: Mapping[str, str],
    had: Sequence[Mapping[str, str]],
) -> str:
    """The least of the person's roles that allows it, given what the case `had` of this action.

    Raises ForbiddenError that says who may: nobody of these roles, or nobody up to this amount.
    """
    totals = {name: _total(name, [*had, wanted]) for name in _limited(kind)}
    who_may = [role for role in ROLES_BY_MIGHT if _allows(kind, role, totals)]
    mine = [role for role in who_may if role in roles]
    if mine:
        return mine[0]
    if not any(role in kind.allowed for role in roles):
        raise ForbiddenError(
            f"your role may not ask for {kind.name}",
            code="action_not_allowed",
            details={"who_may": who_may},
        )
    raise ForbiddenError(
        f"{kind.name} goes beyond what your role may give in one case",
        code="over_limit",
        details={
            "limits": {role: dict(kind.allowed[role]) for role in kind.allowed if role in roles},
            "total_with_this": {name: float(total) for name, total in totals.items()},
            "who_may": who_may,
        },
    )


def after(state: ActionState, step: ActionStep) -> ActionState:
    """The state that `step` leads to; ConflictError where the action was answered otherwise."""
    following = TRANSITIONS.get((state, step))
    if following is None:
        raise ConflictError(
            f"the action is {state} already",
            code=f"action_is_{state}",
            details={"state": state.value},
        )
    return following


def is_repetition(state: ActionState, step: ActionStep) -> bool:
    """Whether an answer says again what was said already: it changes nothing."""
    return TRANSITIONS[ActionState.REQUESTED, step] is state


def _limited(kind: ActionKind) -> set[str]:
    return {name for limits in kind.allowed.values() for name in limits}


def _total(name: str, parameters: Sequence[Mapping[str, str]]) -> Decimal:
    return sum((Decimal(each[name]) for each in parameters if name in each), Decimal(0))


def _allows(kind: ActionKind, role: str, totals: Mapping[str, Decimal]) -> bool:
    limits = kind.allowed.get(role)
    if limits is None:
        return False
    return all(totals[name] <= Decimal(str(most)) for name, most in limits.items())


def _text(parameter: ParameterKind, value: Any) -> str:
    """The value as text; ValueError says what it should be."""
    if parameter.type in _NUMBERS:
        return _number(parameter, value)
    if parameter.type == "boolean":
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if parameter.type == "date":
        return _day(value)
    if parameter.type == "choice":
        if value not in parameter.choices:
            raise ValueError(f"must be one of {', '.join(parameter.choices)}")
        return value
    if not value.strip() or "\x00" in value or len(value) > parameter.longest:
        raise ValueError(f"must have 1 to {parameter.longest} characters")
    return value


def _number(parameter: ParameterKind, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("must be a number") from error
    if not number.is_finite() or abs(number) >= _LARGEST:
        raise ValueError("must be a number below 10^12")
    if parameter.type == "integer" and number != number.to_integral_value():
        raise ValueError("must be a whole number")
    if parameter.least is not None and number < Decimal(str(parameter.least)):
        raise ValueError(f"must be at least {parameter.least:g}")
    if parameter.most is not None and number > Decimal(str(parameter.most)):
        raise ValueError(f"must be at most {parameter.most:g}")
    return f"{number.normalize():f}"


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise ValueError("must be a day as YYYY-MM-DD") from error
