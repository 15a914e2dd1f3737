"""`ombud dev`: all five services as processes on a local stack, one log, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from common.testing.pipeline import Pipeline, PipelineOptions
from ombud.local import LogFollower, local_pipeline, target_of
from ombud.output import console, emit, speaks_plainly
from ombud.people import STAFF
from ombud.target import DEFAULT_STATE, LOCAL_MODELS, Target

_COLOURS = {
    "ingest": "cyan",
    "classifier": "magenta",
    "router": "yellow",
    "responder": "green",
    "audit": "blue",
}


@speaks_plainly
def dev(
    keep: Annotated[
        Path | None, typer.Option(help="Keep the data in this folder for the next time.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no service logs.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Addresses as one JSON object.")] = False,
) -> None:
    """Run everything on this machine. Ctrl-C ends it and leaves nothing running."""
    options = PipelineOptions(
        environment={
            "OMBUD_LOG_FORMAT": "console",
            "OMBUD_CLASSIFIER_MODELS": str(LOCAL_MODELS.resolve()),
        }
    )
    ending = Ending()
    with local_pipeline(options, folder=keep, say=console.print) as pipeline:
        target = target_of(pipeline)
        target.save()
        try:
            if json:
                emit({"urls": target.urls, "kafka": target.kafka_bootstrap})
            show_addresses(target)
            if quiet:
                ending.wait()
            else:
                _follow(pipeline, ending)
        finally:
            DEFAULT_STATE.unlink(missing_ok=True)


class Ending:
    """What SIGINT and SIGTERM do: end `wait`, or break off what runs (KeyboardInterrupt).

    Only the first one counts, so that nothing disturbs the tidying up.
    """

    def __init__(self) -> None:
        self._came = threading.Event()
        self._is_awaited = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._come)

    def wait(self) -> None:
        """Return once one of the signals comes."""
        self._is_awaited = True
        self._came.wait()

    def _come(self, *_: object) -> None:
        came_before = self._came.is_set()
        self._came.set()
        if not (came_before or self._is_awaited):
            raise KeyboardInterrupt


def show_addresses(target: Target) -> None:
    """Where everything listens, and a token per role."""
    table = Table("service", "API", "description")
    for service, url in target.urls.items():
        table.add_row(service, url, f"{url}/openapi.json")
    if target.simulator:
        table.add_row("platform simulator", target.simulator, "")
    table.add_row("Kafka", target.kafka_bootstrap or "", "")
    console.print(table)
    console.print(f"Staff for `ombud token NAME`: {', '.join(STAFF)}. Ctrl-C ends everything.")


def _follow(pipeline: Pipeline, ending: Ending) -> None:
    def show(name: str, line: str) -> None:
        colour = _COLOURS.get(name, "white")
        console.print(f"[{colour}]{name:>10}[/] ", end="")
        console.print(line, markup=False, soft_wrap=True)

    with LogFollower(pipeline, show):
        ending.wait()
