"""An SMTP server that keeps what it takes and fails as told: refusals by code, broken connections.

Real servers cannot be asked to greylist or to hang up after the final dot; this one can.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from common.testing.stack.ports import free_ports


@dataclass
class SmtpFaults:
    """What to answer instead of yes; empty means yes. `hang_up` names a place to hang up at.

    Places: mail, rcpt, data (before the mail was taken), dot (after it was taken).
    """

    mail: str = ""
    rcpt: str = ""
    data: str = ""
    hang_up: str = ""
    only_for: str = ""
    """`rcpt` holds for this recipient only, where it is set."""


@dataclass
class SmtpSink:
    """The running sink: where it listens, what it took, and its faults, which may change."""

    port: int
    faults: SmtpFaults = field(default_factory=SmtpFaults)
    taken: list[tuple[list[str], bytes]] = field(default_factory=list)
    """Recipients and bytes of every mail."""


class _Handler:
    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink

    async def handle_MAIL(  # noqa: N802  (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (said := self._fail(server, "mail", self._sink.faults.mail)) is not None:
            return said
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        faults = self._sink.faults
        if faults.only_for in ("", address):
            said = self._fail(server, "rcpt", faults.rcpt)
            if said is not None:
                return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if (said := self._fail(server, "data", self._sink.faults.data)) is not None:
            return said
        content: Any = envelope.content
        self._sink.taken.append((list(envelope.rcpt_tos), bytes(content)))
        return self._fail(server, "dot", "") or "250 OK"

    def _fail(self, server: SMTP, place: str, answer: str) -> str | None:
        transport: Any = server.transport
        if self._sink.faults.hang_up == place and transport is not None:
            transport.abort()
            return "421 gone"
        return answer or None


@contextmanager
def open_smtp_sink() -> Iterator[SmtpSink]:
    """A sink on loopback, until the block ends."""
    sink = SmtpSink(free_ports(1)[0])
    controller = Controller(_Handler(sink), hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
