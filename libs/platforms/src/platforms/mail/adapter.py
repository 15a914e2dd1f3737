"""Replies by mail: one recipient, our own Message-ID, and a copy in our own mailbox as the proof.

The copy travels in the same SMTP transaction as the mail itself, so whoever finds it knows that the
server took both. Without an archive nothing can be looked up; a repeat then carries the same
Message-ID, by which receivers know it (CONNECTORS 12).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

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
    ReadError,
    Result,
    ThreadPost,
    Unit,
    UnreadableError,
)
from platforms.mail.mailbox import Mailbox
from platforms.mail.messages import as_bytes, compose
from platforms.mail.smtp import SmtpServer, hand_in

MAX_LENGTH = 10_000


class MailAdapter:
    """One address of ours. `archive` is its own mailbox, where copies are looked for."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender_name: str,
        archive: Mailbox | None,
        settles_within: timedelta,
    ) -> None:
        self._server = server
        self._sender_name = sender_name
        self._archive = archive
        self._looking = asyncio.Lock()  # one connection, one question at a time
        self._capabilities = Capabilities(
            limits=(lengths.limit(Unit.CODE_POINTS, MAX_LENGTH),),
            audiences=frozenset({Audience.PRIVATE}),
            idempotency=Idempotency.STABLE_ID,
            read_back=ReadBack.BY_ID if archive else ReadBack.NONE,
            settles_within=settles_within,
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def prepare(self, letter: Letter) -> Prepared | Result:
        """The mail in its parts; refused where there is no address to write to."""
        if letter.audience is not Audience.PRIVATE:
            return Result(ending=Ending.REFUSED, error="mail_is_private")
        recipient = letter.answered.author_id
        if recipient.count("@") != 1 or any(sign.isspace() for sign in recipient):
            return Result(ending=Ending.REFUSED, error="no_mail_address")
        if recipient.lower() == letter.account.lower():
            return Result(ending=Ending.REFUSED, error="own_address")
        return compose(letter, sender_name=self._sender_name)

    async def send(self, prepared: Prepared) -> Result:
        """Hand it in once."""
        body = prepared.body
        try:
            mail = as_bytes(body)
        except (ValueError, IndexError, TypeError):
            return Result(ending=Ending.REFUSED, error="mail_unwritable")
        sender = str(body["from"])
        copies = [sender] if self._archive else []
        result = await hand_in(
            self._server, mail, sender=sender, recipient=str(body["to"]), copies=copies
        )
        if result.ending is Ending.SENT:
            return Result(ending=Ending.SENT, native_id=prepared.native_id)
        return result

    async def find(self, prepared: Prepared) -> Found:
        """Look for our copy."""
        if self._archive is None:
            return Found(finding=Finding.CANNOT_TELL)
        assert prepared.native_id is not None, "prepared here"
        async with self._looking:
            try:
                there = await self._archive.has(prepared.native_id)
            except ReadError:
                return Found(finding=Finding.CANNOT_TELL)
        if there:
            return Found(finding=Finding.PRESENT, native_id=prepared.native_id)
        return Found(finding=Finding.ABSENT)

    async def read_thread(self, in_reply_to: str) -> Sequence[ThreadPost]:
        raise UnreadableError("found_by_id")

    async def observe(self, prepared: Prepared, native_id: str) -> Observation:
        """A server took it; a bounce, if one comes, comes as mail."""
        return Observation(reach=Reach.DELIVERED, audience=Audience.PRIVATE)

    async def aclose(self) -> None:
        if self._archive is not None:
            await self._archive.aclose()
