"""`open_stack`: choose the way for each part, start the parts side by side, and end them again.

The only place that decides between a given address, a container and a process.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from common.testing.stack.embedded_broker import EmbeddedKafka
from common.testing.stack.errors import BrokerUnavailableError, StackError
from common.testing.stack.kafka import LocalKafka
from common.testing.stack.parts import (
    BrokerKind,
    Durability,
    GivenKafka,
    GivenPostgres,
    KafkaPart,
    Part,
    PartName,
    PostgresPart,
)
from common.testing.stack.postgres import LocalPostgres
from common.testing.stack.settings import StackSettings

_P = TypeVar("_P", bound=Part)
BOTH: tuple[PartName, ...] = ("postgres", "kafka")


class Stack:
    """The running parts. Asking for one that was not wanted raises StackError."""

    def __init__(self, postgres: PostgresPart | None, kafka: KafkaPart | None) -> None:
        self._postgres = postgres
        self._kafka = kafka

    @property
    def postgres(self) -> PostgresPart:
        """To stop, kill, pause and restart it."""
        if self._postgres is None:
            raise StackError('This stack has no PostgreSQL: open_stack(want=("postgres", ...)).')
        return self._postgres

    @property
    def kafka(self) -> KafkaPart:
        """To stop, kill, pause and restart it."""
        if self._kafka is None:
            raise StackError('This stack has no Kafka: open_stack(want=("kafka", ...)).')
        return self._kafka

    @property
    def postgres_dsn(self) -> str:
        """`postgresql://superuser@host:port/database`, as asyncpg takes it."""
        return self.postgres.dsn

    @property
    def kafka_bootstrap(self) -> str:
        """`host:port`."""
        return self.kafka.bootstrap

    @property
    def broker(self) -> BrokerKind:
        """What kind of broker it is."""
        return self.kafka.broker


class StackOpening:
    """Starts on entry, ends on exit, both as `with` and as `async with`."""

    def __init__(
        self,
        want: Collection[PartName],
        *,
        data_dir: Path | None,
        durability: Durability,
        settings: StackSettings,
        log: Callable[[str], None],
    ) -> None:
        self._want = want
        self._data_dir = data_dir
        self._durability: Durability = durability
        self._settings = settings
        self._log = log
        self._parts: list[Part] = []
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Stack:
        try:
            return self._open()
        except BaseException:
            self._close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    async def __aenter__(self) -> Stack:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._close)

    def _open(self) -> Stack:
        folder = self._folder() if self._starts_processes() else Path()
        with ThreadPoolExecutor(2) as pool:
            postgres = pool.submit(self._start_postgres, folder / "postgres")
            kafka = pool.submit(self._start_kafka, folder / "kafka")
        return Stack(postgres.result(), kafka.result())

    def _starts_processes(self) -> bool:
        given: dict[PartName, str | None] = {
            "postgres": self._settings.postgres_dsn,
            "kafka": self._settings.kafka_bootstrap,
        }
        return self._settings.way == "local" and any(given[name] is None for name in self._want)

    def _folder(self) -> Path:
        if self._data_dir is not None:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            return self._data_dir.resolve()
        self._temporary = tempfile.TemporaryDirectory(
            prefix="ombud-stack-", ignore_cleanup_errors=True
        )
        folder = Path(self._temporary.name)
        folder.chmod(0o755)  # PostgreSQL may run under another account
        return folder

    def _start_postgres(self, folder: Path) -> PostgresPart | None:
        if "postgres" not in self._want:
            return None
        if self._settings.postgres_dsn is not None:
            return GivenPostgres(self._settings.postgres_dsn)
        if self._settings.way == "containers":
            from common.testing.stack.containers import ContainerPostgres

            return self._started(ContainerPostgres())
        return self._started(
            LocalPostgres(
                folder,
                durability=self._durability,
                temporary=self._data_dir is None,
                system_bin=self._settings.postgres_bin,
                log=self._log,
            )
        )

    def _start_kafka(self, folder: Path) -> KafkaPart | None:
        if "kafka" not in self._want:
            return None
        if self._settings.kafka_bootstrap is not None:
            return GivenKafka(self._settings.kafka_bootstrap)
        if self._settings.way == "containers":
            from common.testing.stack.containers import ContainerKafka

            return self._started(ContainerKafka())
        return self._started(self._local_kafka(folder))

    def _local_kafka(self, folder: Path) -> LocalKafka | EmbeddedKafka:
        """The JVM broker; where there is none, the embedded one, but never in CI."""
        temporary = self._data_dir is None
        if self._settings.broker == "embedded":
            return EmbeddedKafka(folder, temporary=temporary, log=self._log)
        try:
            return LocalKafka(
                folder,
                cache=self._settings.cache,
                temporary=temporary,
                java_home=self._settings.java_home,
                log=self._log,
            )
        except BrokerUnavailableError as error:
            if self._settings.in_ci or self._settings.broker == "jvm":
                raise
            self._log(str(error))
            return EmbeddedKafka(folder, temporary=temporary, log=self._log)

    def _started(self, part: _P) -> _P:
        self._parts.append(part)
        part.start()
        return part

    def _close(self) -> None:
        parts, self._parts = self._parts, []
        with ThreadPoolExecutor(2) as pool:
            ends = [pool.submit(part.close) for part in parts]
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
        for end in ends:
            end.result()


def open_stack(
    want: Collection[PartName] = BOTH,
    *,
    data_dir: Path | None = None,
    durability: Durability = "real",
    settings: StackSettings | None = None,
    log: Callable[[str], None] | None = None,
) -> StackOpening:
    """A context manager (sync and async) that gives the wanted parts running and ends them.

    Without `data_dir` everything is temporary and removed at the end; with it, data and nothing
    else survives, and the next start with the same folder finds it. Without `settings` the
    environment decides (`StackSettings.from_environment`); `StackSettings()` means processes of
    our own, which a test may kill. Entering blocks 2 to 4 s (the first time on a machine about a
    minute: Kafka's jars) and raises StackError, whose text says what to do.
    """
    return StackOpening(
        want,
        data_dir=data_dir,
        durability=durability,
        settings=StackSettings.from_environment() if settings is None else settings,
        log=_to_stderr if log is None else log,
    )


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
