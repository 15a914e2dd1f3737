"""How the stack is chosen: the only file of this room that reads the environment.

| variable | meaning |
|---|---|
| `OMBUD_TEST_POSTGRES` | use this server: `postgresql://superuser@host:port/database` |
| `OMBUD_TEST_KAFKA` | use this broker: `host:port` |
| `STACK` | `containers`: testcontainers; `local` or unset: processes of this machine |
| `OMBUD_BROKER` | `auto` (JVM if Java is there, else embedded), `jvm` or `embedded` |
| `OMBUD_CACHE` | where downloaded jars are kept (`~/.cache/ombud`) |
| `OMBUD_POSTGRES_BIN` | `bin` of a system PostgreSQL instead of the embedded wheel |
| `JAVA_HOME` | which Java |
| `CI` | `true`: a missing JVM broker is a failure, never replaced |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from common.testing.stack.errors import StackError

Way = Literal["local", "containers"]
BrokerChoice = Literal["auto", "jvm", "embedded"]


@dataclass(frozen=True, slots=True)
class StackSettings:
    """The choice; without arguments: local processes, whatever the environment says."""

    postgres_dsn: str | None = None
    kafka_bootstrap: str | None = None
    way: Way = "local"
    broker: BrokerChoice = "auto"
    cache: Path = field(default_factory=lambda: Path.home() / ".cache" / "ombud")
    postgres_bin: Path | None = None
    java_home: Path | None = None
    in_ci: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> StackSettings:
        """Read the variables above. Raises StackError for a value that means nothing."""
        env = os.environ if environ is None else environ
        return cls(
            postgres_dsn=env.get("OMBUD_TEST_POSTGRES") or None,
            kafka_bootstrap=env.get("OMBUD_TEST_KAFKA") or None,
            way=cast(Way, _one_of(env, "STACK", ("local", "containers"))),
            broker=cast(BrokerChoice, _one_of(env, "OMBUD_BROKER", ("auto", "jvm", "embedded"))),
            cache=_path(env, "OMBUD_CACHE") or Path.home() / ".cache" / "ombud",
            postgres_bin=_path(env, "OMBUD_POSTGRES_BIN"),
            java_home=_path(env, "JAVA_HOME"),
            in_ci=env.get("CI", "").lower() in ("true", "1", "yes"),
        )


def server_environment() -> dict[str, str]:
    """What a server process inherits: ours without the variables that change what it does."""
    changing = ("PG", "KAFKA_", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(changing)}
    return kept | {"LC_ALL": "C.UTF-8"}


def _one_of(env: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name) or allowed[0]
    if value not in allowed:
        raise StackError(f"{name}={value!r} means nothing; one of: {', '.join(allowed)}.")
    return value


def _path(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    return Path(value).expanduser() if value else None
