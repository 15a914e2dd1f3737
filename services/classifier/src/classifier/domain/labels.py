"""The words in which the classifier speaks about a post. Values only, no decisions, no model."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """Whether a post is a matter for customer service (S16, S17)."""

    SERVICE = "service"
    NON_SERVICE = "non_service"


class Decision(StrEnum):
    """What happens with the label: acted on, or shown to a person first (S17)."""

    SERVICE = "service"
    NON_SERVICE = "non_service"
    TRIAGE = "triage"


class Kind(StrEnum):
    """What the author does. The first six belong to service matters, `wish` to either side."""

    QUESTION = "question"
    PROBLEM = "problem"
    COMPLAINT = "complaint"
    REQUEST = "request"
    FOLLOWUP = "followup"
    WISH = "wish"
    PRAISE = "praise"
    OPINION = "opinion"
    NEWS = "news"
    TALK = "talk"


KINDS_OF: Mapping[Label, frozenset[Kind]] = {
    Label.SERVICE: frozenset(
        {Kind.QUESTION, Kind.PROBLEM, Kind.COMPLAINT, Kind.REQUEST, Kind.FOLLOWUP, Kind.WISH}
    ),
    Label.NON_SERVICE: frozenset({Kind.WISH, Kind.PRAISE, Kind.OPINION, Kind.NEWS, Kind.TALK}),
}


class Language(StrEnum):
    """The languages that have a model of their own, and the rest."""

    GERMAN = "de"
    ENGLISH = "en"
    OTHER = "other"


class EvidenceSource(StrEnum):
    """Who found a piece of evidence: the weights of the model or a rule with a name."""

    MODEL = "model"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class PostText:
    """A post as the classifier reads it.

    `own_handles` are the company's account names on that network, lower case, without the @.
    Left empty, handles that read like a brand's are taken for the company's.
    """

    text: str
    own_handles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the original text that spoke for (weight > 0) or against a service matter.

    `start` and `end` count code points, half open, so that `post.text[start:end] == text`.
    Weights are log odds; a rule that decides alone carries a large one.
    """

    text: str
    start: int
    end: int
    weight: float
    source: EvidenceSource


@dataclass(frozen=True, slots=True)
class Classification:
    """What is said about one post; `confidence` is the probability that `label` is right."""

    label: Label
    decision: Decision
    confidence: float
    kind: Kind
    abusive: bool
    urgent: bool
    own_agent_post: bool
    language: Language
    evidence: tuple[Evidence, ...]
    model: str
