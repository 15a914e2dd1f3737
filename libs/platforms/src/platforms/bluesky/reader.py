"""What is said to our account on Bluesky: mentions, replies and quotes from listNotifications.

The list runs backwards in time and knows no "since": it is read until what is known is reached.
Its order is by the earlier of two times, of which the author claims one, so a little of the past
is always read again; what was seen there is remembered in the cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from platforms.adapter import Ending, Haul, InboundPost, Medium, ReadError, Strange
from platforms.bluesky.records import COLLECTION, parse_address
from platforms.bluesky.session import Session, XrpcError

_REASONS = ("mention", "reply", "quote")
_PAGE = 100
_PAGES = 50
_OVERLAP = timedelta(minutes=15)
_REMEMBERED = 2_000


class BlueskyReader:
    """Reads one account's notifications. `interval` is the pause between two readings."""

    def __init__(self, session: Session, *, interval: timedelta) -> None:
        self._session = session
        self._interval = interval

    async def read(self, cursor: Mapping[str, Any] | None, *, since: datetime) -> Haul:
        """See Reader. The cursor holds the newest moment seen and the posts around it."""
        newest = _moment(cursor.get("newest")) if cursor else None
        seen = dict(cursor.get("seen", {})) if cursor else {}
        edge = newest - _OVERLAP if newest else since
        try:
            own = await self._session.did()
            found = [
                entry
                for entry in await self._behind(edge)
                if entry.get("uri") not in seen and _author(entry) != own
            ]
            followers = await self._followers(found)
        except XrpcError as error:
            raise _as_read_error(error) from error
        posts: list[InboundPost] = []
        strange: list[Strange] = []
        for entry in reversed(found):
            post = _post(entry, followers)
            if post is None:
                strange.append(Strange(raw=orjson.dumps(entry), reason="no post of this network"))
            else:
                posts.append(post)
            indexed = _moment(entry.get("indexedAt"))
            if indexed is not None:
                newest = max(newest, indexed) if newest else indexed
                seen[str(entry.get("uri"))] = str(entry.get("indexedAt"))
        return Haul(
            posts=tuple(posts), strange=tuple(strange), cursor=_cursor(newest, seen, cursor)
        )

    async def wait(self, longest: timedelta) -> None:
        """Nothing is pushed here."""
        await asyncio.sleep(min(self._interval, longest).total_seconds())

    async def aclose(self) -> None:
        await self._session.aclose()

    async def _behind(self, edge: datetime) -> list[dict[str, Any]]:
        """Newest first, down to `edge`."""
        found: list[dict[str, Any]] = []
        place: str | None = None
        for _ in range(_PAGES):
            query: dict[str, Any] = {"limit": _PAGE, "reasons": list(_REASONS)}
            if place:
                query["cursor"] = place
            page = await self._session.get("app.bsky.notification.listNotifications", query)
            entries = page.get("notifications", []) if isinstance(page, dict) else []
            for entry in entries:
                if not isinstance(entry, dict):
                    continue
                if _sorted_at(entry) < edge:
                    return found
                if entry.get("reason") in _REASONS:
                    found.append(entry)
            place = page.get("cursor") if isinstance(page, dict) else None
            if not place or not entries:
                return found
        # More than 5,000 at once: take these oldest last, the rest is behind the edge next time.
        return found

    async def _followers(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """Followers by DID; what cannot be told now is left out: no mention waits for it."""
        dids = list(dict.fromkeys(did for entry in entries if (did := _author(entry))))
        counts: dict[str, int] = {}
        for start in range(0, len(dids), 25):
            actors = dids[start : start + 25]
            try:
                answer = await self._session.get("app.bsky.actor.getProfiles", {"actors": actors})
            except XrpcError:
                return counts
            for profile in answer.get("profiles", []) if isinstance(answer, dict) else []:
                count = profile.get("followersCount") if isinstance(profile, dict) else None
                if isinstance(count, int):
                    counts[str(profile.get("did"))] = count
        return counts


def _post(entry: Mapping[str, Any], followers: Mapping[str, int]) -> InboundPost | None:
    record, author = entry.get("record"), entry.get("author")
    uri, indexed = str(entry.get("uri", "")), _moment(entry.get("indexedAt"))
    address = parse_address(uri)
    if not isinstance(record, dict) or not isinstance(author, dict) or address is None:
        return None
    if address.collection != COLLECTION or indexed is None or not author.get("did"):
        return None
    claimed = _moment(record.get("createdAt"))
    root, parent = _reference(record, "root"), _reference(record, "parent")
    langs = record.get("langs")
    handle = str(author.get("handle") or author["did"])
    return InboundPost(
        native_id=uri,
        text=str(record.get("text", "")),
        author_id=str(author["did"]),
        author_handle=f"@{handle}",
        author_name=str(author.get("displayName") or "") or None,
        author_followers=followers.get(str(author["did"])),
        # The author claims the one, the network saw the other: nobody posts in the future.
        posted_at=min(claimed, indexed) if claimed else indexed,
        conversation=root or uri,
        in_reply_to=parent,
        thread=tuple(one for one in (root,) if one),
        url=f"https://bsky.app/profile/{author['did']}/post/{address.rkey}",
        language=_language(langs),
        media=_media(record, address.repo),
        detected_via=str(entry["reason"]),
    )


def _reference(record: Mapping[str, Any], which: str) -> str | None:
    reply = record.get("reply")
    one = reply.get(which) if isinstance(reply, dict) else None
    uri = one.get("uri") if isinstance(one, dict) else None
    return uri if isinstance(uri, str) and parse_address(uri) else None


def _language(langs: Any) -> str | None:
    first = langs[0] if isinstance(langs, list) and langs else None
    return first if isinstance(first, str) and first.replace("-", "").isalnum() else None


def _media(record: Mapping[str, Any], did: str) -> tuple[Medium, ...]:
    embed = record.get("embed")
    images = embed.get("images", []) if isinstance(embed, dict) else []
    found = []
    for image in images if isinstance(images, list) else []:
        try:
            cid = str(image["image"]["ref"]["$link"])
        except (KeyError, TypeError):
            continue
        url = f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}/{cid}@jpeg"
        found.append(Medium(kind="image", url=url, alt_text=str(image.get("alt") or "") or None))
    return tuple(found)


def _author(entry: Mapping[str, Any]) -> str | None:
    author = entry.get("author")
    did = author.get("did") if isinstance(author, dict) else None
    return did if isinstance(did, str) else None


def _sorted_at(entry: Mapping[str, Any]) -> datetime:
    """The time by which the network orders this entry: the earlier of the two."""
    record = entry.get("record")
    claimed = _moment(record.get("createdAt")) if isinstance(record, dict) else None
    indexed = _moment(entry.get("indexedAt")) or datetime.now(UTC)
    return min(claimed, indexed) if claimed else indexed


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cursor(
    newest: datetime | None, seen: Mapping[str, str], before: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    if newest is None:
        return before or {}
    kept = sorted(seen.items(), key=lambda item: item[1], reverse=True)[:_REMEMBERED]
    edge = newest - _OVERLAP * 2
    return {
        "newest": newest.isoformat(),
        "seen": {uri: at for uri, at in kept if (_moment(at) or newest) >= edge},
    }


def _as_read_error(error: XrpcError) -> ReadError:
    ending = error.result.ending
    known = ending if ending in (Ending.ACCOUNT_DEAD, Ending.RATE_LIMITED) else Ending.NOT_NOW
    return ReadError(error.result.error, ending=known, retry_after=error.result.retry_after)
