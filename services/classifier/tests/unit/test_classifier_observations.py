"""Signals, needs, concerns and what was tried: said beside the learned labels (S18 to S27, S84).

All sentences are invented. The figures in the model card come from OBSERVED below.
"""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.domain.labels import Concern, Kind, Label, Need, Signal
from classifier.gateways.model.concerns import concerns_of
from classifier.gateways.model.cues import lowered
from classifier.gateways.model.observations import already_tried, needs_of, signals_of
from classifier.gateways.model.tokens import tokenise

OWN = frozenset({"motorrad_ag"})


def signals(
    text: str,
    label: Label = Label.NON_SERVICE,
    kind: Kind = Kind.TALK,
    *,
    abusive: bool = False,
) -> frozenset[Signal]:
    return signals_of(lowered(text), label=label, kind=kind, abusive=abusive)


def tried(text: str) -> tuple[str, ...]:
    return already_tried(text, lowered(text))


def concerns(text: str) -> tuple[Concern, ...]:
    return concerns_of(text, tokenise(text, OWN))


def needs(text: str) -> frozenset[Need]:
    return needs_of(lowered(text), concerns(text))


@pytest.mark.parametrize(
    "text",
    [
        "An den Vorstand der Motorrad AG: so kann es nicht weitergehen.",
        "Sehr geehrte Geschäftsführung, mein Helm ist seit Wochen nicht da.",
        "Liebe Geschäftsleitung, lesen Sie das eigentlich selbst?",
        "Ich will den Geschäftsführer sprechen!",
        "Meine Beschwerde geht jetzt direkt an den Vorstand.",
        "Dear CEO, your hotline hung up on me three times.",
        "I want to speak to your managing director about this.",
        "My complaint is going straight to your head office.",
    ],
)
def test_someone_at_the_top_is_addressed(text: str) -> None:
    assert Signal.ADDRESSED_TO_MANAGEMENT in signals(text, Label.SERVICE, Kind.COMPLAINT)


@pytest.mark.parametrize(
    "text",
    [
        "Der Vorstand der Motorrad AG verdient zu viel.",
        "Vorstand beschließt neues Werk https://example.org/a",
        "The CEO of Motorrad AG steps down https://example.org/b",
        "Mein Chef fährt auch eine von euch.",
    ],
)
def test_speaking_about_the_top_is_not_speaking_to_it(text: str) -> None:
    assert Signal.ADDRESSED_TO_MANAGEMENT not in signals(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ich bin Journalistin beim Nordblatt und bitte um eine Stellungnahme.",
        "Presseanfrage: Wer kann uns etwas zum Rückruf sagen?",
        "Ich schreibe gerade einen Artikel über Pannendienste, wen kann ich fragen?",
        "Hi, I'm a reporter with the Northern Post, who handles press inquiries?",
        "I'm writing a piece on spare parts, could I talk to your PR department?",
        "Can we use your photo for an article? Media request via mail.",
    ],
)
def test_the_press_is_recognised(text: str) -> None:
    assert Signal.PRESS in signals(text, Label.SERVICE, Kind.QUESTION)


@pytest.mark.parametrize(
    "text",
    [
        "Jetzt reicht es, Boykott der Motorrad AG!",
        "Rückrufaktion bei Motorrad AG: Bremsen können versagen",
        "Datenleck! Bei denen liegen tausend Adressen offen im Netz.",
        "Two bikes caught fire last week. This company is a death trap.",
        "Sign the class action against Motorrad AG",
    ],
)
def test_crisis_talk_is_marked(text: str) -> None:
    assert Signal.CRISIS in signals(text, kind=Kind.NEWS)


@pytest.mark.parametrize(
    "text",
    ["Meine Presse im Keller ist kaputt.", "Das Wetter am Wochenende wird gut.", "Nice bike!"],
)
def test_ordinary_talk_carries_no_signal(text: str) -> None:
    assert signals(text) == frozenset()


def test_an_insult_without_a_concern_advises_no_dialogue() -> None:
    assert Signal.NO_DIALOGUE in signals("Ihr seid alle Idioten.", kind=Kind.OPINION, abusive=True)
    assert Signal.NO_DIALOGUE in signals("Spart euch die Antwort.", kind=Kind.OPINION)
    assert Signal.NO_DIALOGUE in signals("Don't bother replying.")


@pytest.mark.parametrize("kind", list(Kind))
def test_anger_about_a_service_matter_is_never_trolling(kind: Kind) -> None:
    text = "Spart euch die Antwort, ihr Idioten, mein Motor ist kaputt!"
    found = signals(text, Label.SERVICE, kind, abusive=True)
    assert not found & {Signal.NO_DIALOGUE, Signal.NO_CONCERN}


@pytest.mark.parametrize(
    "text",
    [
        "Die Motorrad AG ist auch nicht mehr das, was sie mal war.",
        "Typisch Motorrad AG, wird immer schlechter.",
        "Motorrad AG is just the worst company, a joke.",
    ],
)
@pytest.mark.parametrize("kind", [Kind.OPINION, Kind.TALK])
def test_general_criticism_has_no_concern(text: str, kind: Kind) -> None:
    assert signals(text, kind=kind) == {Signal.NO_CONCERN}
    assert signals(text, Label.SERVICE, Kind.COMPLAINT) == frozenset()


def test_praise_and_delight_are_opportunities_but_insults_are_not() -> None:
    assert Signal.ENGAGEMENT_OPPORTUNITY in signals("Tolles Team, danke!", kind=Kind.PRAISE)
    assert Signal.ENGAGEMENT_OPPORTUNITY in signals("Ich freue mich schon auf die neue Saison")
    assert Signal.ENGAGEMENT_OPPORTUNITY in signals("Can't wait for my new bike")
    assert signals("Can't wait, idiots", kind=Kind.NEWS, abusive=True) == frozenset()


def test_what_is_said_to_somebody_else_is_no_dialogue_of_ours() -> None:
    low = "@anna_p halt die klappe, du idiot"
    found = signals_of(
        low, label=Label.NON_SERVICE, kind=Kind.TALK, abusive=True, is_to_others=True
    )
    assert Signal.NO_DIALOGUE not in found


@pytest.mark.parametrize(
    "text",
    ["I don't recall my password", "ready to board my flight", "Rhein in Flammen am Samstag"],
)
def test_words_with_two_meanings_are_no_signal(text: str) -> None:
    assert signals(text) == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wo bleibt meine Bestellung?", {Need.CUSTOMER_DB, Need.DEPARTMENT}),
        ("My order never arrived", {Need.CUSTOMER_DB, Need.DEPARTMENT}),
        ("Ich komme mit meinem Passwort nicht rein", {Need.PERSONAL_DATA, Need.DEPARTMENT}),
        ("Ich bin umgezogen, bitte ändert das", {Need.PERSONAL_DATA}),
        ("I am locked out, please call me", {Need.PERSONAL_DATA}),
        ("Schreibt mir an lena@mail.example", {Need.PERSONAL_DATA}),
        ("Die Bremse quietscht bei Regen, ist das normal?", {Need.DEPARTMENT}),
        ("Wann habt ihr morgen geöffnet?", set()),
        ("Where is your store in Leeds?", set()),
    ],
)
def test_what_it_takes_to_answer(text: str, expected: set[Need]) -> None:
    assert needs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Ich habe die App schon zweimal neu installiert, aber sie stürzt ab.",
            ["Ich habe die App schon zweimal neu installiert"],
        ),
        ("Habe bereits dreimal angerufen. Keiner hilft.", ["Habe bereits dreimal angerufen"]),
        ("Neustart hilft nicht, was nun?", ["Neustart hilft nicht, was nun"]),
        (
            "Hab euch schon mehrfach geschrieben und den Router zurückgesetzt!",
            ["Hab euch schon mehrfach geschrieben und den Router zurückgesetzt"],
        ),
        (
            "My screen is black. I already reset it twice but nothing happens.",
            ["I already reset it twice"],
        ),
        ("I've tried restarting the bike. Still dead.", ["I've tried restarting the bike"]),
        (
            "Called three times, no answer. We have also sent two emails.",
            ["Called three times, no answer", "We have also sent two emails"],
        ),
        ("@motorrad_ag Habe 5x versucht zu bestellen.", ["Habe 5x versucht zu bestellen"]),
        ("Update hat auch nichts gebracht", ["Update hat auch nichts gebracht"]),
        ("Schon alles probiert, nichts geht", ["Schon alles probiert, nichts geht"]),
        ("Habe euch eine Mail geschickt!", ["Habe euch eine Mail geschickt"]),
        ("When I tried to pay the app crashed", []),
        ("I tried it in the browser and it worked", []),
        ("Wann kommt mein Helm?", []),
        ("I love my new bike", []),
    ],
)
def test_the_authors_own_words_for_what_did_not_help(text: str, expected: Sequence[str]) -> None:
    assert list(tried(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Die Bremse quietscht.", [("brakes", "workshop")]),
        (
            "Die Bremse quietscht seit Montag. Außerdem ist meine Rechnung falsch!",
            [("brakes", "workshop"), ("invoice", "accounting")],
        ),
        (
            "Mein Helm kam in der falschen Größe an und die Rechnung ist doppelt abgebucht worden",
            [("spare_parts", "spare_parts"), ("invoice", "accounting")],
        ),
        (
            "The engine stalls at every light. And my refund is still missing.",
            [("engine", "workshop"), ("invoice", "accounting")],
        ),
        ("Wo bleibt die Lieferung? Ich warte seit Tagen.", [("delivery", "spare_parts")]),
        ("Wann habt ihr morgen geöffnet?", [("general", None)]),
        ("Hallo, ich bin es. Der Motor springt nicht an.", [("engine", "workshop")]),
    ],
)
def test_a_post_is_cut_into_its_concerns(
    text: str, expected: Sequence[tuple[str, str | None]]
) -> None:
    assert [(c.topic, c.department) for c in concerns(text)] == expected


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="ab .,!?und Motor Rechnung\n", max_size=120) | st.text(max_size=120))
def test_concerns_and_steps_are_the_posts_own_words(text: str) -> None:
    assert all(c.text in text for c in concerns(text))
    assert all(step in text for step in tried(text))
    assert bool(concerns(text)) == bool(text.strip())


def test_a_hostile_text_takes_no_time() -> None:
    for text in ("ich habe " * 500, "i have called " * 300, "a " * 2000, "schon " * 700):
        tried(text), concerns(text), signals(text), needs(text)  # returns: no pattern runs away
