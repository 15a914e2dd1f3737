"""`ombud demo` as a program sees it: the JSON, the exit code, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from common.testing.eventually import eventually_blocking

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]
POSTS = 300
KEYS = {
    "mentions",
    "classified",
    "triage",
    "cases",
    "cases_per_team",
    "parked",
    "own_posts",
    "replies_sent",
    "self_approval_refused",
    "four_eyes_violations",
    "clocks_met",
    "clocks_open",
    "history_entries",
    "history_verified",
    "lost",
    "duplicates",
    "seconds",
    "broker",
}
MARK = "OMBUD_TEST_MARK"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where everything of the test lies; PostgreSQL's account may not enter pytest's own."""
    with tempfile.TemporaryDirectory(prefix="ombud-command-") as path:
        os.chmod(path, 0o755)
        yield Path(path)


@pytest.fixture
def environment(folder) -> dict[str, str]:
    """A demo without Java; every process of it inherits a mark of this test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMBUD_")}
    kept |= {"OMBUD_BROKER": "embedded", MARK: str(folder), "TMPDIR": str(folder)}
    return kept


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ombud", *arguments]


def left_running(mark: str) -> list[str]:
    """The command lines of processes that carry the mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # gone meanwhile, or not ours
    return found


def assert_nothing_is_left(folder: Path) -> None:
    def is_quiet() -> bool:
        assert not left_running(str(folder))
        return True

    eventually_blocking(is_quiet, within=timedelta(seconds=15))
    assert not (folder / ".ombud/stack.json").exists()
    assert not list(folder.glob("ombud-run-*"))


def test_the_demo_plays_everything_and_leaves_nothing(folder, environment):
    done = subprocess.run(
        command("demo", "--exit", "--json", "--posts", str(POSTS), "--file", "missing.jsonl"),
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=280,
        check=False,
    )
    said = done.stderr.decode()
    assert done.returncode == 0, said
    assert done.stdout.count(b"\n") == 1
    told = orjson.loads(done.stdout)
    assert told.keys() == KEYS
    assert told["broker"] == "embedded"
    assert told["mentions"] == told["classified"] == POSTS
    assert told["cases"] + told["parked"] + told["own_posts"] == POSTS
    assert sum(told["cases_per_team"].values()) == told["cases"]
    assert told["cases"] > 0
    assert told["parked"] > 0
    assert (told["lost"], told["duplicates"], told["four_eyes_violations"]) == (0, 0, 0)
    assert (told["replies_sent"], told["clocks_met"]) == (1, 1)
    assert told["clocks_open"] > 0
    assert told["self_approval_refused"] is True
    assert told["history_verified"] is True
    assert told["history_entries"] > 3 * POSTS
    assert "invented" in said
    assert "embedded broker stands in" in " ".join(said.split())
    assert_nothing_is_left(folder)


def test_an_interrupt_while_starting_ends_everything(folder, environment):
    dev = subprocess.Popen(
        command("dev", "--quiet"), cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        assert dev.stderr is not None
        said = ""
        while "migrating router" not in said:
            line = dev.stderr.readline()
            assert line, f"ended early: {said}"
            said += line
        assert len(left_running(str(folder))) > 1
        dev.send_signal(signal.SIGINT)
        # 0 where it had already begun to wait when the signal came
        assert dev.wait(60) in (130, 0)
    finally:
        dev.kill()
        dev.wait()
        dev.stderr.close()
    assert_nothing_is_left(folder)
