"""Mails as messages: what leaves, byte for byte the same on every try, and what came in.

It judges which mail was written by a person (RFC 3834): machines, lists and bounces are never
answered, or two machines would write to each other for ever. It opens no connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from email.utils import format_datetime, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any

from platforms.adapter import Audience, InboundPost, Letter, Medium, Prepared, Strange

_ID = re.compile(r"<[^<>\s]{1,900}>")
_REPLY_PREFIX = re.compile(r"^\s*((re|aw|antw|sv)\s*(\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_QUOTE_HEAD = re.compile(
    r"^(on .{0,200} wrote:|am .{0,200} schrieb.{0,200}:|-{2,}\s*(original message|"
    r"urspr\S{1,4}ngliche nachricht)\s*-{2,})$",
    re.IGNORECASE,
)
_MAX_TEXT = 50_000
_MAX_THREAD = 50


def message_id(letter: Letter, domain: str) -> str:
    """The Message-ID of a reply: fixed when it was decided, the handle of every repeat."""
    return f"<{letter.reply_id}@{domain}>"


def compose(letter: Letter, *, sender_name: str) -> Prepared:
    """Everything the mail consists of. `letter.account` is our own address.

    The subject answers the one received; References carry the whole thread (RFC 5322 3.6.4).
    """
    answered = letter.answered
    own_id = message_id(letter, letter.account.rpartition("@")[2])
    subject = _REPLY_PREFIX.sub("", _one_line(answered.title or "")).strip()
    before = [one for one in dict.fromkeys(answered.thread) if one != answered.native_id]
    thread = [*before, answered.native_id][-_MAX_THREAD:]
    return Prepared(
        native_id=own_id,
        body={
            "from": letter.account,
            "from_name": sender_name,
            "to": answered.author_id,
            "subject": f"Re: {subject}" if subject else "Re:",
            "message_id": own_id,
            "in_reply_to": answered.native_id,
            "references": [one for one in thread if _ID.fullmatch(one)],
            "date": format_datetime(letter.written_at),
            "text": letter.text,
        },
    )


def as_bytes(body: Mapping[str, Any]) -> bytes:
    """The mail as it is handed to the server, the same for the same `body`.

    No Auto-Submitted: every reply was written by a person and read by one (RFC 3834 5).
    """
    mail = EmailMessage(policy=SMTP)
    user, _, domain = str(body["from"]).rpartition("@")
    mail["From"] = Address(str(body["from_name"]), user, domain)
    mail["To"] = str(body["to"])
    mail["Subject"] = str(body["subject"])
    mail["Date"] = str(body["date"])
    mail["Message-ID"] = str(body["message_id"])
    if _ID.fullmatch(str(body["in_reply_to"])):
        mail["In-Reply-To"] = str(body["in_reply_to"])
    if body["references"]:
        mail["References"] = " ".join(body["references"])
    mail.set_content(str(body["text"]), cte="quoted-printable")
    return mail.as_bytes()


def read_mail(
    raw: bytes, *, own_address: str, received_at: datetime, place: str
) -> InboundPost | Strange | None:
    """The mail as a post; Strange where no person wrote it; None for our own (the archive's copy).

    `place` names it where it has no Message-ID. A text is the plain part without the trailing
    quotation of our words; `received_at` is the server's time and bounds what the sender claims.
    """
    mail = BytesParser(policy=default).parsebytes(raw)
    sender = _first_address(mail, "From")
    if sender is not None and sender.addr_spec.lower() == own_address.lower():
        return None
    if sender is None or "@" not in sender.addr_spec:
        return Strange(raw=raw, reason="no sender")
    if (reason := _machine(mail)) is not None:
        return Strange(raw=raw, reason=reason)
    own = _ids(mail, "Message-ID")
    native_id = own[0] if own else place
    parents, references = _ids(mail, "In-Reply-To"), _ids(mail, "References")
    thread = tuple(dict.fromkeys(references or parents))[-_MAX_THREAD:]
    title = _one_line(_header(mail, "Subject"))[:500]
    text = _text(mail)
    address = sender.addr_spec
    return InboundPost(
        native_id=native_id,
        text=(f"{title}\n\n{text}" if title else text)[:_MAX_TEXT],
        author_id=address,
        author_handle=address,
        author_name=_one_line(sender.display_name)[:200] or None,
        posted_at=_sent_at(mail, received_at),
        title=title or None,
        conversation=thread[0] if thread else native_id,
        in_reply_to=parents[0] if parents else (thread[-1] if thread else None),
        thread=thread,
        media=_attachments(mail, native_id),
        detected_via="mail",
        audience=Audience.PRIVATE,
    )


def _machine(mail: EmailMessage) -> str | None:
    """Why no person wrote this; None where one may have (RFC 3834 2, CONNECTORS 6)."""
    if mail.get_content_type() == "multipart/report" or _header(mail, "Return-Path") == "<>":
        return "bounce"
    if _header(mail, "Auto-Submitted").partition(";")[0].strip().lower() not in ("", "no"):
        return "auto_submitted"
    if _header(mail, "X-Auto-Response-Suppress") or _header(mail, "X-Autoreply"):
        return "auto_response"
    if _header(mail, "Precedence").strip().lower() in ("bulk", "list", "junk", "auto_reply"):
        return "bulk"
    if _header(mail, "List-Id"):
        return "list"
    return None


def _header(mail: EmailMessage, name: str) -> str:
    try:
        value = mail.get(name)
    except (ValueError, IndexError, TypeError, AttributeError):  # the parser meets hostile bytes
        return ""
    return str(value) if value is not None else ""


def _first_address(mail: EmailMessage, name: str) -> Address | None:
    try:
        header = mail.get(name)
        addresses = header.addresses if header is not None else ()
    except (ValueError, IndexError, TypeError, AttributeError):
        return None
    return addresses[0] if addresses else None


def _ids(mail: EmailMessage, name: str) -> list[str]:
    return _ID.findall(_header(mail, name))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _sent_at(mail: EmailMessage, received_at: datetime) -> datetime:
    try:
        claimed = parsedate_to_datetime(_header(mail, "Date"))
    except (TypeError, ValueError):
        return received_at
    claimed = claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)
    return min(claimed.astimezone(UTC), received_at)


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, UnicodeError, KeyError, ValueError):
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    if part.get_content_subtype() == "html":
        content = _plain(content)
    return _without_quote(content)


def _without_quote(text: str) -> str:
    """The text up to a quotation that runs to its end: what they wrote, not what we had written."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith(">")):
        end -= 1
    if end < len(lines) and end and _QUOTE_HEAD.match(lines[end - 1].strip()):
        end -= 1
    return "\n".join(lines[:end]).strip() or text.strip()


class _Text(HTMLParser):
    """What a person would read of a page, without knowing how it looks."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "head"):
            self._skipping += 1
        elif tag in ("br", "p", "div", "tr", "li"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head") and self._skipping:
            self._skipping -= 1
        elif tag in ("p", "div", "tr", "li"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.parts.append(data)


def _plain(page: str) -> str:
    parser = _Text()
    parser.feed(page)
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)


def _attachments(mail: EmailMessage, native_id: str) -> tuple[Medium, ...]:
    """Attachments by reference (RFC 2392); they stay in the mailbox."""
    found = []
    for number, part in enumerate(mail.iter_attachments(), 1):
        kind = part.get_content_maintype()
        url = f"mid:{native_id.strip('<>')}/{number}"
        name = _one_line(part.get_filename() or "")[:200] or None
        found.append(Medium(kind=kind if kind.isalpha() else "file", url=url, alt_text=name))
    return tuple(found[:20])
