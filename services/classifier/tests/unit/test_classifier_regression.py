"""Invented posts that must keep their labels whatever model is shipped (S16, S17, S21, S22).

They are checked as a set: a model may be unsure (triage) but must not decide the wrong way.
"""

import re

import pytest

from classifier.domain.labels import Classification, Decision, Label, PostText, Signal
from classifier.gateways.model import ShippedModel

OWN = frozenset({"motorrad_ag"})

# S21: the insult is real, the concern is too. German and English, orders, bills, workshop,
# hotline, app, delivery; with and without our handle.
ABUSIVE_AND_JUSTIFIED = [
    "@motorrad_ag Ihr Idioten, meine Bestellung ist seit drei Wochen nicht da. Wo bleibt sie?",
    "@motorrad_ag was für ein Saftladen, seit 2 Stunden warte ich auf euren Pannendienst!",
    "Unfähige Deppen bei @motorrad_ag, schon wieder wurde mein Termin abgesagt und keiner ruft an.",
    "@motorrad_ag Ihr unfähigen Vollidioten habt meine Rechnung doppelt abgebucht. Geld zurück!",
    "@motorrad_ag Drecksladen! Seit gestern steht mein Motorrad kaputt bei euch, wer hilft?",
    "@motorrad_ag welcher Trottel hat mir den falschen Helm geschickt? Ich brauche ihn heute!",
    "@motorrad_ag Ihr Penner, wann geht endlich jemand an eure Hotline? Ich warte seit 40 Minuten.",
    "@motorrad_ag so ein Saftladen, die App funktioniert nicht und ich komme nicht in mein Konto",
    "@motorrad_ag ihr inkompetenten Idioten, meine Reparatur dauert jetzt schon fünf Wochen",
    "@motorrad_ag Arschlöcher. Mein Paket liegt seit Montag im Lager und keiner antwortet mir.",
    "@motorrad_ag seid ihr eigentlich alle unfähig? Mein Ticket wurde wieder nicht erstattet!",
    "@motorrad_ag Scheißverein! Mein Zug fällt aus und ich komme nicht nach Hause. Was nun?",
    "@motorrad_ag Versager. Bremse vorne defekt, Werkstatt hat keinen Termin. Was soll ich machen?",
    "@motorrad_ag ihr Vollpfosten, warum ist meine Reservierung weg? Ich habe dafür bezahlt!",
    "@motorrad_ag der Mitarbeiter am Schalter ist ein Depp, wo bleibt meine Bestellung?",
    "@motorrad_ag Saftladen hoch drei: seit 3 Tagen kein Internet und eure Hotline legt auf",
    "@motorrad_ag Ihr Idioten habt mich zum dritten Mal versetzt, wann kommt der Techniker?",
    "@motorrad_ag unfähiger Haufen, wo bleibt meine Erstattung? Seit Januar warte ich.",
    "@motorrad_ag eure Fahrer sind Idioten, mein Anschluss ist weg wegen 30 Minuten Verspätung",
    "@motorrad_ag asozial wie ihr Kunden behandelt! Meine Klimaanlage ist kaputt, ihr tut nichts.",
    "@motorrad_ag ihr Deppen, wieso steht auf meiner Rechnung ein Teil, das ich nie bestellt habe?",
    "@motorrad_ag so ein inkompetenter Laden, ich habe 4 Mails geschrieben und keine Antwort",
    "@motorrad_ag you idiots, you charged my card twice and nobody answers my emails. Refund me!",
    "@motorrad_ag useless morons, my order is three weeks late and your hotline hung up on me",
    "@motorrad_ag incompetent idiots, on hold for an hour about my broken bike. Where is my part?",
    "@motorrad_ag you incompetent clowns cancelled my appointment again, when is my bike fixed?",
    "@motorrad_ag which idiot shipped my helmet to the wrong address? I need it tomorrow",
    "@motorrad_ag you morons locked me out of my account and now I can't pay my bill",
    "@motorrad_ag absolute idiots at your workshop, my brakes still squeal after two repairs",
    "@motorrad_ag hey assholes, where is my refund? It has been six weeks",
    "@motorrad_ag your app is down again you incompetent fools and I can't check in for my flight",
    "@motorrad_ag incompetent morons lost my bag and no one picks up the phone",
    "@motorrad_ag idiots! my internet has been down since Friday and I work from home",
    "@motorrad_ag you scumbags took 200 dollars from my account. I want my money back",
    "@motorrad_ag how incompetent can you be? My package was delivered to Germany, I live in Leeds",
    "@motorrad_ag the moron on your hotline hung up on me. My engine still won't start.",
    "@motorrad_ag idiots, you sent me the wrong exhaust. How do I return it?",
    "@motorrad_ag why are you idiots charging me for a subscription I cancelled in May?",
    "@motorrad_ag you incompetent idiots, 3 hours delayed and nobody tells us anything at the gate",
    "@motorrad_ag bunch of morons, my warranty claim has been ignored for a month. Fix this.",
    "@motorrad_ag incompetent support: I called four times, my battery is dead. Who can help?",
    "@motorrad_ag you idiots never sent my invoice and now I get a reminder. Please sort it out",
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
    assert len(found) >= 40
    missed = [t for t, c in found.items() if c.label is not Label.SERVICE or not c.abusive]
    assert missed == []
    assert [t for t, c in found.items() if c.decision is Decision.NON_SERVICE] == []
    assert [t for t, c in found.items() if Signal.NO_DIALOGUE in c.signals] == []


def test_the_same_need_without_its_insult_gets_the_same_label(model: ShippedModel) -> None:
    insult = re.compile(
        r"\b(?:ihr |you |der |absolute |bunch of )?"
        r"(?:unfähigen |inkompetenten |incompetent |useless )*"
        r"(?:vollidioten|idioten|deppen|idiots|morons|arschlöcher|assholes)\b[,.!]?",
        re.IGNORECASE,
    )
    calm = [insult.sub("", text) for text in ABUSIVE_AND_JUSTIFIED]
    assert sum(c != t for c, t in zip(calm, ABUSIVE_AND_JUSTIFIED, strict=True)) >= 15
    found = classified(model, calm)
    assert [t for t, c in found.items() if c.label is not Label.SERVICE] == []


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
    assert all(
        not c.signals and not c.needs and not c.concerns for c in classified(model, AGENT).values()
    )
