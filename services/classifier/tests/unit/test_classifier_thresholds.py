"""The table of decisions: which probability is acted on, which goes to a person (S17)."""

import pytest

from classifier.domain.labels import Decision, Label, Language
from classifier.domain.thresholds import Thresholds, decide

THRESHOLDS = Thresholds(non_service=0.1, label=0.4, service=0.9)


@pytest.mark.parametrize(
    ("probability", "label", "decision", "confidence"),
    [
        (0.0, Label.NON_SERVICE, Decision.NON_SERVICE, 1.0),
        (0.1, Label.NON_SERVICE, Decision.NON_SERVICE, 0.9),
        (0.11, Label.NON_SERVICE, Decision.TRIAGE, 0.89),
        (0.39, Label.NON_SERVICE, Decision.TRIAGE, 0.61),
        (0.4, Label.SERVICE, Decision.TRIAGE, 0.4),
        (0.89, Label.SERVICE, Decision.TRIAGE, 0.89),
        (0.9, Label.SERVICE, Decision.SERVICE, 0.9),
        (1.0, Label.SERVICE, Decision.SERVICE, 1.0),
    ],
)
def test_decision_table(
    probability: float, label: Label, decision: Decision, confidence: float
) -> None:
    verdict = decide(probability, language=Language.GERMAN, thresholds=THRESHOLDS)
    assert (verdict.label, verdict.decision) == (label, decision)
    assert verdict.confidence == pytest.approx(confidence)


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_a_language_without_a_model_always_goes_to_a_person(probability: float) -> None:
    verdict = decide(probability, language=Language.OTHER, thresholds=THRESHOLDS)
    assert verdict.decision is Decision.TRIAGE


@pytest.mark.parametrize("probability", [-0.01, 1.01, float("nan")])
def test_refuses_what_is_no_probability(probability: float) -> None:
    with pytest.raises(ValueError, match="not a probability"):
        decide(probability, language=Language.GERMAN, thresholds=THRESHOLDS)


@pytest.mark.parametrize(
    ("non_service", "label", "service"), [(0.5, 0.4, 0.9), (0.1, 0.95, 0.9), (-0.1, 0.4, 0.9)]
)
def test_refuses_thresholds_out_of_order(non_service: float, label: float, service: float) -> None:
    with pytest.raises(ValueError, match="out of order"):
        Thresholds(non_service=non_service, label=label, service=service)
