"""What was published: in memory for reading, in a file so that no restart forgets an effect."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A published post, as the log and the API show it. `created_at` is RFC 3339."""

    id: str
    network: str
    account: str
    in_reply_to: str
    visibility: str
    text: str
    created_at: str
    idempotency_key: str | None
    fault: str


class PostLog:
    """Appends posts to a JSON-lines file (synced before it returns) and finds them again."""

    def __init__(self, path: Path | None) -> None:
        self._posts: list[Post] = []
        self._by_key: dict[str, Post] = {}
        self._file: IO[bytes] | None = None
        if path is not None:
            if path.exists():
                for line in path.read_bytes().splitlines():
                    self._keep(Post(**orjson.loads(line)))
            self._file = path.open("ab")

    def add(self, post: Post) -> None:
        """The post is durable when this returns."""
        if self._file is not None:
            self._file.write(orjson.dumps(asdict(post)) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        self._keep(post)

    def by_key(self, idempotency_key: str) -> Post | None:
        """The post made with this key."""
        return self._by_key.get(idempotency_key)

    def all(self) -> list[Post]:
        return list(self._posts)

    def thread(self, in_reply_to: str) -> list[Post]:
        """The posts that answer this one, oldest first."""
        return [post for post in self._posts if post.in_reply_to == in_reply_to]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _keep(self, post: Post) -> None:
        self._posts.append(post)
        if post.idempotency_key:
            self._by_key.setdefault(post.idempotency_key, post)
