"""What the demo's agent writes: it takes up the customer's words, and nobody's handle."""

from __future__ import annotations

from ombud.demo.story import replies_to


def test_the_reply_takes_up_the_longest_words_of_the_post():
    said = replies_to(
        "@motorrad_ag Meine Antriebskette rasselt seit der #Inspektion", language="de"
    )[0]
    assert "Antriebskette / rasselt" in said
    assert "motorrad_ag" not in said
    assert "Inspektion" not in said, "a tag is no word of theirs"


def test_english_gets_english_and_a_post_without_words_still_gets_a_reply():
    assert replies_to("My front brake squeals", language="en")[0].startswith("Hello! About")
    assert "???" in replies_to("???", language="de")[0]
