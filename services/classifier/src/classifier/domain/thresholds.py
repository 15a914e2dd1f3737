"""Decides from a probability whether a label may stand alone or a person looks first (S17).

The numbers belong to a model and travel with it; this room only knows how to use them.
"""

from dataclasses import dataclass

from classifier.domain.labels import Decision, Label, Language


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Cuts on the probability of `service`: at or above `service`, at or below `non_service`.

    Between the two lies triage; `label` is where the label itself turns.
    """

    non_service: float
    label: float
    service: float

    def __post_init__(self) -> None:
        """Raise ValueError unless 0 <= non_service < label <= service <= 1 (nearly always <)."""
        if not 0.0 <= self.non_service < self.label <= self.service <= 1.0:
            raise ValueError(f"thresholds out of order: {self}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A label, what to do with it, and how probable it is."""

    label: Label
    decision: Decision
    confidence: float


def decide(probability: float, *, language: Language, thresholds: Thresholds) -> Verdict:
    """Turn the probability of `service` into a verdict.

    A language without a model of its own always goes to a person: the figures that the
    thresholds were chosen on say nothing about it.
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"not a probability: {probability}")
    label = Label.SERVICE if probability >= thresholds.label else Label.NON_SERVICE
    confidence = probability if label is Label.SERVICE else 1.0 - probability
    if language is Language.OTHER:
        decision = Decision.TRIAGE
    elif probability >= thresholds.service:
        decision = Decision.SERVICE
    elif probability <= thresholds.non_service:
        decision = Decision.NON_SERVICE
    else:
        decision = Decision.TRIAGE
    return Verdict(label, decision, confidence)
