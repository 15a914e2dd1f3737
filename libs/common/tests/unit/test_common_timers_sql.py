"""No predicate of the repository calls a volatile function (RELIABILITY finding 1).

A volatile function in `where` cannot use an index: with three million pending timers one claim took
five seconds instead of a tenth of a millisecond. Looks at every string of our Python and SQL files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
VOLATILE = r"(?:clock_timestamp|random|timeofday|gen_random_uuid|uuidv7|nextval)\s*\("
# What decides is the nearest clause that was opened before the call.
CLAUSE = re.compile(
    r"\b(where|and|or|on|having|when|order\s+by|group\s+by|between)\b"
    r"|\b(select|set|values|returning|then|else|default|begin|return|as|from|insert|limit)\b"
    rf"|({VOLATILE})",
    re.IGNORECASE,
)
LOOKS_LIKE_SQL = re.compile(
    r"\b(select|update|delete|insert|where|create)\b.*\b(from|set|into|where|on)\b|<=|>=",
    re.I | re.S,
)


def volatile_predicates(sql: str) -> list[str]:
    """The calls that stand in a predicate or in an order."""
    found, in_predicate = [], False
    for match in CLAUSE.finditer(sql):
        if match[3]:
            if in_predicate:
                found.append(match[3])
        else:
            in_predicate = bool(match[1])
    return found


def sql_texts(path: Path) -> Iterator[str]:
    if path.suffix == ".sql":
        yield path.read_text()
        return
    tree = ast.parse(path.read_text())
    docstrings: set[ast.expr] = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                part.value if isinstance(part, ast.Constant) else "$" for part in node.values
            )
        elif isinstance(node, ast.Constant) and node not in docstrings:
            yield str(node.value)


def our_files() -> list[Path]:
    roots = (ROOT / "libs", ROOT / "services", ROOT / "tools")
    return sorted(
        path
        for root in roots
        for pattern in ("*/src/**/*.py", "*/src/**/*.sql", "*/migrations/**/*.py")
        for path in root.glob(pattern)
    )


@pytest.mark.parametrize(
    "sql",
    [
        "select id from timer where state = 0 and due_at <= clock_timestamp()",
        "select id from timer where clock_timestamp() >= due_at",
        "delete from x where id = 1 or random() < 0.5",
        "select id from x order by random() limit 1",
        "select a from x join y on y.at > clock_timestamp ()",
        "update x set a = clock_timestamp() where b < CLOCK_TIMESTAMP()",
    ],
)
def test_the_search_finds_what_it_should(sql: str) -> None:
    assert volatile_predicates(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select id from timer where due_at <= now()",
        "update timer set state = 1, fired_at = clock_timestamp() from due where timer.id = due.id",
        "select clock_timestamp() - armed_for as late from fired where true",
        "insert into x (id, r) select id, random() from y where id > 1",
    ],
)
def test_and_leaves_the_rest_alone(sql: str) -> None:
    assert not volatile_predicates(sql)


def test_no_predicate_of_ours_is_volatile() -> None:
    files = our_files()
    assert ROOT / "libs/common/src/common/timers/claims.py" in files
    guilty = {
        f"{path.relative_to(ROOT)}: {call} in {sql.strip()[:80]!r}"
        for path in files
        for sql in sql_texts(path)
        if LOOKS_LIKE_SQL.search(sql)
        for call in volatile_predicates(sql)
    }
    assert not guilty, "\n".join(sorted(guilty))
