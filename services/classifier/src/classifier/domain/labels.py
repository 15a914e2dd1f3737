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


class Signal(StrEnum):
    """What else a post tells the people who work on it; independent of the label (S18 to S25).

    They recommend, they decide nothing: `no_dialogue` advises a reviewed no-reply (S20),
    `no_concern` to consider one (S22).
    """

    NO_DIALOGUE = "no_dialogue"
    NO_CONCERN = "no_concern"
    CRISIS = "crisis"
    ADDRESSED_TO_MANAGEMENT = "addressed_to_management"
    PRESS = "press"
    ENGAGEMENT_OPPORTUNITY = "engagement_opportunity"


class Need(StrEnum):
    """What it takes to answer: decides between community management and support (S19)."""

    CUSTOMER_DB = "customer_db"
    PERSONAL_DATA = "personal_data"
    DEPARTMENT = "department"


class EvidenceSource(StrEnum):
    """Who found a piece of evidence: the weights of the model, or a rule that comes with it.

    An operator's rule stands in the same place with its own name, as `name@version`.
    """

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
    Weights are log odds; a rule that decides alone carries a large one. `source` is an
    `EvidenceSource` or the name of an operator's rule.
    """

    text: str
    start: int
    end: int
    weight: float
    source: str


@dataclass(frozen=True, slots=True)
class Concern:
    """One of the concerns in a post (S27): the part of the text, its topic, who might know.

    `topic` and `department` are ids of the configuration; a part that names no topic is
    `general` and has no department.
    """

    topic: str
    text: str
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """What is said about one post; `confidence` is the probability that `label` is right.

    `already_tried` are the author's own words for what did not help (S84); `rules` are the
    operator's rules that fired, as `name@version`, and stay empty where there are none.
    `repeat_contacts` counts the author's earlier service mentions; no model knows it (S12).
    """

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
    signals: frozenset[Signal] = frozenset()
    needs: frozenset[Need] = frozenset()
    already_tried: tuple[str, ...] = ()
    concerns: tuple[Concern, ...] = ()
    rules: tuple[str, ...] = ()
    repeat_contacts: int = 0
