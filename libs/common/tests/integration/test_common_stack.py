"""The stack itself: starts, comes back with its data, and leaves nothing running behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError

from common.testing.eventually import eventually, eventually_blocking
from common.testing.kafka import Outgoing, create_topics, produce, random_topic, read, read_all
from common.testing.stack import (
    BrokerUnavailableError,
    Stack,
    StackError,
    StackSettings,
    open_stack,
)
from common.testing.stack.jars import find_java, kafka_jars
from common.testing.stack.ports import free_ports, is_free

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.slow]
OWNER = """
    import signal, time
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits "ignore"
    from common.testing.stack import StackSettings, open_stack
    with open_stack(settings=StackSettings()) as stack:
        print(stack.postgres.pid, stack.kafka.pid, stack.postgres._folder.parent, flush=True)
        time.sleep(600)
"""


async def count_rows(dsn: str) -> int:
    connection = await asyncpg.connect(dsn, timeout=2)
    try:
        return int(await connection.fetchval("select count(*) from kept"))
    finally:
        await connection.close()


async def write_a_row(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table if not exists kept (id int); insert into kept values(1)")
    await connection.close()


async def ask(dsn: str, question: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.fetchval(question))
    finally:
        await connection.close()


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def open_folder():
    """Not tmp_path: as root PostgreSQL runs under another account, who cannot enter that."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def owner_process():
    """Another process that owns a stack: (process, pids of PostgreSQL and Kafka, folder)."""
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER)], stdout=subprocess.PIPE, text=True
    )
    folder = ""
    try:
        postgres, kafka, folder = owner.stdout.readline().split()
        yield owner, (int(postgres), int(kafka)), Path(folder)
    finally:
        owner.kill()
        owner.wait()
        shutil.rmtree(folder or "no folder", ignore_errors=True)  # a killed guard removes nothing


@pytest.fixture
def jvm() -> None:
    """For tests that start brokers by themselves; in CI a missing Java is a failure."""
    settings = StackSettings.from_environment()
    try:
        find_java(settings.java_home)
    except BrokerUnavailableError as error:
        if settings.in_ci:
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("jvm")
def test_servers_and_folder_go_with_their_owner(how):
    with owner_process() as (owner, pids, folder):
        assert all(is_running(pid) for pid in pids)
        assert folder.is_dir()
        owner.send_signal(how)
        owner.wait(30)
        eventually_blocking(
            lambda: not any(is_running(pid) for pid in pids) and not folder.exists(),
            within=timedelta(seconds=20),
        )


@pytest.mark.usefixtures("jvm")
def test_a_server_dies_with_its_guard():
    with owner_process() as (_, pids, _):
        for pid in pids:
            guard = psutil.Process(pid).parent()
            assert "guard.py" in " ".join(guard.cmdline())
            guard.kill()
        eventually_blocking(
            lambda: not any(is_running(pid) for pid in pids), within=timedelta(seconds=20)
        )


@pytest.mark.usefixtures("jvm")
async def test_a_temporary_stack_leaves_nothing():
    async with open_stack(settings=StackSettings()) as stack:
        pids = (stack.postgres.pid, stack.kafka.pid)
        ports = (urlsplit(stack.postgres_dsn).port, int(stack.kafka_bootstrap.split(":")[1]))
        assert await ask(stack.postgres_dsn, "show fsync") == "on"
        assert stack.broker == "jvm"
        assert not any(is_free(port) for port in ports)
    assert not any(is_running(pid) for pid in pids)
    assert all(is_free(port) for port in ports)


async def test_restart_and_kill_keep_address_and_data(own_stack: Stack):
    topic = random_topic()
    await create_topics(own_stack.kafka_bootstrap, topic, partitions=2)
    address = (own_stack.postgres_dsn, own_stack.kafka_bootstrap)
    await write_a_row(own_stack.postgres_dsn)
    await produce(own_stack.kafka_bootstrap, topic, [Outgoing(b"first", key=b"k")])

    own_stack.postgres.restart()
    own_stack.kafka.restart()
    assert await count_rows(own_stack.postgres_dsn) == 1
    assert [r.value for r in await read_all(own_stack.kafka_bootstrap, topic)] == [b"first"]

    own_stack.postgres.kill()
    own_stack.kafka.kill()
    with pytest.raises(OSError):
        await count_rows(own_stack.postgres_dsn)
    own_stack.postgres.start()
    own_stack.kafka.start()
    await produce(own_stack.kafka_bootstrap, topic, [Outgoing(b"second", key=b"k")])
    assert await count_rows(own_stack.postgres_dsn) == 1
    records = await read(own_stack.kafka_bootstrap, topic, count=2)
    assert [r.value for r in records] == [b"first", b"second"]
    assert (own_stack.postgres_dsn, own_stack.kafka_bootstrap) == address


async def test_pause_is_a_server_that_does_not_answer(own_stack: Stack):
    await write_a_row(own_stack.postgres_dsn)
    own_stack.postgres.pause()
    with pytest.raises(TimeoutError):
        await count_rows(own_stack.postgres_dsn)
    own_stack.postgres.resume()
    await eventually(lambda: count_rows(own_stack.postgres_dsn), retry_on=(TimeoutError,))


async def test_after_a_pause_no_thread_runs_any_more(own_stack: Stack):
    broker = _broker_process(own_stack)
    for _ in range(20):
        own_stack.kafka.pause()
        states = [psutil.Process(thread.id).status() for thread in broker.threads()]
        own_stack.kafka.resume()
        assert set(states) == {psutil.STATUS_STOPPED}


def _broker_process(stack: Stack) -> psutil.Process:
    """Whoever listens where the broker is."""
    port = int(stack.kafka_bootstrap.rpartition(":")[2])
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN)
    return psutil.Process(next(c.pid for c in listening if c.laddr.port == port))


async def test_topics_are_not_made_by_accident(own_stack: Stack):
    admin = AIOKafkaAdminClient(bootstrap_servers=own_stack.kafka_bootstrap)
    await admin.start()
    try:
        topic = random_topic()
        for _ in range(2):
            found = await admin.describe_topics([topic])
            assert found[0]["error_code"] == UnknownTopicOrPartitionError.errno
            assert topic not in await admin.list_topics()
    finally:
        await admin.close()


async def test_a_given_folder_keeps_its_data():
    with open_folder() as folder:
        for expected in (1, 2):
            with open_stack(("postgres",), data_dir=folder, settings=StackSettings()) as stack:
                connection = await asyncpg.connect(stack.postgres_dsn)
                await connection.execute("create table if not exists kept (id int)")
                await connection.execute("insert into kept values (1)")
                await connection.close()
                assert await count_rows(stack.postgres_dsn) == expected


@pytest.mark.usefixtures("jvm")
async def test_kafka_in_a_given_folder_comes_back_on_other_ports():
    topic = random_topic()
    with open_folder() as folder:
        with open_stack(("kafka",), data_dir=folder, settings=StackSettings()) as stack:
            await create_topics(stack.kafka_bootstrap, topic)
            await produce(stack.kafka_bootstrap, topic, [Outgoing(b"kept")])
        with open_stack(("kafka",), data_dir=folder, settings=StackSettings()) as stack:
            assert [r.value for r in await read_all(stack.kafka_bootstrap, topic)] == [b"kept"]


async def test_fast_durability_is_only_for_who_asks():
    with open_stack(("postgres",), durability="fast", settings=StackSettings()) as stack:
        assert await ask(stack.postgres_dsn, "show fsync") == "off"
        with pytest.raises(StackError, match="no Kafka"):
            _ = stack.kafka_bootstrap


def test_given_addresses_are_used_and_not_touched():
    settings = StackSettings.from_environment(
        {"OMBUD_TEST_POSTGRES": "postgresql://admin@db.example/x", "OMBUD_TEST_KAFKA": "k:9092"}
    )
    with open_stack(settings=settings) as stack:
        assert stack.postgres_dsn == "postgresql://admin@db.example/x"
        assert (stack.kafka_bootstrap, stack.broker) == ("k:9092", "external")
        for part in (stack.postgres, stack.kafka):
            with pytest.raises(StackError, match="not ours"):
                part.kill()


def test_a_setting_that_means_nothing_is_refused():
    with pytest.raises(StackError, match="STACK='docker'"):
        StackSettings.from_environment({"STACK": "docker"})


def test_ci_refuses_to_do_without_a_real_broker(tmp_path):
    settings = StackSettings.from_environment({"CI": "true", "JAVA_HOME": str(tmp_path)})
    with (
        pytest.raises(BrokerUnavailableError, match="Java 17"),
        open_stack(("kafka",), settings=settings),
    ):
        pass


async def test_without_java_the_embedded_broker_stands_in_and_says_so(tmp_path):
    said: list[str] = []
    settings = StackSettings.from_environment({"JAVA_HOME": str(tmp_path)})
    async with open_stack(("kafka",), settings=settings, log=said.append) as stack:
        assert stack.broker == "embedded"
        assert any("Java 17" in line for line in said)
        assert any("embedded broker" in line for line in said)
        topic = random_topic()
        await create_topics(stack.kafka_bootstrap, topic)
        await produce(stack.kafka_bootstrap, topic, [Outgoing(b"a", key=b"k")])
        assert [r.value for r in await read(stack.kafka_bootstrap, topic, count=1)] == [b"a"]


def test_cached_jars_need_neither_maven_nor_network(monkeypatch, tmp_path, own_stack: Stack):
    cached = StackSettings.from_environment().cache
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(kafka_jars(cached, log=print).glob("kafka_2.13-*.jar"))
    with pytest.raises(BrokerUnavailableError, match="Maven"):
        kafka_jars(tmp_path / "empty", log=print)


@pytest.mark.usefixtures("jvm")
def test_the_command_prints_addresses_and_ends_in_order():
    chosen = ("OMBUD_TEST_", "STACK")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(chosen)}
    command = subprocess.Popen(
        [sys.executable, "-m", "common.testing.stack"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        lines = [command.stdout.readline().strip() for _ in range(2)]
        assert lines[0].startswith("export OMBUD_TEST_POSTGRES='postgresql://postgres@127.0.0.1:")
        assert lines[1].startswith("export OMBUD_TEST_KAFKA='127.0.0.1:")
        children = psutil.Process(command.pid).children(recursive=True)
        assert len(children) >= 4  # two guards, two servers
        command.send_signal(signal.SIGINT)
        assert command.wait(30) == 0
        assert not any(is_running(child.pid) for child in children)
    finally:
        command.kill()
        command.wait()


def test_ports_lie_below_those_of_outgoing_connections():
    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert max(ports) < lowest_outgoing
