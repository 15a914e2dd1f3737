"""Invented posts that must keep their labels whatever model is shipped (S16, S17, S21, S22).

They are checked as a set: a model may be unsure (triage) but must not decide the wrong way.
"""

import pytest

from classifier.domain.labels import Classification, Decision, Label, PostText
from classifier.gateways.model import ShippedModel

OWN = frozenset({"motorrad_ag"})

ABUSIVE_AND_JUSTIFIED = [
    "@motorrad_ag Ihr Idioten, meine Bestellung ist seit drei Wochen nicht da. Wo bleibt sie?",
    "@motorrad_ag was für ein Saftladen, seit 2 Stunden warte ich auf euren Pannendienst!",
    "Unfähige Deppen bei @motorrad_ag, schon wieder wurde mein Termin abgesagt und keiner ruft an.",
    "@motorrad_ag you idiots, you charged my card twice and nobody answers my emails. Refund me!",
    "@motorrad_ag useless morons, my order is three weeks late and your hotline hung up on me",
    "@motorrad_ag fucking pathetic, on hold for an hour about my broken bike. Where is my part?",
]
SERVICE = [
    "@motorrad_ag Wann kommt der Zug nach Kassel? Ich warte seit 20 Minuten am Gleis.",
    "@motorrad_ag könnt ihr mir sagen, wo ich meine Rechnung finde?",
    "@motorrad_ag wieso funktioniert eure App heute nicht? Ich kann kein Ticket kaufen.",
    "@motorrad_ag die Klimaanlage in Wagen 7 ist ausgefallen, mir ist schlecht.",
    "@motorrad_ag my bike has not arrived yet, can you check order 12345?",
    "@motorrad_ag I have been waiting for two hours, nobody picks up the phone. What is going on?",
    "@motorrad_ag how do I change the delivery address of my order?",
]
NON_SERVICE = [
    "Motorrad AG legt Zahlen vor: Umsatz steigt um fünf Prozent https://example.org/news",
    "RT @zeitung_nord: Streik bei Motorrad AG beendet, Verhandlungen laufen https://example.org/x",
    "Tarifverhandlungen: Gewerkschaft kündigt neuen Streik an https://example.org/streik",
    "@motorrad_ag Danke, das hat super geklappt! Tolles Team!",
    "Großes Lob an @motorrad_ag für die freundliche Hilfe gestern.",
    "@motorrad_ag thank you so much, you guys are the best!",
    "Motorrad AG is just the worst company ever, everyone knows it. lol",
    "Neben mir in der Bahn lacht einer seit zehn Minuten über sein eigenes Video. Liebe ihn.",
    "Loved the new video by Motorrad AG, what a sunset! https://example.org/v",
    "Die sind doch alle gleich, diese Konzerne. Typisch.",
]
AGENT = [
    "@anna_p Das klären wir gern, schick uns bitte deine Kundennummer per DM. /je",
    "@max_m Wir geben das an die Werkstatt weiter. Schönen Abend! ^br",
    "@sam_k Sorry to hear that. Please DM us your order number so we can help. ^TK",
]


@pytest.fixture(scope="module")
def model() -> ShippedModel:
    """The artefact inside the package."""
    return ShippedModel.load()


def classified(model: ShippedModel, texts: list[str]) -> dict[str, Classification]:
    posts = [PostText(text, OWN) for text in texts]
    return dict(zip(texts, model.classify(posts), strict=True))


def test_an_insult_never_hides_a_need(model: ShippedModel) -> None:
    found = classified(model, ABUSIVE_AND_JUSTIFIED)
    missed = [t for t, c in found.items() if c.label is not Label.SERVICE or not c.abusive]
    assert missed == []


def test_service_matters_are_never_decided_away(model: ShippedModel) -> None:
    found = classified(model, SERVICE)
    assert [t for t, c in found.items() if c.label is not Label.SERVICE] == []
    assert [t for t, c in found.items() if c.abusive] == []


def test_everything_else_is_never_decided_to_be_service(model: ShippedModel) -> None:
    found = classified(model, NON_SERVICE)
    assert [t for t, c in found.items() if c.label is not Label.NON_SERVICE] == []


def test_a_signed_answer_of_an_agent_is_never_a_case(model: ShippedModel) -> None:
    found = classified(model, AGENT)
    wrong = [
        t
        for t, c in found.items()
        if not c.own_agent_post or c.decision is not Decision.NON_SERVICE
    ]
    assert wrong == []
