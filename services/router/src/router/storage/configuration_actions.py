"""The configuration's catalogue of actions with their parameters and limits per role (S103)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from router.domain.actions import ActionKind, ParameterKind
from router.storage.configuration_part import ConfigurationPart, Name, Text

_NUMBERS = ("number", "integer")


class ParameterDocument(ConfigurationPart):
    """What may be given; `min`, `max` for numbers, `choices` for a choice."""

    type: Literal["number", "integer", "text", "boolean", "date", "choice"]
    required: bool = True
    min: float | None = None
    max: float | None = None
    max_length: Annotated[int, Field(ge=1, le=4000)] = 500
    choices: Annotated[tuple[Text, ...], Field(max_length=200)] = ()
    unit: Annotated[str, Field(min_length=1, max_length=20)] | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if (self.min is not None or self.max is not None) and self.type not in _NUMBERS:
            raise ValueError("min and max are for numbers")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is more than max")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("choices are for a choice, which needs them")
        return self

    def parameter(self) -> ParameterKind:
        return ParameterKind(
            type=self.type,
            is_required=self.required,
            least=self.min,
            most=self.max,
            longest=self.max_length,
            choices=self.choices,
            unit=self.unit,
        )


class ActionDocument(ConfigurationPart):
    """`allowed` names the roles that may ask for it: role -> limits (parameter -> most a case)."""

    name: Name
    title: Text
    system: Name
    parameters: Annotated[dict[Name, ParameterDocument], Field(default_factory=dict)]
    allowed: Annotated[
        dict[Literal["triage", "agent", "lead"], dict[Name, Annotated[float, Field(ge=0)]]],
        Field(min_length=1),
    ]
    confirm_within_hours: Annotated[float, Field(gt=0, le=8760)] = 24

    @model_validator(mode="after")
    def _limits_are_about_numbers(self) -> Self:
        for role, limits in self.allowed.items():
            for name in limits:
                parameter = self.parameters.get(name)
                if parameter is None or parameter.type not in _NUMBERS:
                    raise ValueError(f"allowed.{role}.{name} is no number among the parameters")
        return self

    def action(self) -> ActionKind:
        return ActionKind(
            name=self.name,
            title=self.title,
            system=self.system,
            parameters={name: each.parameter() for name, each in self.parameters.items()},
            allowed={role: dict(limits) for role, limits in self.allowed.items()},
            confirm_within=timedelta(hours=self.confirm_within_hours),
        )
