"""The rules as people write them: shape, limits, and whether a pattern can be used at all.

    rules:
      - name: press_desk
        version: 2
        when: {phrases: [Presseanfrage], networks: [mail]}
        then: {signals: [press], needs: [department]}

Within `when` every named condition must hold; within a list one entry is enough. It reads no file
and knows no table; pydantic, because people send it and want to know what is wrong where.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Annotated, Self

import regex
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)

from classifier.domain.labels import KINDS_OF, Kind, Label, Need, Signal

MOST_RULES = 500
_LONGEST_PATTERN = 300
_MOST_REPEATS = 100_000
_REPEATS = regex.compile(r"\{(\d+)(?:,(\d*))?\}|\{,(\d+)\}")


def _checked_pattern(pattern: str) -> str:
    # Counted repeats are unrolled: a{999999999} would compile for hours and stop the service.
    counts = (max(map(int, filter(None, found))) for found in _REPEATS.findall(pattern))
    if prod(max(count, 1) for count in counts) > _MOST_REPEATS:
        raise ValueError(f"its counted repeats come to more than {_MOST_REPEATS}")
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE)
    except regex.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    if compiled.match("") is not None:
        raise ValueError("it matches the empty text, so it would fire on everything")
    return pattern


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_\-]{0,62}$")]
_SAYS_SOMETHING = r"^[^\x00]*[^\s\x00][^\x00]*$"
Text = Annotated[str, Field(max_length=200, pattern=_SAYS_SOMETHING)]
Pattern = Annotated[
    str,
    Field(max_length=_LONGEST_PATTERN, pattern=_SAYS_SOMETHING),
    AfterValidator(_checked_pattern),
]
Texts = Annotated[tuple[Text, ...], Field(max_length=200)]


class _Part(BaseModel):
    """Unknown fields are refused: a misspelt condition would otherwise hold for everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ConditionDocument(_Part):
    """`authors` are ids or handles, `accounts` our own; case and a leading @ do not count."""

    phrases: Texts = ()
    patterns: Annotated[tuple[Pattern, ...], Field(max_length=50)] = ()
    authors: Texts = ()
    accounts: Texts = ()
    networks: Texts = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.phrases or self.patterns or self.authors or self.accounts or self.networks):
            raise ValueError("a rule needs at least one condition")
        return self


class EffectDocument(_Part):
    """What the rule sets. `triage: true` shows the mention to a person whatever the label."""

    label: Label | None = None
    kind: Kind | None = None
    triage: StrictBool = False
    abusive: StrictBool | None = None
    urgent: StrictBool | None = None
    own_post: StrictBool = False
    signals: tuple[Signal, ...] = ()
    needs: tuple[Need, ...] = ()
    topic: Name | None = None
    department: Name | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("a rule needs at least one effect")
        if (self.label is None) != (self.kind is None):
            raise ValueError("label and kind are set together")
        if self.label is not None and self.kind not in KINDS_OF[self.label]:
            raise ValueError(f"{self.kind} is no kind of {self.label}")
        if self.own_post and self.label is not None:
            raise ValueError("own_post sets the label by itself")
        if self.department is not None and self.topic is None:
            raise ValueError("a department belongs to a topic")
        return self


class RuleDocument(_Part):
    """A rule. Whoever changes it raises its version: `name@version` stands in the history."""

    name: Name
    version: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 1
    note: Annotated[str, Field(max_length=500, pattern=_SAYS_SOMETHING)] | None = None
    when: ConditionDocument
    then: EffectDocument

    @property
    def full_name(self) -> str:
        return f"{self.name}@{self.version}"


class RulesDocument(_Part):
    """All rules, in the order in which they are applied."""

    rules: Annotated[tuple[RuleDocument, ...], Field(max_length=MOST_RULES)] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"names stand twice: {', '.join(twice)}")
        return self


def changed_without_version(before: RulesDocument, after: RulesDocument) -> list[str]:
    """Names of rules that say something else under a version that is known already."""
    known = {rule.name: rule for rule in before.rules}
    return [
        rule.full_name
        for rule in after.rules
        if (old := known.get(rule.name)) and old != rule and rule.version <= old.version
    ]


def problems_of(error: ValidationError) -> list[str]:
    """Each problem with its place, as in `rules.3.then: label and kind are set together`."""
    return [
        f"{'.'.join(str(part) for part in problem['loc']) or 'document'}: {problem['msg']}"
        for problem in error.errors()
    ]


def names_of(rules: Sequence[RuleDocument]) -> list[str]:
    """The rules as the history names them."""
    return [rule.full_name for rule in rules]
