"""A department by mail: the question out, the answer back by its reply token.

Going out, the Message-ID is made of the message's id, so that a repetition is the same mail for
every receiver (RFC 5322 section 3.6.4). Coming back, an answer is recognised by the token in its
address, its subject or what it refers to; automatic mail is no answer (RFC 3834).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from zoneinfo import ZoneInfo

from platforms.adapter import Ending
from platforms.mail.smtp import SmtpServer, hand_in
from router.domain.department_letters import OutgoingMessage, letter
from router.gateways.errors import NotTakenError, RefusedError

_TOKEN = re.compile(r"\bq-[a-z2-7]{20,40}\b")
_QUOTE = re.compile(
    r"^(?:>|On .+ wrote:$|Am .+ schrieb .*:$|-{2,} ?(?:Original Message|Ursprüngliche Nachricht))"
)
_FINAL = frozenset({Ending.REFUSED, Ending.TARGET_GONE})


@dataclass(frozen=True, slots=True)
class MailAnswer:
    """An answer as it came. `message_id` tells a repetition from a second answer."""

    message_id: str
    tokens: tuple[str, ...]
    sender: str
    text: str


class DepartmentMail:
    """Sends letters by SMTP from `sender`; answers come back to the same mailbox, with a token."""

    def __init__(self, server: SmtpServer, *, sender: str, zone: ZoneInfo) -> None:
        self._server = server
        self._sender = sender
        self._zone = zone

    async def send(self, message: OutgoingMessage) -> None:
        """Hand the letter over. Raises NotTakenError (later again) or RefusedError (never).

        Whether a connection that broke off had taken it is unknown; the repetition is the same
        mail, so that is no harm.
        """
        result = await hand_in(
            self._server,
            self._compose(message).as_bytes(),
            sender=self._sender,
            recipient=message.address,
        )
        if result.ending is Ending.SENT:
            return
        refusal = RefusedError if result.ending in _FINAL else NotTakenError
        raise refusal(result.error or result.ending.value)

    def _compose(self, message: OutgoingMessage) -> EmailMessage:
        said = letter(message, zone=self._zone)
        name, _, domain = self._sender.partition("@")
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = self._sender
        mail["To"] = message.address
        mail["Reply-To"] = f"{name}+{message.reply_token}@{domain}"
        mail["Subject"] = said.subject
        mail["Date"] = format_datetime(message.created_at)
        mail["Message-ID"] = f"<{message.message_id}.{message.reply_token}@{domain}>"
        mail["Auto-Submitted"] = "no"  # a person asks, and waits for a person's answer
        if message.priority == "high":
            mail["Importance"] = "high"
        mail.set_content(said.text)
        return mail


def read_answer(raw: bytes) -> MailAnswer | None:
    """The answer in a mail; None for automatic mail, a list's mail, or one without a token."""
    mail = message_from_bytes(raw, policy=policy.default)
    if _is_automatic(mail):
        return None
    places = [*_values(mail, "to", "cc", "delivered-to", "in-reply-to", "references", "subject")]
    tokens = tuple(dict.fromkeys(token for place in places for token in _TOKEN.findall(place)))
    body = mail.get_body(preferencelist=("plain", "html"))
    text = "" if body is None else str(body.get_content())
    if body is not None and body.get_content_subtype() == "html":
        text = re.sub(r"<[^>]+>", " ", text)
    said = _without_quotes(text)
    if not tokens or not said:
        return None
    sender = parseaddr(str(mail.get("from", "")))
    return MailAnswer(
        message_id=str(mail.get("message-id", "")).strip(),
        tokens=tokens,
        sender=sender[0] or sender[1],
        text=said,
    )


def _is_automatic(mail: EmailMessage) -> bool:
    submitted = str(mail.get("auto-submitted", "no")).lower()
    precedence = str(mail.get("precedence", "")).lower()
    return (
        not submitted.startswith("no")
        or precedence in {"bulk", "list", "junk"}
        or "list-id" in mail
        or str(mail.get("return-path", "")).strip() == "<>"
    )


def _values(mail: EmailMessage, *names: str) -> Iterable[str]:
    for name in names:
        yield from (str(value) for value in mail.get_all(name, []))


def _without_quotes(text: str) -> str:
    """What was written, without the letter that mail programs quote below it."""
    kept = []
    for line in text.splitlines():
        if _QUOTE.match(line.strip()) and not line.strip().startswith(">"):
            break
        if not line.strip().startswith(">"):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()
