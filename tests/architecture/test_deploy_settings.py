"""Every OMBUD_ variable that a deployment sets is read by some settings: no typo goes unnoticed."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

import common.settings
from common.events.catalog import SERVICES
from common.settings import Block

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\bOMBUD_[A-Z0-9_]+\b")
# Of docker compose itself: what .env holds and the file hands on under other names.
OF_COMPOSE = {"OMBUD_DB_PASSWORD"}
DEPLOYMENTS = [
    ROOT / "Dockerfile",
    ROOT / "docker-compose.yml",
    *sorted(ROOT.glob("deploy/k8s/**/*.yaml")),
]


def known() -> set[str]:
    modules = [common.settings]
    modules += [importlib.import_module(f"{service}.settings") for service in SERVICES]
    blocks = {
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Block)
    }
    return {f"OMBUD_{name.upper()}" for block in blocks for name in block.model_fields}


@pytest.mark.parametrize("path", DEPLOYMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_variables_that_somebody_reads(path: Path) -> None:
    found = set(VARIABLE.findall(path.read_text())) - OF_COMPOSE
    assert found - known() == set()


def test_the_check_knows_a_typo() -> None:
    assert "OMBUD_KAFKA_BOOTSTRAP" in known()
    assert "OMBUD_KAFKA_BOOTSTRAPS" not in known()


def test_operations_names_every_setting_and_no_other() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    assert set(VARIABLE.findall(manual)) == known()
