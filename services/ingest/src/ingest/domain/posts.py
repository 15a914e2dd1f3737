"""Posts as a source hands them in, and the conversation each belongs to. No I/O, no clock.

It does not judge what a post is about, and it never changes a conversation once given: a thread
whose middle arrives before its beginning may stay two conversations unless the source names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common.ids import conversation_id, mention_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A medium by reference (S10)."""

    kind: str
    url: str
    alt_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPost:
    """A post in our words. Ids are the network's own; `conversation` names the thread's first post.

    `detected_via` has one word when a post is read, several once copies were merged (S2).
    `thread` are the ids before it where the source states them (a mail's References).
    """

    native_id: str
    text: str
    author_id: str
    author_handle: str
    posted_at: datetime
    author_name: str | None = None
    author_followers: int | None = None
    account: str | None = None
    conversation: str | None = None
    in_reply_to: str | None = None
    url: str | None = None
    language: str | None = None
    media: tuple[Attachment, ...] = ()
    detected_via: tuple[str, ...] = ("mention",)
    is_private: bool = False
    title: str | None = None
    thread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadablePost:
    """Bytes from a known sender that are no post: kept as a dead letter. `line` counts from 1."""

    raw: bytes
    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class PlacedPost:
    """A post with its two names: its own and its conversation's."""

    mention_id: UUID
    conversation_id: UUID
    post: FoundPost


def merge_copies(posts: Iterable[FoundPost]) -> list[FoundPost]:
    """One post per native id, in the order of first appearance; copies add how they were found."""
    merged: dict[str, FoundPost] = {}
    for post in posts:
        known = merged.get(post.native_id)
        if known is None:
            merged[post.native_id] = post
        else:
            ways = tuple(dict.fromkeys(known.detected_via + post.detected_via))
            merged[post.native_id] = replace(known, detected_via=ways)
    return list(merged.values())


def parents_asked_for(posts: Iterable[FoundPost]) -> list[str]:
    """The native ids of posts whose conversation decides that of one of `posts`."""
    return sorted(
        {post.in_reply_to for post in posts if post.in_reply_to and not post.conversation}
    )


def place(
    network: str, posts: Sequence[FoundPost], parents: Mapping[str, UUID]
) -> list[PlacedPost]:
    """Each post with its conversation.

    The thread is, in this order: the conversation the source names; the conversation of the known
    parent (`parents`: native id to conversation id; an earlier post of `posts` counts too); the
    parent as a thread's first post; the post itself.
    """
    known = dict(parents)
    placed = []
    for post in posts:
        conversation = _conversation(network, post, known)
        known.setdefault(post.native_id, conversation)
        placed.append(PlacedPost(mention_id(network, post.native_id), conversation, post))
    return placed


def _conversation(network: str, post: FoundPost, known: Mapping[str, UUID]) -> UUID:
    if post.conversation:
        return conversation_id(network, post.conversation)
    if post.in_reply_to:
        return known.get(post.in_reply_to) or conversation_id(network, post.in_reply_to)
    return conversation_id(network, post.native_id)
