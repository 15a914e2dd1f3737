"""PostgreSQL and Kafka as containers, through testcontainers (`STACK=containers`).

The ports of the machine are chosen before the start and bound, so that a container keeps its
address over `restart` and `kill`, and Kafka can advertise it. Needs a Docker engine; where the
reaper's image cannot be pulled: TESTCONTAINERS_RYUK_DISABLED=true.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from common.testing.stack.errors import StackError
from common.testing.stack.parts import BrokerKind
from common.testing.stack.ports import LOOPBACK, free_ports
from common.testing.stack.probes import kafka_answers, postgres_answers

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.3.1"
_START_S = 120.0
_STOP_S = 20


class _Container:
    """One container that keeps its port."""

    def __init__(
        self, image: str, *, port: int, inside: int, env: Mapping[str, str], arguments: list[str]
    ) -> None:
        self._image = image
        self._port = port
        self._container = _container(image, env=env, arguments=arguments)
        self._container.ports[f"{inside}/tcp"] = (LOOPBACK, port)
        self._created = False

    def _answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        if self._created:
            self._engine_container().start()
        else:
            self._created = True
            self._container.start()
        self._wait_ready()

    def stop(self) -> None:
        self._engine_container().stop(timeout=_STOP_S)

    def kill(self) -> None:
        self._engine_container().kill()
        self._engine_container().wait(timeout=_STOP_S)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        self._engine_container().pause()

    def resume(self) -> None:
        self._engine_container().unpause()

    def close(self) -> None:
        if self._created:
            self._created = False
            self._container.stop()

    def _engine_container(self) -> Any:
        return self._container.get_wrapped_container()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self._answers():
            self._engine_container().reload()
            ended = self._engine_container().status in ("exited", "dead")
            if ended or time.monotonic() > deadline:
                tail = self._engine_container().logs(tail=20).decode(errors="replace")
                raise StackError(f"The container {self._image} did not come up.\n{tail}")
            time.sleep(0.1)


class ContainerPostgres(_Container):
    """The official PostgreSQL image, trusting its loopback port."""

    def __init__(self) -> None:
        super().__init__(
            POSTGRES_IMAGE,
            port=free_ports(1)[0],
            inside=5432,
            env={"POSTGRES_USER": "postgres", "POSTGRES_HOST_AUTH_METHOD": "trust"},
            arguments=["postgres", "-c", "max_connections=200", "-c", "timezone=UTC"],
        )

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres@{LOOPBACK}:{self._port}/postgres"

    def _answers(self) -> bool:
        return postgres_answers(self.dsn)


class ContainerKafka(_Container):
    """The official Kafka image: KRaft, one node."""

    broker: BrokerKind = "container"

    def __init__(self) -> None:
        port = free_ports(1)[0]
        listeners = "PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093"
        environment = {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": listeners,
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{port}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@127.0.0.1:9093",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_BROKER_SESSION_TIMEOUT_MS": "3000",
            "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
        }
        super().__init__(KAFKA_IMAGE, port=port, inside=9092, env=environment, arguments=[])

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self._port}"

    def _answers(self) -> bool:
        return kafka_answers(LOOPBACK, self._port)


def _container(image: str, *, env: Mapping[str, str], arguments: list[str]) -> Any:
    try:
        from testcontainers.core.container import DockerContainer
    except ImportError as error:
        raise StackError(
            "STACK=containers needs the testcontainers wheel: `make setup`."
        ) from error
    make = cast(Callable[..., Any], DockerContainer)
    try:
        container = make(image, env=dict(env))
    except Exception as error:  # docker-py names a missing engine in a dozen ways
        raise StackError(f"STACK=containers, but no Docker engine answers: {error}") from error
    return container.with_command(arguments) if arguments else container
