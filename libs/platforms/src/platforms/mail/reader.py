"""What is written to our address: new mails by UID, each once by its Message-ID.

The cursor is (UIDVALIDITY, UID). When a server renumbers a mailbox its old UIDs mean nothing: the
last days are read again, and whoever keeps the posts drops those that are known (RFC 3501 2.3.1.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from platforms.adapter import Haul, InboundPost, Strange
from platforms.mail.mailbox import Mailbox
from platforms.mail.messages import read_mail

_BATCH = 50
_AGAIN = timedelta(days=7)
_LARGEST = 5_000_000
# Servers end an idling connection after 30 minutes (RFC 2177); well before that we ask anew.
_LONGEST_IDLE = timedelta(minutes=25)


class MailReader:
    """Reads the mailbox of `own_address`."""

    def __init__(self, mailbox: Mailbox, *, own_address: str, interval: timedelta) -> None:
        self._mailbox = mailbox
        self._own_address = own_address
        self._interval = interval

    async def read(self, cursor: Mapping[str, Any] | None, *, since: datetime) -> Haul:
        """See Reader."""
        await self._mailbox.open()
        validity = self._mailbox.uid_validity
        if cursor and cursor.get("uid_validity") == validity:
            last = int(cursor["uid"])
        else:
            day = since if cursor is None else since - _AGAIN
            uids = await self._mailbox.uids_since(day)
            last = min(uids, default=1) - 1
        mails = await self._mailbox.new_mails(last, limit=_BATCH)
        posts: list[InboundPost] = []
        strange: list[Strange] = []
        for mail in mails:
            last = mail.uid
            if cursor is None and mail.received_at < since:
                continue  # SINCE knows days only
            read = self._read(mail.raw, mail.received_at, f"{validity}:{mail.uid}")
            if isinstance(read, InboundPost):
                posts.append(read)
            elif read is not None:
                strange.append(read)
        return Haul(
            posts=tuple(posts),
            strange=tuple(strange),
            cursor={"uid_validity": validity, "uid": max(last, 0)},
            more=len(mails) == _BATCH,
        )

    async def wait(self, longest: timedelta) -> None:
        """IDLE where the server can, else a pause."""
        await self._mailbox.idle(min(longest, self._interval, _LONGEST_IDLE))

    async def aclose(self) -> None:
        await self._mailbox.aclose()

    def _read(self, raw: bytes, received_at: datetime, place: str) -> InboundPost | Strange | None:
        if len(raw) > _LARGEST:
            return Strange(raw=raw[:65_536], reason="larger than 5 MB: its beginning")
        try:
            return read_mail(
                raw, own_address=self._own_address, received_at=received_at, place=place
            )
        except Exception as error:  # noqa: BLE001  (whatever a hostile mail does to the parser)
            return Strange(raw=raw, reason=f"unreadable: {type(error).__name__}")
