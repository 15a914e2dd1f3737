"""A mail world on loopback: OpenSMTPD takes mail in, Dovecot keeps it, IMAP shows it.

Every address of `DOMAIN` is a mailbox with the same password. OpenSMTPD insists on being started
by root; Dovecot runs as an ordinary user.
"""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from common.testing.stack.guarded import GuardedServer, ServerCommand
from common.testing.stack.jars import exclusive
from common.testing.stack.ports import free_ports
from common.testing.stack.settings import StackSettings, server_environment
from platforms.testing.missing import PartMissingError, require_program

DOMAIN = "post.test"
PASSWORD = "for-tests-only"  # dovecot reads its arguments by word
_SPOOL = Path("/var/spool/smtpd")

_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%n
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = {uid}
first_valid_gid = 0
recipient_delimiter =
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n allow_all_users=yes
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"""
_SMTPD = """\
table vmap {{ "@{domain}" = "{user}" }}
listen on 127.0.0.1 port {smtp}
action "deliver" lmtp "127.0.0.1:{lmtp}" rcpt-to virtual <vmap>
match from any for domain "{domain}" action "deliver"
"""


@dataclass(frozen=True, slots=True)
class MailWorld:
    """Where mail is handed in and where it is read."""

    smtp_port: int
    imap_port: int

    def send(self, mail: EmailMessage) -> None:
        """Hand a mail in as anybody would."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as client:
            client.send_message(mail)

    def mails_of(self, address: str) -> Sequence[EmailMessage]:
        """Every mail in the inbox of this address, oldest first."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=10) as client:
            client.login(address, PASSWORD)
            client.select("INBOX", readonly=True)
            _, found = client.uid("SEARCH", "ALL")
            mails = []
            for uid in found[0].split():
                _, parts = client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
                raw = next(part[1] for part in parts if isinstance(part, tuple))
                mails.append(BytesParser(policy=default).parsebytes(raw))
            return mails


@contextmanager
def open_mail_world() -> Iterator[MailWorld]:
    """The servers, up; everything ends with the block. Raises PartMissingError."""
    dovecot = require_program("dovecot", package="dovecot-imapd dovecot-lmtpd")
    smtpd = require_program("smtpd", package="opensmtpd")
    if os.geteuid() != 0:
        raise PartMissingError("OpenSMTPD must be started by root")
    user = _ordinary_user()
    # Not in a test's own folder: those are closed to everybody but the one who runs the tests.
    with tempfile.TemporaryDirectory(prefix="ombud-mail-", ignore_cleanup_errors=True) as made:
        yield from _serve(Path(made), user, dovecot=dovecot, smtpd=smtpd)


def _serve(
    folder: Path, user: pwd.struct_passwd, *, dovecot: str, smtpd: str
) -> Iterator[MailWorld]:
    imap, lmtp, smtp = free_ports(3)
    names = {
        "folder": folder,
        "user": user.pw_name,
        "group": _group(user.pw_gid),
        "uid": user.pw_uid,
        "gid": user.pw_gid,
        "imap": imap,
        "lmtp": lmtp,
        "smtp": smtp,
        "domain": DOMAIN,
        "password": PASSWORD,
    }
    for name in ("run", "state", "mail"):
        (folder / name).mkdir()
    (folder / "dovecot.conf").write_text(_DOVECOT.format(**names))
    (folder / "smtpd.conf").write_text(_SMTPD.format(**names))
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, user.pw_uid, user.pw_gid)
    with ExitStack() as ends:
        # Its queue and its control socket have fixed places: one at a time on a machine.
        lock = StackSettings.from_environment().cache / "smtpd.lock"
        ends.enter_context(exclusive(lock, log=print))
        keeps = _start(
            (dovecot, "-F", "-c", str(folder / "dovecot.conf")), folder / "dovecot.out", user=user
        )
        ends.callback(keeps.close)
        keeps.wait_ready(lambda: _listens(imap) and _listens(lmtp), within_s=15)
        takes = _start(
            (smtpd, "-d", "-f", str(folder / "smtpd.conf")), folder / "smtpd.out", user=None
        )
        ends.callback(takes.close)
        takes.wait_ready(lambda: _listens(smtp), within_s=15)
        _SPOOL.chmod(0o711)  # it makes the folder, and its delivery user must reach into it
        yield MailWorld(smtp, imap)


def _start(command: tuple[str, ...], log: Path, *, user: pwd.struct_passwd | None) -> GuardedServer:
    return GuardedServer(
        ServerCommand(
            name=Path(command[0]).name,
            command=command,
            log=log,
            stop_signal=signal.SIGTERM,
            env=server_environment(),
            uid=user.pw_uid if user else None,
            gid=user.pw_gid if user else None,
            grace_s=5.0,
        )
    )


def _ordinary_user() -> pwd.struct_passwd:
    """Somebody whom OpenSMTPD delivers to; root it refuses."""
    try:
        return pwd.getpwnam("ombud-mail")
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", "ombud-mail"],
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam("ombud-mail")


def _group(gid: int) -> str:
    return grp.getgrgid(gid).gr_name


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
