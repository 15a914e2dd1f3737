"""Tokens, n-grams, cues and the language guess: what the model sees of a post."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.labels import Language
from classifier.gateways.model import cues
from classifier.gateways.model.evidence import insults, signatures, words_that_carried
from classifier.gateways.model.features import Hasher
from classifier.gateways.model.language import detect
from classifier.gateways.model.lexicon import EXACT, LOOSE, PIECES, seek
from classifier.gateways.model.tokens import NUMBERED, OTHER, OWN, looks_like_a_brand, tokenise


def words(text: str, own: frozenset[str] = frozenset()) -> list[str]:
    return [t.text for t in tokenise(text, own)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe überall", ["groesse", "ueberall"]),
        ("Sooooo spät um 17:30 Uhr!!!", ["soo", "spaet", "um", "<time>", "!"]),
        ("https://example.org/a?b=1 wirklich?!", ["<url>", "wirklich", "?!"]),
        ("geht&apos;s &amp; wie...", ["geht", '"', "s", "wie", "…"]),
        ("3 von 120 #Wagen :-)", ["<n1>", "von", "<n3>", "wagen", "<smile>"]),
        ("", []),
    ],
)
def test_tokens_are_normal_forms(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_no_handle_ever_becomes_a_feature() -> None:
    own = frozenset({"motorrad_ag"})
    assert words("@Motorrad_AG fragt @anna_p", own) == [OWN, "fragt", OTHER]


def test_without_a_list_a_handle_that_reads_like_a_brand_counts_as_the_companys() -> None:
    assert words("@motorrad_hilft sagt @anna_p") == [OWN, "sagt", OTHER]
    assert words("@motorrad_hilft", frozenset({"someone_else"})) == [OTHER]


@pytest.mark.parametrize(
    "handle", ["motorrad_hilft", "delta", "KFC_UKI", "askzara", "VodafoneIN", "Tesco", "vw_de"]
)
def test_handles_that_everybody_knows_are_companies(handle: str) -> None:
    assert looks_like_a_brand(handle)


@pytest.mark.parametrize("handle", ["anna_p", "deltas_of_rome", "janedoe42", "tim", "bauer_m"])
def test_handles_of_people_are_not(handle: str) -> None:
    assert not looks_like_a_brand(handle)


def test_numbers_in_place_of_handles_are_neither_customer_nor_company() -> None:
    assert words("@117248 hilft @anna_p") == [NUMBERED, "hilft", OTHER]
    assert words("@117248", frozenset({"motorrad_ag"})) == [OTHER]


_FRAGMENTS = [
    *sorted({piece for pieces in PIECES.values() for piece in pieces}),
    "RT @anna: ", " via @anna ", "Richtung Kassel hat 5", "Linie S1:", "a.b@mail.example", "5 €",
    "unfähig ", "danke für die ", "thanks for the ", "\"@anna: ", " ", "ig ", "en ", "bahn ", "7 ",
    "ICE 5 ", "S-1 ", "seit 20 Minuten", "von Ulm bis Kiel nach Hof", "Wo? #x", "könnt ihr ",
    "koennen sie ", "wende dich ", "we'll look ", "Große Zahlen gibt es heute wieder http://a",
]  # fmt: skip


@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=8).map("".join))
def test_pieces_never_hide_a_match(text: str) -> None:
    patterns = EXACT | LOOSE
    for name in PIECES:
        for cased in (text, cues.lowered(text)):
            found = seek(name, patterns[name], cased)
            assert (found is None) == (patterns[name].search(cased) is None)


@given(st.text(max_size=300))
def test_spans_lie_in_the_text_in_order(text: str) -> None:
    tokens = tokenise(text)
    assert all(0 <= t.start < t.end <= len(text) for t in tokens)
    assert all(a.end <= b.start for a, b in pairwise(tokens))
    assert len(cues.cues(text, tokens)) == len(cues.NAMES)


def test_grams_of_a_post_do_not_depend_on_its_neighbours() -> None:
    first, second = tokenise("wann kommt der zug"), tokenise("gar nicht")
    together, alone = Hasher().word_grams([first, second]), Hasher().word_grams([second])
    of_second = together.rows == 1
    assert sorted(together.buckets[of_second]) == sorted(alone.buckets)
    # <s> gar nicht </s>: four single words, three pairs, two triples
    assert sorted(alone.words) == [1, 1, 1, 1, 2, 2, 2, 3, 3]
    assert together.first[of_second].min() == len(first) + 2


def test_letter_grams_belong_to_their_word() -> None:
    grams = Hasher().letter_grams([tokenise("ja @anna_p nein")])
    assert set(grams.first) == {1, 3}


def test_an_empty_batch_has_no_grams() -> None:
    assert len(Hasher().letter_grams([[]]).rows) == 0


def cue(text: str, name: str) -> float:
    own = frozenset({"motorrad_ag"})
    return cues.cues(text, tokenise(text, own))[cues.NAMES.index(name)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@motorrad_ag hallo", "starts_with_own"),
        ("@anna_p hallo", "starts_with_other"),
        ("RT @anna_p: Streik!", "retweet"),
        ("Wann kommt ihr? @motorrad_ag", "question_end"),
        ("seit 20 Minuten stehen wir", "delay"),
        ("Das kostet 30 € extra", "price"),
        ("@anna_p gern geschehen /je", "signature"),
        ("my order never came", "own_case"),
    ],
)
def test_a_cue_fires_where_it_should_and_not_on_nothing(text: str, name: str) -> None:
    assert cue(text, name) > 0.0
    assert cue("", name) == 0.0


@pytest.mark.parametrize(
    "text", ["Danke /cc @anna_p", "Umsatz 2015/16 steigt", "entweder ja/nein", "via @anna_p"]
)
def test_what_only_looks_like_a_signature_is_none(text: str) -> None:
    assert signatures(text) == []


def test_rules_point_at_the_words_that_fired_them() -> None:
    text = "Ihr IDIOTEN, wo ist mein Helm?"
    (insult,) = insults(text)
    assert (insult.text, text[insult.start : insult.end]) == ("IDIOTEN", "IDIOTEN")
    signed = "@anna_p Wir schauen nach. ^br"
    (signature,) = signatures(signed)
    assert signed[signature.start : signature.end] == signature.text == "^br"


def test_neighbouring_words_become_one_span_and_handles_none() -> None:
    text = "@anna_p wo bleibt mein Helm"
    tokens = tokenise(text)
    found = words_that_carried(
        text, tokens, np.array([9.0, 0.5, 0.6, 0.0, 0.2], dtype=np.float32), sign=1.0
    )
    assert [(e.text, round(e.weight, 2)) for e in found] == [("wo bleibt", 1.1), ("Helm", 0.2)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wann kommt mein Motorrad an?", Language.GERMAN),
        ("When will my bike arrive?", Language.ENGLISH),
        ("¿Por qué no me contestan? Llevo una semana para el pedido", Language.OTHER),
        ("Где мой заказ?", Language.OTHER),
        ("", Language.GERMAN),
    ],
)
def test_language(text: str, language: Language) -> None:
    assert detect(text, tokenise(text)) is language
