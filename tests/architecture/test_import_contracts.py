"""Every import contract holds, and each has been seen failing: a check never seen red is no check.

For each contract one forbidden line is written into a copy of the source tree, and exactly that
contract must break.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "common": "libs/common/src/common",
    "platforms": "libs/platforms/src/platforms",
    "ombud": "tools/ombud/src/ombud",
    **{
        name: f"services/{name}/src/{name}"
        for name in ("ingest", "classifier", "router", "responder", "audit")
    },
}
CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}
# contract -> (a new module or package, the line that breaks it)
BREACHES = {
    "services-apart": ("router/handlers/breach.py", "import audit.domain"),
    "platforms-below": ("platforms/breach.py", "import router.domain"),
    "platforms-at-the-border": ("ingest/handlers/breach.py", "import platforms"),
    "one-floor-plan": ("router/domain/breach.py", "import router.handlers"),
    "pure-domain": ("router/domain/breach.py", "import yaml"),
    "sql-in-storage": ("router/handlers/breach.py", "import sqlalchemy"),
    "kafka-in-one-room": ("audit/handlers/breach.py", "import aiokafka"),
    "fastapi-in-api": ("responder/handlers/breach.py", "import fastapi"),
    "wire-stops-at-handlers": ("responder/storage/breach.py", "import common.events.parts"),
    "rooms-of-common": ("common/events/breach.py", "import common.web"),
    "settings-end-at-bootstrap": ("ingest/handlers/breach.py", "import ingest.settings"),
}


def lint(source: Path) -> str:
    """What import-linter says of the packages below `source`."""
    environment = {**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"}
    script = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", script, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        env=environment,
        cwd=source,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout + done.stderr


def broken(report: str) -> set[str]:
    return {
        identity
        for identity, name in CONTRACTS.items()
        for line in report.splitlines()
        if line.strip().startswith(name) and line.strip().endswith("BROKEN")
    }


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    source = tmp_path_factory.mktemp("architecture")
    for package, path in PACKAGES.items():
        shutil.copytree(
            ROOT / path, source / package, ignore=shutil.ignore_patterns("__pycache__", "*.npz")
        )
    return source


def test_every_contract_is_kept(tree):
    report = lint(tree)
    assert broken(report) == set(), report
    assert f"{len(CONTRACTS)} kept" in report, report


def test_every_contract_has_its_breach():
    assert set(BREACHES) == set(CONTRACTS)


@pytest.mark.parametrize("contract", sorted(BREACHES))
def test_each_contract_fails_on_its_breach(contract, tree):
    path, line = BREACHES[contract]
    module = tree / path
    assert module.parent.is_dir(), f"the room {module.parent.name} is gone"
    module.write_text(f'"""A breach, on purpose."""\n\n{line}\n')
    try:
        report = lint(tree)
    finally:
        module.unlink()
    assert contract in broken(report), report


@pytest.mark.parametrize("room", ["router/stray.py", "common/stray.py"])
def test_a_stray_module_fails_the_build(room, tree):
    module = tree / room
    module.write_text('"""A module in no room."""\n')
    try:
        report = lint(tree)
    finally:
        module.unlink()
    assert "exhaustive" in report.lower() or broken(report), report
