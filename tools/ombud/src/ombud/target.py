"""Where the services are: a running `ombud dev` (its state file) or the environment.

| variable | meaning |
|---|---|
| `OMBUD_STATE` | the state file that `ombud dev` writes (`.ombud/stack.json`) |
| `OMBUD_<SERVICE>_URL` | base address of a service, for a deployment |
| `OMBUD_TOKEN` | bearer token to use instead of a development token |
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson

from common.events.catalog import SERVICES
from common.web.dev_issuer import DevIssuer
from ombud.output import MISSING, NO, CommandError
from ombud.people import OPS, Person

DEFAULT_STATE = Path(".ombud/stack.json")
LOCAL_MODELS = Path(".ombud/models")
"""Where models trained here lie, for `ombud model` and the classifier of `ombud dev`."""
_TIMEOUT = httpx.Timeout(30.0, connect=3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One deployment: addresses, and how to get a token for it."""

    urls: dict[str, str]
    kafka_bootstrap: str | None = None
    simulator: str | None = None
    dev_secret: str | None = None
    token: str | None = None
    databases: dict[str, str] = field(default_factory=dict)

    def token_for(self, person: Person, *, lifetime: timedelta = timedelta(hours=8)) -> str:
        """A token to act as this person: the given one, or one of the development issuer."""
        if self.token:
            return self.token
        if not self.dev_secret:
            raise CommandError("no token: set OMBUD_TOKEN, or start `ombud dev` for a local stack")
        return DevIssuer(self.dev_secret).token(
            person.subject,
            name=person.name,
            roles=person.roles,
            teams=person.teams,
            expires=lifetime,
        )

    def client(self, service: str, person: Person = OPS) -> httpx.Client:
        """An HTTP client of one service, acting as this person. Close it, or use `with`."""
        if service not in self.urls:
            raise CommandError(f"no address of {service}: set OMBUD_{service.upper()}_URL")
        return httpx.Client(
            base_url=self.urls[service],
            headers={"authorization": f"Bearer {self.token_for(person)}"},
            timeout=_TIMEOUT,
        )

    def save(self, path: Path = DEFAULT_STATE) -> None:
        """Leave it for the other commands; readable by its owner alone, for it holds secrets."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))


def load_target() -> Target:
    """The deployment to talk to. Raises CommandError when there is none."""
    urls = {
        service: url.rstrip("/")
        for service in SERVICES
        if (url := os.environ.get(f"OMBUD_{service.upper()}_URL"))
    }
    if urls:
        return Target(
            urls=urls,
            token=os.environ.get("OMBUD_TOKEN"),
            kafka_bootstrap=os.environ.get("OMBUD_KAFKA_BOOTSTRAP"),
        )
    path = Path(os.environ.get("OMBUD_STATE") or DEFAULT_STATE)
    if not path.exists():
        raise CommandError(
            f"no stack is running here ({path} is missing): start one with `ombud dev`, "
            "or name a deployment with OMBUD_<SERVICE>_URL and OMBUD_TOKEN"
        )
    try:
        return Target(**orjson.loads(path.read_bytes()))
    except (orjson.JSONDecodeError, TypeError) as error:
        raise CommandError(f"{path} is no state file of `ombud dev`: remove it") from error


def answer(response: httpx.Response) -> Any:
    """The JSON of a good answer; a problem document (RFC 9457) becomes a CommandError.

    Who was not let in, or met a service in trouble, has no answer: that is no "no".
    """
    if response.is_success:
        return response.json() if response.content else None
    try:
        problem = response.json()
        words = f"{problem.get('title', '')}: {problem.get('detail', '')}"
        for each in problem.get("problems", ()):
            told = f"{each['path']}: {each['reason']}" if isinstance(each, dict) else str(each)
            words = f"{words}\n  {told}"
        for each in problem.get("errors", ()):
            words = f"{words}\n  {'.'.join(each['where'])}: {each['problem']}"
    except ValueError:
        words = response.text[:200]
    raise CommandError(
        f"{response.request.method} {response.request.url.path} -> {response.status_code} {words}",
        exit_code=MISSING if response.is_server_error or response.status_code in (401, 403) else NO,
    )
