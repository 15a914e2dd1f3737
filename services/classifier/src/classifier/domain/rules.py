"""What an operator's rule does to an answer once it has fired; that it fires is found elsewhere.

Rules are applied in the order of their document; where two disagree, the later one stands. Label
and abuse stay independent (S21): a rule changes what it names and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from classifier.domain.labels import (
    Classification,
    Concern,
    Decision,
    Evidence,
    Kind,
    Label,
    Need,
    Signal,
)

GENERAL = "general"
"""The topic of a part that names none."""
_WEIGHT = 8.0
"""What a rule's evidence weighs where it sets the label: more than any word of a model."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What rules look at. `authors` are the author's id and handle; all names are folded."""

    text: str
    network: str | None = None
    account: str | None = None
    authors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Effects:
    """What a rule sets; None and empty leave things as they are. `label` and `kind` go together."""

    label: Label | None = None
    kind: Kind | None = None
    is_for_triage: bool = False
    abusive: bool | None = None
    urgent: bool | None = None
    own_post: bool = False
    signals: frozenset[Signal] = frozenset()
    needs: frozenset[Need] = frozenset()
    topic: str | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, as `name@version`, and the places of the text that made it fire."""

    rule: str
    effects: Effects
    spans: tuple[tuple[int, int], ...] = ()


def apply_rules(answer: Classification, text: str, fired: Sequence[Fired]) -> Classification:
    """The answer after all rules that fired; each stands in `rules` and in the evidence."""
    for one in fired:
        answer = _apply(answer, text, one)
    return answer


def _apply(answer: Classification, text: str, fired: Fired) -> Classification:
    effects = fired.effects
    label, kind = effects.label or answer.label, effects.kind or answer.kind
    decision, confidence = answer.decision, answer.confidence
    if effects.own_post:
        label, kind = Label.NON_SERVICE, Kind.TALK
    if effects.own_post or effects.label:
        decision, confidence = Decision(label.value), 1.0
    if effects.is_for_triage:
        decision = Decision.TRIAGE
    return replace(
        answer,
        label=label,
        decision=decision,
        confidence=confidence,
        kind=kind,
        abusive=answer.abusive if effects.abusive is None else effects.abusive,
        urgent=answer.urgent if effects.urgent is None else effects.urgent,
        own_agent_post=answer.own_agent_post or effects.own_post,
        signals=answer.signals | effects.signals,
        needs=answer.needs | effects.needs,
        concerns=_with_topic(answer.concerns, text, fired),
        evidence=(*_evidence(text, fired), *answer.evidence),
        rules=(*answer.rules, fired.rule),
    )


def _evidence(text: str, fired: Fired) -> Iterable[Evidence]:
    weight = 0.0
    if fired.effects.label is not None or fired.effects.own_post:
        weight = _WEIGHT if fired.effects.label is Label.SERVICE else -_WEIGHT
    return (Evidence(text[a:b], a, b, weight, fired.rule) for a, b in fired.spans)


def _with_topic(concerns: tuple[Concern, ...], text: str, fired: Fired) -> tuple[Concern, ...]:
    """The concerns with the rule's topic: on the part it was found in, or as one of its own."""
    topic = fired.effects.topic
    if topic is None:
        return concerns
    found = [text[start:end] for start, end in fired.spans]
    for number, concern in enumerate(concerns):
        if concern.topic == topic or (
            concern.topic == GENERAL and (not found or any(f in concern.text for f in found))
        ):
            department = fired.effects.department or concern.department
            changed = Concern(topic, concern.text, department)
            return (*concerns[:number], changed, *concerns[number + 1 :])
    return (*concerns, Concern(topic, found[0] if found else text, fired.effects.department))
