"""Java and Kafka's jars: found, or fetched once into a cache outside the repository.

The second start needs neither network nor Maven. Does not start a broker.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.testing.stack.errors import BrokerUnavailableError
from common.testing.stack.settings import server_environment

OLDEST_JAVA = 17
_POM = Path(__file__).with_name("pom.xml")
_MAVEN_S = 600


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that is new enough; `fingerprint` differs between builds of it."""

    program: Path
    version: int
    fingerprint: str


def find_java(java_home: Path | None) -> Java:
    """Java 17 or newer from JAVA_HOME or the PATH. Raises BrokerUnavailableError."""
    wanted = f"Kafka needs Java {OLDEST_JAVA} or newer (Debian: openjdk-17-jre-headless)"
    found = java_home / "bin" / "java" if java_home else shutil.which("java")
    if not found or not Path(found).exists():
        raise BrokerUnavailableError(f"{wanted}; there is no `java` in JAVA_HOME or PATH.")
    said = subprocess.run(
        [found, "-version"], capture_output=True, text=True, check=False, env=server_environment()
    ).stderr
    match = re.search(r'version "(\d+)', said)
    version = int(match.group(1)) if match else 0
    if version < OLDEST_JAVA:
        first = said.splitlines()[0] if said else "nothing"
        raise BrokerUnavailableError(f"{wanted}; {found} says: {first}.")
    return Java(Path(found), version, hashlib.sha256(said.encode()).hexdigest()[:12])


def kafka_jars(cache: Path, *, log: Callable[[str], None]) -> Path:
    """The folder with the jars of `pom.xml`, fetched through Maven when it is not there yet.

    Several processes may ask at once: one fetches, the others wait. Raises
    BrokerUnavailableError when they are neither cached nor to be had.
    """
    target = jars_folder(cache)
    if target.exists():
        return target
    with exclusive(cache / "kafka.lock", log=log):
        if not target.exists():
            _fetch(target, log=log)
    return target


def jars_folder(cache: Path) -> Path:
    """Where the jars of `pom.xml` are kept, whether they are there yet or not."""
    digest = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    version = re.search(r"kafka_2\.13</artifactId>\s*<version>([^<]+)", _POM.read_text())
    assert version is not None
    return cache / f"kafka-{version.group(1)}-{digest}"


def _fetch(target: Path, *, log: Callable[[str], None]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailableError(
            f"Kafka's jars are not in {target.parent} yet, and fetching them once needs Maven "
            "(`mvn`; Debian: maven)."
        )
    log(f"Kafka: fetching the broker through Maven, once (45 MB, into {target})")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="fetching-") as work:
        shutil.copy(_POM, work)
        jars = Path(work) / "jars"
        command = [maven, "-q", "-B", "--strict-checksums", "-f", f"{work}/pom.xml"]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_MAVEN_S
            )
        except subprocess.TimeoutExpired as error:
            raise BrokerUnavailableError(f"Maven took more than {_MAVEN_S} s.") from error
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[:5])
            raise BrokerUnavailableError(f"Maven could not fetch Kafka's jars:\n{tail}")
        jars.rename(target)


@contextmanager
def exclusive(path: Path, *, log: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock among processes; released by the system when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"waiting for another process that holds {path}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def class_path(jars: Path) -> str:
    """All jars in one order: a class archive is only accepted with the same path again."""
    return os.pathsep.join(str(jar) for jar in sorted(jars.glob("*.jar")))
