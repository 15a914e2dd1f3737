"""The catalogue of actions: what may be done for a customer, by whom, up to which amount (S103).

Nothing is carried out here: an action is asked for, another system does it and confirms or
refuses. Limits count what the case has had already, so that no amount is reached in slices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

ParameterType = Literal["number", "integer", "text", "boolean", "date", "choice"]


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
