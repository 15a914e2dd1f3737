"""What is learned and what is kept for the examination: no post is ever both."""

from __future__ import annotations

import orjson
import pytest

from classifier.gateways.model import ShippedModel
from ombud.learning import (
    LANGUAGES,
    examine,
    is_held_out,
    read_material,
    write_data,
)
from ombud.output import CommandError
from ombud.posts import invented_posts


def labelled(number, text, *, service=True, **more):
    kind = "question" if service else "talk"
    given = {"service": service, "kind": kind, "abusive": False, "urgent": False}
    return {"id": f"p{number}", "text": text, **given} | more


POSTS = [labelled(n, post["text"], sample="mixed") for n, post in enumerate(invented_posts(200))]


@pytest.fixture
def data(tmp_path):
    """A data folder with other corpora beside it, as training expects them."""
    folder = tmp_path / "all/mentions"
    folder.mkdir(parents=True)
    for language in LANGUAGES:
        lines = b"".join(orjson.dumps(post) + b"\n" for post in POSTS)
        (folder / f"{language}_labelled.jsonl").write_bytes(lines)
    (folder / "de_posts.jsonl").write_text("unlabelled\n")
    (tmp_path / "all/abuse").mkdir()
    return folder


def corrections(*lines):
    return [orjson.dumps({"language": "de", **line}) for line in lines]


def test_a_fifth_is_held_out_and_decided_by_the_words_alone():
    held = [post for post in POSTS if is_held_out(post["text"])]
    assert 20 <= len(held) <= 65
    for post in POSTS[:50]:
        disguised = f"@somebody {post['text'].upper()} https://x.example/9 #42!!"
        assert is_held_out(disguised) == is_held_out(post["text"])


def test_nothing_is_both_learned_and_examined(data, tmp_path):
    given = [labelled(n, f"Korrigiert {'x' * n}: wo ist mein Helm?") for n in range(60)]
    material = read_material(data, corrections(*given))
    inside = write_data(material, data, tmp_path / "made")
    learned = [
        orjson.loads(line) for line in (inside / "de_labelled.jsonl").read_bytes().splitlines()
    ]
    assert not any(is_held_out(post["text"]) for post in learned)
    examined = material.held_out("de") + material.held_out("corrections")
    assert all(is_held_out(post["text"]) for post in examined)
    assert len(learned) + len(examined) == len(POSTS) + len(given)
    assert {post["sample"] for post in learned} == {"mixed", "correction"}
    assert (inside / "de_posts.jsonl").read_text() == "unlabelled\n"
    assert (inside.parent / "abuse").is_dir()
    assert (data / "de_labelled.jsonl").stat().st_size > 0, "the source stays as it was"


def test_a_correction_wins_over_a_labelled_post_with_its_words(data, tmp_path):
    post = next(post for post in POSTS if not is_held_out(post["text"]))
    material = read_material(data, corrections(labelled(1, post["text"], service=False)))
    same = [p for p in material.learned("de") if p["text"] == post["text"]]
    assert [(p["service"], p["sample"]) for p in same] == [(False, "correction")]
    without = material.learned("de", with_corrections=False)
    assert [p["service"] for p in without if p["text"] == post["text"]] == [True]


def test_the_digest_names_the_material(data):
    some = read_material(data, corrections(labelled(1, "Wo ist mein Helm?")))
    same = read_material(data, corrections(labelled(1, "Wo ist mein Helm?")))
    other = read_material(data, corrections(labelled(1, "Wo ist mein Rad?")))
    assert some.digest() == same.digest()
    assert some.digest() != other.digest()


def test_corrections_of_other_languages_teach_nobody(data):
    material = read_material(data, corrections(labelled(1, "Où est ma moto ?", language="other")))
    assert material.corrections == {"de": [], "en": []}


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"text": "a"}'])
def test_a_line_that_is_no_labelled_post_is_named(data, line):
    with pytest.raises(CommandError, match="corrections: line 1"):
        read_material(data, [line])


def test_missing_posts_are_named(tmp_path):
    with pytest.raises(CommandError, match=r"de_labelled\.jsonl is missing"):
        read_material(tmp_path, [])


def test_two_models_are_examined_on_the_same_posts():
    shipped = ShippedModel.load()
    posts = [
        labelled(1, "@motorrad_ag wo bleibt meine Rechnung? Ich warte seit Wochen!"),
        labelled(2, "Sonntag, Sonne, Pass. Mehr braucht kein Mensch.", service=False),
    ]
    found = examine("de", posts * 20, champion=shipped, challenger=shipped)
    assert (found.posts, found.champion_right, found.challenger_right) == (40, 40, 40)
    assert found.champion_f1 == 1.0
