"""Post records of Bluesky: addresses, references, and where in a text a mention or link stands.

Places are counted in bytes of UTF-8, the end not included, as the protocol wants them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

COLLECTION = "app.bsky.feed.post"
_URI = re.compile(
    r"^at://(?P<repo>[^/]{1,2048})/(?P<collection>[^/]{1,320})/(?P<rkey>[^/]{1,512})$"
)
_HANDLE = re.compile(
    r"(?:^|[\s(])(?P<at>@(?P<handle>(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+"
    r"[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?))"
)
_LINK = re.compile(r"(?:^|[\s(])(?P<link>https?://[^\s<>\"]{1,2000})")
_TRAILING = ".,;:!?)'\"]"


@dataclass(frozen=True, slots=True)
class Address:
    """An at:// address in its parts."""

    repo: str
    collection: str
    rkey: str

    def __str__(self) -> str:
        return f"at://{self.repo}/{self.collection}/{self.rkey}"


def parse_address(uri: str) -> Address | None:
    """The parts of an at:// address; None for anything else."""
    match = _URI.match(uri)
    return Address(match["repo"], match["collection"], match["rkey"]) if match else None


def timestamp(moment: datetime) -> str:
    """A moment as records carry it: milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reply_reference(parent: Mapping[str, Any]) -> dict[str, Any]:
    """`root` and `parent` of an answer to a record as getRecord shows it: {uri, cid, value}."""
    this = {"uri": parent["uri"], "cid": parent["cid"]}
    reply = parent["value"].get("reply") if isinstance(parent.get("value"), Mapping) else None
    root = reply.get("root") if isinstance(reply, Mapping) else None
    if isinstance(root, Mapping) and isinstance(root.get("uri"), str) and root.get("cid"):
        return {"root": {"uri": root["uri"], "cid": root["cid"]}, "parent": this}
    return {"root": this, "parent": this}


async def facets(
    text: str, resolve: Callable[[str], Awaitable[str | None]]
) -> list[dict[str, Any]]:
    """Mentions and links in the text. `resolve` gives a handle's DID; None: plain text it stays."""
    found: list[dict[str, Any]] = []
    for match in _HANDLE.finditer(text):
        did = await resolve(match["handle"].lower())
        if did is not None:
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": did}
            found.append({"index": _bytes(text, *match.span("at")), "features": [feature]})
    for match in _LINK.finditer(text):
        link = match["link"].rstrip(_TRAILING)
        feature = {"$type": "app.bsky.richtext.facet#link", "uri": link}
        start = match.start("link")
        found.append({"index": _bytes(text, start, start + len(link)), "features": [feature]})
    return sorted(found, key=lambda facet: int(facet["index"]["byteStart"]))


def _bytes(text: str, start: int, end: int) -> dict[str, int]:
    before = len(text[:start].encode("utf-8"))
    return {"byteStart": before, "byteEnd": before + len(text[start:end].encode("utf-8"))}
