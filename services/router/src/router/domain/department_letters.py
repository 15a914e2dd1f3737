"""What a department reads: one page, German first, with everything an answer needs (S43, S67)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from router.domain.departments import MessageKind
from router.domain.origin import Origin, origin_lines

_OPENINGS = {
    MessageKind.QUESTION: "bitte beantworten Sie diese Frage aus dem Kundendienst in sozialen "
    "Netzwerken.",
    MessageKind.REMINDER: "diese Frage wartet noch auf Ihre Antwort; die Frist läuft bald ab.",
    MessageKind.DEPUTY_REMINDER: "diese Frage an Ihre Abteilung ist noch offen; Sie sind als "
    "Vertretung genannt.",
    MessageKind.WITHDRAWAL: "diese Frage hat sich erledigt, Sie müssen nichts mehr tun.",
}
_SUBJECTS = {
    MessageKind.QUESTION: "Frage",
    MessageKind.REMINDER: "Erinnerung",
    MessageKind.DEPUTY_REMINDER: "Erinnerung (Vertretung)",
    MessageKind.WITHDRAWAL: "Erledigt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A message that one process may send now, with the query that it is about.

    `reply_token` is a secret of the channel: it lets an answer in.
    """

    message_id: UUID
    query_id: UUID
    kind: str
    channel: str
    address: str
    recipient: str
    department_name: str
    attempts: int
    created_at: datetime
    case_id: UUID
    department: str
    question: str
    origin: str
    is_free_wording_allowed: bool
    link: str
    reach: int
    priority: str
    asked_by_name: str
    asked_at: datetime
    answer_due_at: datetime
    reply_token: str
    query_state: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and plain text."""

    subject: str
    text: str


def letter(message: OutgoingMessage, *, zone: ZoneInfo) -> Letter:
    """The letter; times stand in the company's zone, as people there read a clock."""
    kind = MessageKind(message.kind)
    due = _moment(message.answer_due_at, zone)
    lines = [
        f"Guten Tag {message.recipient},",
        "",
        _OPENINGS[kind],
        "",
        f"Abteilung: {message.department_name}",
        f"Frist: {due}",
        f"Priorität: {'hoch' if message.priority == 'high' else 'normal'}",
        *origin_lines(Origin(message.link, message.reach, message.is_free_wording_allowed)),
        f"Gefragt von: {message.asked_by_name}",
        "",
        "Frage:",
        message.question,
        "",
    ]
    if kind is not MessageKind.WITHDRAWAL:
        lines.append("Antworten Sie einfach auf diese Nachricht.")
    subject = f"{_SUBJECTS[kind]} [{message.reply_token}]: bis {due}"
    return Letter(subject, "\n".join(lines) + "\n")


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%d.%m.%Y %H:%M %Z")
