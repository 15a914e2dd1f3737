"""A whole Ombud on this machine: stack, database, topics, five services, one log."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from common.events.catalog import SERVICES
from common.testing.pipeline import Pipeline, PipelineOptions
from common.testing.stack import open_stack
from ombud.target import Target

EMBEDDED_NOTICE = (
    "Java 17 was not found: the embedded broker stands in for Kafka. It is good for a look; "
    "it keeps little, in memory only, and proves nothing about loss or order."
)


@contextmanager
def local_pipeline(
    options: PipelineOptions, *, folder: Path | None = None, say: Callable[[str], None]
) -> Iterator[Pipeline]:
    """A running pipeline with every service ready; nothing of it is left afterwards.

    With `folder` the data stays there for the next time, without it everything is temporary.
    """
    with tempfile.TemporaryDirectory(prefix="ombud-run-", ignore_cleanup_errors=True) as temporary:
        base = folder or Path(temporary)
        say("starting PostgreSQL and Kafka")
        with open_stack(data_dir=folder and folder / "data", log=say) as stack:
            if stack.broker == "embedded":
                say(EMBEDDED_NOTICE)
            with Pipeline(stack, base, options) as pipeline:
                pipeline.prepare(say)
                say("starting the five services")
                pipeline.start()
                yield pipeline


def target_of(pipeline: Pipeline) -> Target:
    """How to talk to it."""
    return Target(
        urls={service: pipeline.api(service) for service in SERVICES},
        kafka_bootstrap=pipeline.stack.kafka_bootstrap,
        simulator=pipeline.simulator.url if pipeline.simulator else None,
        dev_secret=pipeline.options.dev_secret,
        databases={service: pipeline.service_url(service) for service in SERVICES},
    )


class LogFollower:
    """Prints every service's log as one, each line with the service's name in front."""

    def __init__(self, pipeline: Pipeline, show: Callable[[str, str], None]) -> None:
        self._files = {process.name: process.log for process in pipeline}
        self._show = show
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> LogFollower:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2)

    def _follow(self) -> None:
        places = dict.fromkeys(self._files, 0)
        while not self._stop.is_set():
            for name, path in self._files.items():
                places[name] = self._show_new_lines(name, path, places[name])
            time.sleep(0.2)

    def _show_new_lines(self, name: str, path: Path, place: int) -> int:
        if not path.exists():
            return place
        with path.open("rb") as file:
            file.seek(place)
            text = file.read()
        whole, _, _ = text.rpartition(b"\n")
        for line in whole.decode(errors="replace").splitlines():
            self._show(name, line)
        return place + len(whole) + (1 if whole else 0)
