"""Mail servers as one address each: smtps://user:secret@host:465, imaps://.../INBOX.

The scheme says how it is protected: `smtps` and `imaps` speak TLS from the first byte, `smtp`
changes to it (STARTTLS) or fails. `smtp+plain` and `imap+plain` are for this machine only.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import SplitResult, unquote, urlsplit

from common.errors import ConfigurationError
from platforms.mail.mailbox import ImapServer
from platforms.mail.smtp import SmtpServer

_SMTP = {"smtps": ("tls", 465), "smtp": ("starttls", 587), "smtp+plain": ("none", 25)}
_IMAP = {"imaps": ("tls", 993), "imap+plain": ("none", 143)}
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def smtp_server(url: str, *, timeout: timedelta) -> SmtpServer:
    """The server; ConfigurationError for an address that is none (its secret is not repeated)."""
    parts, security, port = _parts(url, _SMTP)
    return SmtpServer(
        host=parts.hostname or "",
        port=port,
        security=security,  # type: ignore[arg-type]
        username=_text(parts.username),
        password=_text(parts.password),
        timeout=timeout,
    )


def imap_server(url: str, *, timeout: timedelta) -> ImapServer:
    """The mailbox; the path names the folder, INBOX if it is missing. Raises as `smtp_server`."""
    parts, security, port = _parts(url, _IMAP)
    if parts.username is None or parts.password is None:
        raise ConfigurationError("a mailbox needs user and password in its address")
    return ImapServer(
        host=parts.hostname or "",
        port=port,
        security=security,  # type: ignore[arg-type]
        username=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        timeout=timeout,
    )


def _parts(url: str, schemes: dict[str, tuple[str, int]]) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError("a mail server's address is no URL") from error
    if parts.scheme not in schemes or not parts.hostname:
        known = ", ".join(sorted(schemes))
        raise ConfigurationError(f"a mail server's address begins with one of: {known}")
    security, usual = schemes[parts.scheme]
    if security == "none" and parts.hostname not in _LOCAL:
        raise ConfigurationError("mail without TLS goes to this machine only")
    return parts, security, port or usual


def _text(quoted: str | None) -> str | None:
    return None if quoted is None else unquote(quoted)
