"""The one shape in which an answer is shown, over HTTP and by `ombud classify`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from classifier.domain.labels import (
    Classification,
    Decision,
    Kind,
    Label,
    Language,
    Need,
    Signal,
)


class EvidenceView(BaseModel):
    """A place in the text that carried the decision; positions count code points.

    `weight` is positive where it speaks for service; `source` is `model`, `rule` for a rule that
    belongs to the model, or an operator's rule as `name@version`.
    """

    model_config = ConfigDict(from_attributes=True)

    text: str
    start: int
    end: int
    weight: float
    source: str


class ConcernView(BaseModel):
    """One of the concerns in a text (S27): its part, its topic, the department that might know."""

    model_config = ConfigDict(from_attributes=True)

    topic: str
    text: str
    department: str | None = None


class ClassificationView(BaseModel):
    """What the classifier says of one text.

    `confidence` (0..1) belongs to `label`; `decision` is `triage` where a person must decide.
    """

    service: bool = Field(description="Whether `label` is service")
    label: Label
    decision: Decision
    confidence: float
    kind: Kind
    abusive: bool
    urgent: bool
    own_post: bool
    signals: list[Signal]
    needs: list[Need]
    concerns: list[ConcernView]
    already_tried: list[str] = Field(description="The author's own words for what did not help")
    language: Language
    evidence: list[EvidenceView]
    rules: list[str] = Field(description="Operator's rules that fired, as `name@version`")
    model: str


def shown(answer: Classification) -> ClassificationView:
    """An answer as it is shown."""
    return ClassificationView(
        service=answer.label is Label.SERVICE,
        label=answer.label,
        decision=answer.decision,
        confidence=round(answer.confidence, 4),
        kind=answer.kind,
        abusive=answer.abusive,
        urgent=answer.urgent,
        own_post=answer.own_agent_post,
        signals=sorted(answer.signals),
        needs=sorted(answer.needs),
        concerns=[ConcernView.model_validate(concern) for concern in answer.concerns],
        already_tried=list(answer.already_tried),
        language=answer.language,
        evidence=[EvidenceView.model_validate(place) for place in answer.evidence],
        rules=list(answer.rules),
        model=answer.model,
    )
