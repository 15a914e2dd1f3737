"""Readers of networks (libs/platforms) for the accounts that operators wrote down, in our words.

Secrets go from the settings into the readers and nowhere else. No storage, no cursor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from common.settings import BlueskyLink, Link, MailLink
from ingest.domain.posts import Attachment, FoundPost, UnreadablePost
from ingest.domain.sources import SourceKind
from platforms import adapter as far
from platforms.bluesky.reader import BlueskyReader
from platforms.bluesky.session import Session
from platforms.mail.mailbox import ImapServer, Mailbox
from platforms.mail.reader import MailReader

Name = tuple[SourceKind, str]
"""Kind and account."""


class UnreadSourceError(Exception):
    """A reading failed and moved nothing; `code` is a short word of ours."""

    def __init__(self, code: str, retry_after: timedelta | None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What one reading brought, oldest first; `cursor` belongs into the same transaction."""

    items: Sequence[FoundPost | UnreadablePost]
    cursor: Mapping[str, Any]
    more: bool


class SourceReader:
    """One account's reader."""

    def __init__(self, reader: far.Reader) -> None:
        self._reader = reader

    async def read(self, cursor: Mapping[str, Any] | None, *, since: datetime) -> Brought:
        """What is new behind the cursor. Raises UnreadSourceError."""
        try:
            haul = await self._reader.read(cursor, since=since)
        except far.ReadError as error:
            raise UnreadSourceError(error.code, error.retry_after) from error
        posts: list[FoundPost | UnreadablePost] = [_found(post) for post in haul.posts]
        strange = [UnreadablePost(raw=item.raw, reason=item.reason) for item in haul.strange]
        return Brought(items=[*posts, *strange], cursor=haul.cursor, more=haul.more)

    async def wait(self, longest: timedelta) -> None:
        """Return when something may be new. Raises UnreadSourceError."""
        try:
            await self._reader.wait(longest)
        except far.ReadError as error:
            raise UnreadSourceError(error.code, error.retry_after) from error

    async def aclose(self) -> None:
        await self._reader.aclose()


class Readers:
    """Makes a reader for an account that the deployment knows.

    Raises ConfigurationError where a secret is missing: at the start, not at the first reading.
    """

    def __init__(
        self,
        links: Sequence[Link],
        *,
        timeout: timedelta,
        interval: timedelta,
        proxy: str | None = None,
    ) -> None:
        self._links: dict[Name, BlueskyLink | MailLink] = {}
        self._passwords: dict[Name, SecretStr] = {}
        for link in links:
            if isinstance(link, BlueskyLink):
                self._links[(SourceKind.BLUESKY, link.account)] = link
            elif isinstance(link, MailLink) and link.imap is not None:
                self._links[(SourceKind.MAIL, link.account)] = link
        for name, link in self._links.items():
            self._passwords[name] = link.secret.read()
        self._timeout = timeout
        self._interval = interval
        self._proxy = proxy

    @property
    def accounts(self) -> Sequence[Name]:
        """The accounts that can be read."""
        return list(self._links)

    def open(self, name: Name) -> SourceReader:
        """A fresh reader; it connects when it is used."""
        link = self._links[name]
        password = self._passwords[name].get_secret_value()
        if isinstance(link, BlueskyLink):
            session = Session(
                str(link.url),
                link.account,
                password=password,
                timeout=self._timeout,
                proxy=self._proxy,
            )
            return SourceReader(BlueskyReader(session, interval=self._interval))
        assert link.imap is not None, "kept above only with one"
        server = ImapServer(
            host=link.imap.host,
            port=link.imap.port,
            security=link.imap.security,
            username=link.username or link.account,
            password=password,
            folder=link.imap.folder,
            timeout=self._timeout,
        )
        # A push wakes it; the pause only bounds how long a lost push can hide.
        pause = max(self._interval, timedelta(seconds=20))
        return SourceReader(MailReader(Mailbox(server), own_address=link.account, interval=pause))


def _found(post: far.InboundPost) -> FoundPost:
    return FoundPost(
        native_id=_shown(post.native_id),
        text=_shown(post.text),
        author_id=_shown(post.author_id),
        author_handle=_shown(post.author_handle),
        author_name=_shown(post.author_name) if post.author_name else None,
        author_followers=post.author_followers,
        posted_at=post.posted_at,
        conversation=post.conversation,
        in_reply_to=post.in_reply_to,
        url=post.url,
        language=post.language,
        media=tuple(
            Attachment(kind=one.kind, url=one.url, alt_text=one.alt_text) for one in post.media
        ),
        detected_via=(post.detected_via,),
        is_private=post.audience is far.Audience.PRIVATE,
        title=_shown(post.title) if post.title else None,
        thread=post.thread,
    )


def _shown(text: str) -> str:
    """PostgreSQL holds no NUL; a mention is not lost for one."""
    return text.replace("\x00", "\ufffd")
