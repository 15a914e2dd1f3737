"""A real Kafka broker as a local Java process: KRaft, broker and controller in one.

`stop`, `kill` and `restart` keep port and data. A class archive (AppCDS), made once beside the
jars, halves the time of a start. Does not create topics (`common.testing.kafka` does).
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from common.testing.stack.errors import BrokerUnavailableError, StackError
from common.testing.stack.guarded import GuardedServer, ServerCommand
from common.testing.stack.jars import Java, class_path, exclusive, find_java, kafka_jars
from common.testing.stack.parts import BrokerKind
from common.testing.stack.ports import LOOPBACK, free_ports
from common.testing.stack.probes import kafka_answers
from common.testing.stack.settings import server_environment

_START_S = 90.0
_LOGGING = Path(__file__).with_name("log4j2.properties")
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": "4",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # After SIGKILL a broker is only let in again when its former self has timed out (9 s is usual).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "log.retention.ms": "-1",
    "log.cleaner.dedupe.buffer.size": "2097152",
}


class LocalKafka:
    """One broker in one folder."""

    broker: BrokerKind = "jvm"

    def __init__(
        self,
        folder: Path,
        *,
        cache: Path,
        temporary: bool = True,
        java_home: Path | None = None,
        log: Callable[[str], None],
    ) -> None:
        """Finds Java and the jars; raises BrokerUnavailableError if one is missing."""
        self._folder = folder
        self._temporary = temporary
        self._log = log
        self._java = find_java(java_home)
        self._jars = kafka_jars(cache, log=log)
        self._port, self._controller_port = free_ports(2)
        self._server: GuardedServer | None = None

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int:
        """Of the Java process. Raises StackError when it does not run."""
        return self._running().pid

    def start(self) -> None:
        if self._server is not None and self._server.running:
            return
        if self._server is not None:
            self._server.release()
        archive = _class_archive(self._java, self._jars, log=self._log)
        self._run([] if archive is None else [f"-XX:SharedArchiveFile={archive}"])

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def kill(self) -> None:
        self._running().kill()

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

    def start_recording(self, archive: Path) -> None:
        """Start and write a class archive at the orderly stop; for `_class_archive` only."""
        self._run([f"-XX:ArchiveClassesAtExit={archive}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"])

    def _run(self, extra: list[str]) -> None:
        self._format()
        self._server = GuardedServer(
            ServerCommand(
                name="Kafka",
                command=tuple(
                    self._command("kafka.Kafka", str(self._properties), flags=["-Xmx512m", *extra])
                ),
                log=self._folder / "kafka.log",
                stop_signal=signal.SIGTERM,
                env=server_environment(),
                remove=self._folder if self._temporary else None,
            )
        )
        try:
            self._server.wait_ready(lambda: kafka_answers(LOOPBACK, self._port), within_s=_START_S)
        except StackError:
            self.close()
            raise

    def _running(self) -> GuardedServer:
        if self._server is None or not self._server.running:
            raise StackError("Kafka is not running.")
        return self._server

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    def _command(self, main_class: str, *arguments: str, flags: list[str]) -> list[str]:
        tuning = ["-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData"]
        places = [f"-Dlog4j2.configurationFile={_LOGGING}", f"-Djava.io.tmpdir={self._folder}"]
        program = str(self._java.program)
        path = class_path(self._jars)
        return [program, *tuning, *flags, *places, "-cp", path, main_class, *arguments]

    def _format(self) -> None:
        """Write the properties; format the folder the first time."""
        data = self._folder / "data"
        ports = f"PLAINTEXT://{LOOPBACK}:{self._port}"
        settings = _SETTINGS | {
            "listeners": f"{ports},CONTROLLER://{LOOPBACK}:{self._controller_port}",
            "advertised.listeners": ports,
            "controller.quorum.voters": f"1@{LOOPBACK}:{self._controller_port}",
            "log.dirs": str(data),
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        if (data / "meta.properties").exists():
            return
        self._log("Kafka: creating a broker")
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # One word: an id may begin with "-", and then the tool would take it for an option.
        arguments = ("format", f"--cluster-id={cluster_id}", "-c", str(self._properties))
        flags = ["-XX:TieredStopAtLevel=1", "-Xmx128m"]
        command = self._command("kafka.tools.StorageTool", *arguments, flags=flags)
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=server_environment()
        )
        if done.returncode != 0:
            said = f"{done.stdout}{done.stderr}"
            raise StackError(f"Kafka's folder was not formatted ({done.returncode}):\n{said}")


def _class_archive(java: Java, jars: Path, *, log: Callable[[str], None]) -> Path | None:
    """The class archive for this Java and these jars, recorded in a trial run the first time.

    None if it could not be made: then a start takes about 1.5 s longer, nothing else.
    """
    archive = jars / f"classes-{java.fingerprint}.jsa"
    refused = archive.with_suffix(".refused")
    with exclusive(jars / "archive.lock", log=log):
        if archive.exists():
            return archive
        if refused.exists():
            return None
        log("Kafka: recording a class archive, once")
        with tempfile.TemporaryDirectory(prefix="ombud-archive-") as work:
            fresh = Path(work) / "classes.jsa"
            trial = LocalKafka(
                Path(work) / "kafka",
                cache=jars.parent,
                java_home=java.program.parent.parent,
                log=lambda _: None,
            )
            try:
                trial.start_recording(fresh)
                trial.stop()
                shutil.copy(fresh, archive.with_suffix(".fresh"))
                os.replace(archive.with_suffix(".fresh"), archive)
            except (StackError, BrokerUnavailableError, OSError) as error:
                refused.write_text(str(error))
                return None
            finally:
                trial.close()
    return archive
