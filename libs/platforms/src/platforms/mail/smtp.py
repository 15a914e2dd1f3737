"""One mail to one SMTP server, step by step, so that it is known when the point of no return was.

Up to the answer to DATA nothing is accepted; after the final dot it may be. Where the connection
ends in between, the outcome is unknown (CONNECTORS 6).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import aiosmtplib

from platforms.adapter import Ending, Result

Security = Literal["tls", "starttls", "none"]
_GREYLISTED = timedelta(minutes=5)
_AUTH_CODES = frozenset({530, 534, 535, 538})
_NO_SUCH_PERSON = frozenset({550, 551, 553})


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed in. `security` none is for loopback only."""

    host: str
    port: int
    security: Security
    username: str | None
    password: str | None
    timeout: timedelta

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port})"


async def hand_in(
    server: SmtpServer, mail: bytes, *, sender: str, recipient: str, copies: Sequence[str] = ()
) -> Result:
    """Hand in a mail; never raises for the server's sake. SENT carries no id: the mail has one.

    `copies` get the same mail in the same transaction; a copy that is refused changes nothing.
    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        timeout=server.timeout.total_seconds(),
        use_tls=server.security == "tls",
        start_tls=False,
        tls_context=ssl.create_default_context(),
    )
    try:
        early = await _open(client, server)
        if early is None:
            early = await _address(client, sender, recipient, copies)
        return early if early is not None else await _data(client, mail)
    finally:
        client.close()


async def _open(client: aiosmtplib.SMTP, server: SmtpServer) -> Result | None:
    try:
        async with asyncio.timeout(server.timeout.total_seconds()):
            await client.connect()
            await client.ehlo()
            if server.security == "starttls":
                await client.starttls(tls_context=ssl.create_default_context())
            if server.username is not None:
                await client.login(server.username, server.password or "")
    except aiosmtplib.SMTPAuthenticationError as error:
        return _refused(error.code, "login", permanent=Ending.ACCOUNT_DEAD)
    except aiosmtplib.SMTPResponseException as error:
        return _refused(error.code, "greeting", permanent=Ending.NOT_NOW)
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError):
        return Result(ending=Ending.NOT_NOW, error="not_reached")
    return None


async def _address(
    client: aiosmtplib.SMTP, sender: str, recipient: str, copies: Sequence[str]
) -> Result | None:
    try:
        await client.mail(sender)
        await client.rcpt(recipient)
    except aiosmtplib.SMTPSenderRefused as error:
        dead = error.code in _AUTH_CODES
        return _refused(
            error.code, "sender", permanent=Ending.ACCOUNT_DEAD if dead else Ending.REFUSED
        )
    except aiosmtplib.SMTPRecipientRefused as error:
        gone = error.code in _NO_SUCH_PERSON
        return _refused(
            error.code, "recipient", permanent=Ending.TARGET_GONE if gone else Ending.REFUSED
        )
    except aiosmtplib.SMTPResponseException as error:
        return _refused(error.code, "address", permanent=Ending.REFUSED)
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return Result(ending=Ending.NOT_NOW, error="broken_off_before_data")
    except ValueError:
        return Result(ending=Ending.REFUSED, error="address_unusable")
    for copy in copies:
        try:
            await client.rcpt(copy)
        except aiosmtplib.SMTPRecipientRefused:
            continue
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            return Result(ending=Ending.NOT_NOW, error="broken_off_before_data")
    return None


async def _data(client: aiosmtplib.SMTP, mail: bytes) -> Result:
    try:
        await client.data(mail)
    except aiosmtplib.SMTPDataError as error:
        return _refused(error.code, "data", permanent=Ending.REFUSED)
    except aiosmtplib.SMTPResponseException as error:
        return _refused(error.code, "data", permanent=Ending.REFUSED)
    except TimeoutError:
        return Result(ending=Ending.UNKNOWN, error="timed_out")
    except (aiosmtplib.SMTPException, OSError):
        return Result(ending=Ending.UNKNOWN, error="broken_off_in_data")
    return Result(ending=Ending.SENT)


def _refused(code: int, where: str, *, permanent: Ending) -> Result:
    """4xx is "later", 5xx is "no" (RFC 5321 4.2.1); greylisting says 450 or 451."""
    if 500 <= code < 600:
        return Result(ending=permanent, error=f"smtp_{where}_{code}")
    wait = _GREYLISTED if code in (450, 451) and where == "recipient" else None
    if code == -1:  # no answer at all before DATA was accepted
        return Result(ending=Ending.NOT_NOW, error="not_reached")
    return Result(ending=Ending.NOT_NOW, error=f"smtp_{where}_{code}", retry_after=wait)
