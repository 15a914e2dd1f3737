"""A Bluesky network on loopback: real server software, from npm, in one Node process.

The packages are installed once into a cache outside the repository (it takes minutes: a database
driver is compiled). `LIGHT` has only the server of accounts and is up at once; `FULL` has the view
of the network too and needs PostgreSQL and Redis.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from common.testing.stack.guarded import GuardedServer, ServerCommand
from common.testing.stack.jars import exclusive
from common.testing.stack.ports import free_ports
from common.testing.stack.settings import StackSettings, server_environment
from platforms.testing.missing import PartMissingError, require_program

_FILES = Path(__file__).with_name("bluesky_network")
_NODE = 20
_INSTALL_S = 1200
_PASSWORD = "a password for tests only"


class Size(enum.Enum):
    LIGHT = "light"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Person:
    """An account on the network; `token` is its access token."""

    did: str
    handle: str
    password: str
    token: str


class Network:
    """The running network. Persons are made and heard through it."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.log = log
        self._client = httpx.Client(base_url=f"{url}/xrpc", timeout=20.0, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def join(self, name: str) -> Person:
        """A new account `<name>.test`."""
        made = self.call(
            "POST",
            "com.atproto.server.createAccount",
            json={
                "handle": f"{name}.test",
                "email": f"{name}@example.test",
                "password": _PASSWORD,
            },
        )
        return Person(made["did"], made["handle"], _PASSWORD, made["accessJwt"])

    def post(
        self, person: Person, text: str, *, mentions: Person | None = None, **record: Any
    ) -> dict[str, str]:
        """Post as this person: {uri, cid}. `mentions` marks `@handle` in the text as a mention."""
        value: dict[str, Any] = {
            "$type": "app.bsky.feed.post",
            "text": text,
            "langs": ["de"],
            "createdAt": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            **record,
        }
        if mentions is not None:
            start = len(text[: text.index(f"@{mentions.handle}")].encode())
            end = start + len(f"@{mentions.handle}".encode())
            value["facets"] = [
                {
                    "index": {"byteStart": start, "byteEnd": end},
                    "features": [{"$type": "app.bsky.richtext.facet#mention", "did": mentions.did}],
                }
            ]
        body = {"repo": person.did, "collection": "app.bsky.feed.post", "record": value}
        made: dict[str, str] = self.call("POST", "com.atproto.repo.createRecord", person, json=body)
        return made

    def block(self, person: Person, other: Person) -> None:
        """`person` blocks `other`."""
        record = {
            "$type": "app.bsky.graph.block",
            "subject": other.did,
            "createdAt": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
        }
        body = {"repo": person.did, "collection": "app.bsky.graph.block", "record": record}
        self.call("POST", "com.atproto.repo.createRecord", person, json=body)

    def delete(self, person: Person, uri: str) -> None:
        """`person` deletes a post of theirs."""
        body = {
            "repo": person.did,
            "collection": "app.bsky.feed.post",
            "rkey": uri.rpartition("/")[2],
        }
        self.call("POST", "com.atproto.repo.deleteRecord", person, json=body)

    def posts_of(self, person: Person) -> list[dict[str, Any]]:
        """Every post in the person's repository: {uri, cid, value}."""
        query = {"repo": person.did, "collection": "app.bsky.feed.post", "limit": 100}
        found: list[dict[str, Any]] = self.call(
            "GET", "com.atproto.repo.listRecords", params=query
        )["records"]
        return found

    def thread(self, person: Person, uri: str) -> dict[str, Any]:
        """The thread under a post, as the person sees it (FULL only)."""
        found: dict[str, Any] = self.call(
            "GET", "app.bsky.feed.getPostThread", person, params={"uri": uri}
        )["thread"]
        return found

    def call(
        self, verb: str, method: str, person: Person | None = None, **content: Any
    ) -> dict[str, Any]:
        """Any call of the protocol; raises httpx.HTTPStatusError."""
        headers = {"authorization": f"Bearer {person.token}"} if person else {}
        answer = self._client.request(verb, method, headers=headers, **content)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


@contextmanager
def open_network(
    folder: Path, size: Size, *, postgres_dsn: str | None = None, limited: bool = False
) -> Iterator[Network]:
    """The network, up; everything ends with the block. Raises PartMissingError.

    FULL needs `postgres_dsn`, an empty database of its own without a password.
    """
    node = _node()
    modules = _packages()
    with ExitStack() as ends:
        ports = free_ports(4)
        chosen: dict[str, Any] = {"plc": ports[0], "pds": ports[1], "limited": limited}
        extra: dict[str, str] = {}
        if size is Size.FULL:
            assert postgres_dsn is not None, "the full network keeps its view in PostgreSQL"
            chosen |= {"bsky": ports[2], "ozone": ports[3]}
            redis = ends.enter_context(_redis(folder))
            extra = {"DB_POSTGRES_URL": _for_node(postgres_dsn), "REDIS_HOST": redis}
        log = folder / f"bluesky-{size.value}.log"
        server = GuardedServer(
            ServerCommand(
                name="bluesky",
                command=(node, str(modules / "network.cjs"), json.dumps(chosen)),
                log=log,
                stop_signal=signal.SIGKILL,
                env=server_environment() | {"LOG_ENABLED": "false", **extra},
                grace_s=5.0,
            )
        )
        ends.callback(server.close)
        server.wait_ready(lambda: "network is up" in log.read_text(), within_s=90)
        network = Network(f"http://localhost:{chosen['pds']}", log)
        ends.callback(network.close)
        yield network


def _node() -> str:
    node = require_program("node", package="nodejs (version 20)")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", said)
    if version is None or int(version.group(1)) != _NODE:
        raise PartMissingError(f"the Bluesky network needs Node {_NODE}; {node} is {said.strip()}")
    return node


def _packages() -> Path:
    """The folder with the installed packages and our starter beside them."""
    cache = StackSettings.from_environment().cache
    lock = (_FILES / "package-lock.json").read_bytes()
    target = cache / f"bluesky-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (target / "node_modules").exists():
        npm = require_program("npm", package="npm")
        with exclusive(cache / "bluesky.lock", log=print):
            if not (target / "node_modules").exists():
                _install(npm, target)
    shutil.copy(_FILES / "network.cjs", target / "network.cjs")
    return target


def _install(npm: str, target: Path) -> None:
    print(f"Bluesky: installing the network's packages, once (400 MB, into {target})")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="installing-") as work:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_FILES / name, work)
        command = [npm, "ci", "--no-audit", "--no-fund", "--omit", "dev"]
        try:
            done = subprocess.run(
                command,
                cwd=work,
                env=_build_environment(),
                capture_output=True,
                text=True,
                check=False,
                timeout=_INSTALL_S,
            )
        except subprocess.TimeoutExpired as error:
            raise PartMissingError(f"npm took more than {_INSTALL_S} s") from error
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise PartMissingError(f"npm could not install the Bluesky network:\n{tail}")
        shutil.move(work, target)
        Path(work).mkdir()  # the context manager wants something to remove


def _build_environment() -> dict[str, str]:
    """The system's own headers, where it has them: fetching others may not be possible."""
    headers = Path("/usr/include/node/node.h")
    found = {"npm_config_nodedir": "/usr"} if headers.exists() else {}
    return server_environment() | found


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    program = require_program("redis-server", package="redis-server")
    (port,) = free_ports(1)
    log = folder / "redis.log"
    options = {"--port": str(port), "--bind": "127.0.0.1", "--save": "", "--dir": str(folder)}
    server = GuardedServer(
        ServerCommand(
            name="redis",
            command=(program, *(word for option in options.items() for word in option)),
            log=log,
            stop_signal=signal.SIGTERM,
            env=server_environment(),
        )
    )
    try:
        server.wait_ready(lambda: "Ready to accept" in log.read_text(), within_s=10)
        yield f"127.0.0.1:{port}"
    finally:
        server.close()


def _for_node(dsn: str) -> str:
    """The address as node-postgres reads it."""
    parts = urlsplit(dsn)
    assert parts.hostname, "a socket folder is of no use to it"
    user = f"{parts.username}:{parts.password}@" if parts.password else f"{parts.username}@"
    return f"postgres://{user}{parts.hostname}:{parts.port or 5432}{parts.path}"


def environment_of(person: Person) -> Mapping[str, str]:
    """The password of an account, as services read it."""
    return {"OMBUD_BLUESKY_PASSWORD": person.password}
