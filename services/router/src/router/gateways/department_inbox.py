"""The mailbox that departments answer to, as the use case reads it."""

from __future__ import annotations

from collections.abc import Sequence

from platforms.adapter import ReadError
from platforms.mail.mailbox import Mailbox
from router.gateways.department_mail import MailAnswer, read_answer
from router.gateways.errors import NotTakenError

_AT_ONCE = 50


class DepartmentInbox:
    """Opens the mailbox when it is needed, and again after it broke."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def fetch(
        self, uid_validity: int, uid: int
    ) -> tuple[int, Sequence[tuple[int, MailAnswer | None]]]:
        """The UIDVALIDITY now, and (uid, answer) of the next mails after `uid`, at most 50.

        A mailbox that was made anew is read from its start. Raises NotTakenError.
        """
        try:
            await self._mailbox.open()
            after = uid if self._mailbox.uid_validity == uid_validity else 0
            mails = await self._mailbox.new_mails(after, limit=_AT_ONCE)
        except ReadError as error:
            raise NotTakenError(error.code) from error
        return self._mailbox.uid_validity, [(mail.uid, read_answer(mail.raw)) for mail in mails]

    async def aclose(self) -> None:
        """Log out."""
        await self._mailbox.aclose()
