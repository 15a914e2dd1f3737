"""Replies on Bluesky: a record put under a key of our own, so that a repeat changes nothing.

Everything in the record is settled before the first try (text, moment, root, parent, facets): a
put under the same key overwrites, and what was approved must not change (CONNECTORS 5.3).
Direct messages are another service of the network and not here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from platforms import lengths
from platforms.adapter import (
    Audience,
    Capabilities,
    Ending,
    Finding,
    Found,
    Idempotency,
    Letter,
    Observation,
    Prepared,
    Reach,
    ReadBack,
    Result,
    ThreadPost,
    Unit,
    UnreadableError,
)
from platforms.bluesky.records import (
    COLLECTION,
    Address,
    facets,
    parse_address,
    reply_reference,
    timestamp,
)
from platforms.bluesky.session import Session, XrpcError
from platforms.bluesky.tids import tid

CAPABILITIES = Capabilities(
    limits=(lengths.limit(Unit.GRAPHEMES, 300), lengths.limit(Unit.UTF8_BYTES, 3000)),
    audiences=frozenset({Audience.PUBLIC}),
    idempotency=Idempotency.OWN_ID,
    read_back=ReadBack.BY_ID,
    can_delete=frozenset({"own"}),
    settles_within=timedelta(seconds=1),
)
_LOOKS = 8
_BETWEEN_LOOKS_S = 0.25
_MISSING = frozenset({"RecordNotFound", "RepoNotFound", "NotFound"})


class BlueskyAdapter:
    """One account on one server (its PDS); `session` may be shared with a reader."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def prepare(self, letter: Letter) -> Prepared | Result:
        """The whole record. TARGET_GONE or NOT_PERMITTED where an answer would reach nobody."""
        if letter.audience is not Audience.PUBLIC:
            return Result(ending=Ending.REFUSED, error="bluesky_is_public")
        parent = parse_address(letter.answered.native_id)
        if parent is None or parent.collection != COLLECTION:
            return Result(ending=Ending.REFUSED, error="no_post_address")
        try:
            did = await self._session.did()
            found = await self._record(parent)
            if found is None:
                return Result(ending=Ending.TARGET_GONE, error="target_gone")
            if await self._is_blocked(parent.repo):
                return Result(ending=Ending.NOT_PERMITTED, error="blocked_by_author")
            record: dict[str, Any] = {
                "$type": COLLECTION,
                "text": letter.text,
                "createdAt": timestamp(letter.written_at),
                "reply": reply_reference(found),
            }
            if places := await facets(letter.text, self._resolve):
                record["facets"] = places
        except XrpcError as error:
            return _without_effect(error.result)
        address = Address(did, COLLECTION, tid(letter.reply_id, letter.written_at))
        return Prepared(body=record, native_id=str(address))

    async def send(self, prepared: Prepared) -> Result:
        """Put the record; a second time is the same post."""
        address = _own(prepared)
        put = {
            "repo": address.repo,
            "collection": address.collection,
            "rkey": address.rkey,
            "record": dict(prepared.body),
            "validate": True,
        }
        try:
            answer = await self._session.post("com.atproto.repo.putRecord", put)
        except XrpcError as error:
            return error.result
        if not isinstance(answer, dict) or answer.get("uri") != str(address):
            return Result(ending=Ending.UNKNOWN, error="answer_unreadable")
        return Result(ending=Ending.SENT, native_id=str(address))

    async def find(self, prepared: Prepared) -> Found:
        """Ask the repository for our own record."""
        address = _own(prepared)
        try:
            found = await self._record(address)
        except XrpcError:
            return Found(finding=Finding.CANNOT_TELL)
        if found is None:
            return Found(finding=Finding.ABSENT)
        return Found(finding=Finding.PRESENT, native_id=str(address))

    async def read_thread(self, in_reply_to: str) -> Sequence[ThreadPost]:
        """Not needed: `find` knows the reply by its own id."""
        raise UnreadableError("found_by_id")

    async def observe(self, prepared: Prepared, native_id: str) -> Observation:
        """Look for the reply under the post it answers, as the network shows it to us."""
        parent = str(prepared.body["reply"]["parent"]["uri"])
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(_BETWEEN_LOOKS_S)
            try:
                shown = await self._session.get(
                    "app.bsky.feed.getPostThread",
                    {"uri": parent, "depth": 1, "parentHeight": 0},
                )
            except XrpcError as error:
                if error.name == "NotFound":
                    return Observation(reach=Reach.TARGET_GONE, audience=Audience.PUBLIC)
                break
            reach = _reach(shown, native_id)
            if reach is not None:
                return Observation(reach=reach, audience=Audience.PUBLIC)
        # It is in our repository and public there; whether the thread shows it, nobody said.
        return Observation(reach=Reach.UNCONFIRMED, audience=Audience.PUBLIC)

    async def aclose(self) -> None:
        await self._session.aclose()

    async def _record(self, address: Address) -> Mapping[str, Any] | None:
        query = {
            "repo": address.repo,
            "collection": address.collection,
            "rkey": address.rkey,
        }
        try:
            found = await self._session.get("com.atproto.repo.getRecord", query)
        except XrpcError as error:
            # Older servers say InvalidRequest "Could not locate record": a lookup by a well-formed
            # address can be wrong in no other way.
            if error.status in (400, 404) and error.name in (*_MISSING, "InvalidRequest"):
                return None
            raise
        if not isinstance(found, dict) or not found.get("uri") or not found.get("cid"):
            raise XrpcError(
                Result(ending=Ending.NOT_NOW, error="answer_unreadable"), name="Unreadable"
            )
        return found

    async def _is_blocked(self, author: str) -> bool:
        """Whether the author and we have blocked each other; False where the view is away.

        Asked of the profile: lists of posts leave out what a block hides.
        """
        try:
            answer = await self._session.get("app.bsky.actor.getProfile", {"actor": author})
        except XrpcError:
            return False
        viewer = answer.get("viewer") if isinstance(answer, dict) else None
        if not isinstance(viewer, dict):
            return False
        return bool(viewer.get("blockedBy") or viewer.get("blocking"))

    async def _resolve(self, handle: str) -> str | None:
        try:
            found = await self._session.get(
                "com.atproto.identity.resolveHandle", {"handle": handle}
            )
        except XrpcError as error:
            if error.result.ending is Ending.REFUSED:
                return None  # no such account: it stays plain text
            raise
        did = found.get("did") if isinstance(found, dict) else None
        return did if isinstance(did, str) else None


def _own(prepared: Prepared) -> Address:
    address = parse_address(prepared.native_id or "")
    assert address is not None, "prepared by this adapter"
    return address


def _reach(shown: Any, native_id: str) -> Reach | None:
    """What a thread says of our reply; None: not yet anything."""
    thread = shown.get("thread") if isinstance(shown, dict) else None
    if not isinstance(thread, dict):
        return None
    kind = str(thread.get("$type", ""))
    if kind.endswith("#notFoundPost"):
        return Reach.TARGET_GONE
    if kind.endswith("#blockedPost"):
        return Reach.BLOCKED
    for reply in thread.get("replies") or []:
        post = reply.get("post", reply) if isinstance(reply, dict) else {}
        if isinstance(post, dict) and post.get("uri") == native_id:
            blocked = str(reply.get("$type", "")).endswith("#blockedPost")
            return Reach.BLOCKED if blocked else Reach.SHOWN
    return None


def _without_effect(result: Result) -> Result:
    """Reading publishes nothing, so an unclear answer to it is a clear "not now"."""
    if result.ending in (Ending.UNKNOWN, Ending.SENT):
        return Result(ending=Ending.NOT_NOW, error=result.error)
    return result
