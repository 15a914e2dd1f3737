"""All five services as processes on one stack: what demo, dev, system and fault tests, bench share.

It makes the database, migrates, creates the topics, starts any number of replicas per service and
the platform simulator, and says where everything listens. It imports no service: they are started
by name, as an operator would.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import asyncpg

from common.db import migrations
from common.events.catalog import SERVICES, all_topics
from common.kafka.aiokafka_client import ensure_topics
from common.settings import KafkaSettings
from common.testing.postgres import with_database, with_user
from common.testing.processes import ServiceProcess
from common.testing.stack import Stack
from common.testing.stack.ports import free_ports

SIMULATOR = "simulator"
SOON_MISSED = {"OMBUD_KAFKA_SESSION_TIMEOUT_S": "10"}
"""For tests that kill: after 10 s instead of 30 a dead consumer's partitions go to others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOptions:
    """What differs between a demo, a test and a benchmark.

    `environment` goes to every service, `of_service` adds to it for one. Tokens are signed with
    `dev_secret` (the development issuer).
    """

    database: str = "ombud"
    services: Collection[str] = SERVICES
    replicas: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    of_service: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    simulator_arguments: tuple[str, ...] = ()
    dev_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    ports: Mapping[str, int] = field(default_factory=dict)


class Pipeline:
    """The processes of one pipeline. `prepare`, then `start`; everything ends with `close`."""

    def __init__(self, stack: Stack, folder: Path, options: PipelineOptions) -> None:
        self.stack = stack
        self.options = options
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._password = secrets.token_hex(16)
        self.simulator_log = folder / "simulator.jsonl"
        self.simulator = self._make_simulator()
        self.replicas: dict[str, list[ServiceProcess]] = {
            service: self._make_replicas(service) for service in options.services
        }

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def admin_url(self) -> str:
        """The migrating role's address of the pipeline's database."""
        return with_database(self.stack.postgres_dsn, self.options.database)

    def service_url(self, service: str) -> str:
        """The service role's address of the pipeline's database."""
        return with_user(self.admin_url, f"ombud_{service}", password=self._password)

    def api(self, service: str) -> str:
        """The base address of the first replica's API."""
        return self.replicas[service][0].url

    def __iter__(self) -> Iterator[ServiceProcess]:
        for processes in self.replicas.values():
            yield from processes

    def prepare(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Database, roles, tables and topics. Idempotent."""
        asyncio.run(self._prepare(say))

    def start(self, within_s: float = 60.0) -> None:
        """Start the simulator and every replica, and return when all are ready."""
        processes = [self.simulator, *self] if self.simulator else list(self)
        for process in processes:
            process.start()
        with ThreadPoolExecutor(len(processes)) as pool:
            list(pool.map(lambda process: process.wait_ready(within_s), processes))

    def terminate(self) -> dict[str, int | None]:
        """SIGTERM to all at once; the exit code of each replica."""
        processes = list(self)
        with ThreadPoolExecutor(len(processes) or 1) as pool:
            codes = pool.map(lambda process: process.terminate(), processes)
        return dict(zip((process.name for process in processes), codes, strict=True))

    def close(self) -> None:
        """End everything that was started."""
        processes = [*self, self.simulator] if self.simulator else list(self)
        with ThreadPoolExecutor(len(processes) or 1) as pool:
            list(pool.map(lambda process: process.close(), processes))

    async def _prepare(self, say: Callable[[str], None]) -> None:
        await create_database(self.stack.postgres_dsn, self.options.database)
        for service in self.options.services:
            say(f"migrating {service}")
            await migrations.prepare_database(self.admin_url, service, role_password=self._password)
            await migrations.upgrade(self.admin_url, service, migrations.versions_dir(service))
        if self.stack.broker == "embedded":
            return  # it makes topics at their first use, and cannot be asked to
        say("creating topics")
        settings = KafkaSettings(kafka_bootstrap=self.stack.kafka_bootstrap)
        await ensure_topics(settings, all_topics(), replication_factor=1)

    def _make_replicas(self, service: str) -> list[ServiceProcess]:
        count = self.options.replicas.get(service, 1)
        ports = free_ports(count)
        if service in self.options.ports:
            ports[0] = self.options.ports[service]
        return [
            ServiceProcess(
                name=service if count == 1 else f"{service}-{number}",
                module=service,
                port=port,
                env=self._environment(service, port),
                log=self.logs / f"{service}-{number}.log",
            )
            for number, port in enumerate(ports, 1)
        ]

    def _environment(self, service: str, port: int) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("OMBUD_")}
        extra = {"OMBUD_SIMULATOR_URL": self.simulator.url} if self.simulator else {}
        return {
            **inherited,
            "OMBUD_DATABASE_URL": self.service_url(service),
            "OMBUD_ADMIN_DATABASE_URL": self.admin_url,
            "OMBUD_KAFKA_BOOTSTRAP": self.stack.kafka_bootstrap,
            "OMBUD_HTTP_PORT": str(port),
            "OMBUD_AUTH": "dev",
            "OMBUD_DEV_TOKEN_SECRET": self.options.dev_secret,
            "OMP_NUM_THREADS": "1",
            **extra,
            **self.options.environment,
            **self.options.of_service.get(service, {}),
        }

    def _make_simulator(self) -> ServiceProcess | None:
        if "responder" not in self.options.services:
            return None
        (port,) = free_ports(1)
        return ServiceProcess(
            name=SIMULATOR,
            module="platforms.simulator",
            port=port,
            env=dict(os.environ),
            log=self.logs / "simulator.log",
            arguments=(
                *("--port", str(port), "--log", str(self.simulator_log)),
                *self.options.simulator_arguments,
            ),
        )


async def create_database(server: str, database: str) -> None:
    """Create the database unless it exists."""
    connection = await asyncpg.connect(server)
    try:
        if not await connection.fetchval(
            "select true from pg_database where datname = $1", database
        ):
            await connection.execute(f'create database "{database}"')
    finally:
        await connection.close()
