"""One IMAP mailbox: new mails by UID, a mail by its Message-ID, and being told when one arrives.

It only ever looks (BODY.PEEK): the mailbox stays as people see it, the cursor is the owner's.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from aioimaplib import (  # type: ignore[import-untyped]
    IMAP4,
    IMAP4_SSL,
    Abort,
    CommandTimeout,
    Error,
)

from platforms.adapter import Ending, ReadError

Security = Literal["tls", "none"]
_VALIDITY = re.compile(rb"UIDVALIDITY (\d+)")
_DATE = re.compile(rb'INTERNALDATE "([^"]+)"')
_UID = re.compile(rb"\bUID (\d+)")
_SAFE_ID = re.compile(r"[!#-\[\]-~]{1,900}")
_AWAY = (Abort, CommandTimeout, Error, OSError, TimeoutError, EOFError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapServer:
    """Where mail is read. `security` none is for loopback only."""

    host: str
    port: int
    security: Security
    username: str
    password: str
    folder: str
    timeout: timedelta

    def __repr__(self) -> str:
        return f"ImapServer({self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail as it lies in the mailbox."""

    uid: int
    raw: bytes
    received_at: datetime


class Mailbox:
    """A connection that is opened when it is needed, and again after it broke."""

    def __init__(self, server: ImapServer) -> None:
        self._server = server
        self._client: Any = None
        self.uid_validity = 0

    async def open(self) -> None:
        """Log in and select the folder, unless that is so already. Raises ReadError."""
        if self._client is not None:
            return
        server = self._server
        seconds = server.timeout.total_seconds()
        try:
            if server.security == "tls":
                context = ssl.create_default_context()
                client: Any = IMAP4_SSL(
                    host=server.host, port=server.port, timeout=seconds, ssl_context=context
                )
            else:
                client = IMAP4(host=server.host, port=server.port, timeout=seconds)
            await asyncio.wait_for(client.wait_hello_from_server(), seconds)
            said = await client.login(server.username, server.password)
        except _AWAY as error:
            raise ReadError("not_reached") from error
        if said.result != "OK":
            raise ReadError("login_refused", ending=Ending.ACCOUNT_DEAD)
        self._client = client
        await self._select()

    async def new_mails(self, after_uid: int, *, limit: int) -> Sequence[StoredMail]:
        """At most `limit` mails with a greater UID, in the order of UID. Raises ReadError."""
        await self.open()
        await self._command("noop")  # what arrived since the last word is told in the answer
        uids = [
            uid
            for uid in await self._search(f"UID {after_uid + 1}:*")
            if uid > after_uid  # `n:*` names the last mail even where it is older
        ]
        return [mail for uid in sorted(uids)[:limit] if (mail := await self._fetch(uid))]

    async def uids_since(self, day: datetime) -> Sequence[int]:
        """The UIDs of mails received on that day or later. Raises ReadError."""
        return sorted(await self._search(f"SINCE {day.strftime('%d-%b-%Y')}"))

    async def has(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID lies here. Raises ReadError."""
        if not _SAFE_ID.fullmatch(message_id):
            raise ReadError("no_message_id")
        await self.open()
        await self._select()  # a fresh view: what arrived meanwhile counts
        return bool(await self._search(f'HEADER Message-ID "{message_id}"'))

    async def idle(self, longest: timedelta) -> None:
        """Return when the server says that something changed, at the latest after `longest`."""
        await self.open()
        seconds = longest.total_seconds()
        if not self._client.has_capability("IDLE"):
            await asyncio.sleep(seconds)
            return
        try:
            idle = await self._client.idle_start(timeout=seconds + 5)
            try:
                await self._client.wait_server_push(timeout=seconds)
            except TimeoutError:
                pass
            finally:
                self._client.idle_done()
                await asyncio.wait_for(idle, self._server.timeout.total_seconds())
        except _AWAY as error:
            await self._broken()
            raise ReadError("broken_off") from error

    async def aclose(self) -> None:
        """Log out; a connection that is gone is let go."""
        client, self._client = self._client, None
        if client is not None:
            try:
                await asyncio.wait_for(client.logout(), 2.0)
            except _AWAY:
                client.protocol.transport and client.protocol.transport.close()

    async def _select(self) -> None:
        lines = await self._command("select", self._server.folder)
        match = next((found for line in lines if (found := _VALIDITY.search(line))), None)
        if match is None:
            raise ReadError("no_uid_validity")
        self.uid_validity = int(match.group(1))

    async def _search(self, question: str) -> list[int]:
        lines = await self._command("uid_search", question, charset=None)
        return [int(word) for word in lines[0].split()] if lines else []

    async def _fetch(self, uid: int) -> StoredMail | None:
        lines = await self._command("uid", "fetch", str(uid), "(UID INTERNALDATE BODY.PEEK[])")
        raw = next((bytes(line) for line in lines if isinstance(line, bytearray)), None)
        if raw is None:
            return None  # expunged meanwhile
        heads = b" ".join(bytes(line) for line in lines if not isinstance(line, bytearray))
        date = _DATE.search(heads)
        received = datetime.now(UTC)
        if date is not None:
            received = parsedate_to_datetime(date.group(1).decode().replace("-", " ").strip())
        return StoredMail(uid, raw, received.astimezone(UTC))

    async def _command(self, name: str, *arguments: str, **options: Any) -> list[Any]:
        await self.open() if self._client is None else None
        try:
            said = await getattr(self._client, name)(*arguments, **options)
        except _AWAY as error:
            await self._broken()
            raise ReadError("broken_off") from error
        if said.result != "OK":
            await self._broken()
            raise ReadError(f"imap_{name}_refused")
        return list(said.lines)

    async def _broken(self) -> None:
        client, self._client = self._client, None
        if client is not None and client.protocol.transport is not None:
            client.protocol.transport.close()
