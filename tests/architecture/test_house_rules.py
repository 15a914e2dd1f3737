"""Rules of the house that are no import contract: environment, names, sizes, words in SQL."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("libs", "services", "tools")
    for path in (ROOT / folder).rglob("*.py")
    if "/src/" in path.as_posix()
)
BANNED = {"utils", "helpers", "misc", "manager", "core", "service"}
READS_ENVIRONMENT = re.compile(r"\bos\.(environ|getenv)\b")
# A volatile function in a predicate makes PostgreSQL scan the whole index (RELIABILITY finding 1).
VOLATILE = re.compile(
    r"\b(where|and|or|on)\s+[\w.]+\s*(<=|>=|<|>|=)\s*\(?\s*(clock_timestamp|random)\s*\(", re.I
)


def of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def offences(text: str) -> bool:
    return bool(VOLATILE.search(" ".join(text.split())))


def strings(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_only_settings_read_the_environment():
    allowed = ("/settings.py", "/common/testing/", "/tools/ombud/")
    found = [
        of(path)
        for path in SOURCES
        if READS_ENVIRONMENT.search(path.read_text())
        and not any(part in path.as_posix() for part in allowed)
    ]
    assert found == []


def test_no_module_has_a_name_that_says_nothing():
    found = [of(path) for path in SOURCES if path.stem in BANNED and path.parent.name != "runtime"]
    assert found == []


def test_every_module_says_why_it_exists():
    found = [of(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert found == []


def test_no_volatile_function_in_a_predicate():
    found = [of(path) for path in SOURCES for text in strings(path) if offences(text)]
    assert found == []


@pytest.mark.parametrize(
    "query",
    [
        "select id from timer where due_at <= clock_timestamp()",
        "delete from inbox\n where seen_at < (clock_timestamp() - interval '1 h')",
    ],
)
def test_the_rule_about_volatile_functions_can_fail(query):
    assert offences(query)


def test_every_migration_can_go_down():
    for path in ROOT.glob("services/*/migrations/versions/*.py"):
        names = {
            node.name
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef)
        }
        assert {"upgrade", "downgrade"} <= names, of(path)
