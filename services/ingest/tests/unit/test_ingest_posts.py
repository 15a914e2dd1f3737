"""Which conversation a post belongs to, and that copies become one."""

from __future__ import annotations

from ingest_builders import found

from common.ids import conversation_id, mention_id
from ingest.domain.posts import merge_copies, parents_asked_for, place


def test_a_post_by_itself_begins_its_own_conversation() -> None:
    (placed,) = place("mastodon", [found("p1")], {})
    assert placed.mention_id == mention_id("mastodon", "p1")
    assert placed.conversation_id == conversation_id("mastodon", "p1")


def test_the_conversation_that_the_source_names_wins() -> None:
    parents = {"p0": conversation_id("mastodon", "elsewhere")}
    post = found("p1", conversation="root", in_reply_to="p0")
    (placed,) = place("mastodon", [post], parents)
    assert placed.conversation_id == conversation_id("mastodon", "root")


def test_a_reply_joins_the_conversation_of_its_known_parent() -> None:
    parents = {"p5": conversation_id("mastodon", "p1")}
    (placed,) = place("mastodon", [found("p6", in_reply_to="p5")], parents)
    assert placed.conversation_id == conversation_id("mastodon", "p1")


def test_a_reply_to_an_unknown_post_takes_that_one_as_the_beginning() -> None:
    (placed,) = place("mastodon", [found("p6", in_reply_to="p5")], {})
    assert placed.conversation_id == conversation_id("mastodon", "p5")


def test_a_thread_within_one_delivery_stays_together() -> None:
    thread = [
        found("p1"),
        found("p2", in_reply_to="p1"),
        found("p3", in_reply_to="p2"),
    ]
    assert {item.conversation_id for item in place("x", thread, {})} == {conversation_id("x", "p1")}


def test_the_same_id_on_another_network_is_another_mention() -> None:
    (here,) = place("mastodon", [found("p1")], {})
    (there,) = place("bluesky", [found("p1")], {})
    assert here.mention_id != there.mention_id
    assert here.conversation_id != there.conversation_id


def test_copies_become_one_post_that_was_found_both_ways() -> None:
    merged = merge_copies(
        [
            found("p1", detected_via=("search",), text="first"),
            found("p2"),
            found("p1", detected_via=("mention",), text="second"),
            found("p1", detected_via=("search",)),
        ]
    )
    assert [post.native_id for post in merged] == ["p1", "p2"]
    assert merged[0].detected_via == ("search", "mention")
    assert merged[0].text == "first"


def test_only_parents_that_decide_are_asked_for() -> None:
    posts = [
        found("p3", in_reply_to="p2"),
        found("p4", in_reply_to="p1"),
        found("p5", in_reply_to="p0", conversation="root"),
        found("p6"),
    ]
    assert parents_asked_for(posts) == ["p1", "p2"]
