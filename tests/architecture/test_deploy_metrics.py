"""Alerts and dashboards name only metrics and labels that exist, and every alert was seen firing.

An alert on a metric that was renamed is silent for ever: nobody notices until the day it should
have fired.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from common.observability.metrics import DECLARED, MetricSpec

ROOT = Path(__file__).parents[2]
RULES = sorted(ROOT.glob("deploy/prometheus/rules/*.yml"))
RULE_TESTS = sorted(ROOT.glob("deploy/prometheus/tests/*.yml"))
DASHBOARDS = sorted(ROOT.glob("deploy/grafana/dashboards/*.json"))
RUNBOOK = ROOT / "docs/runbooks/alerts.md"

OF_THE_SCRAPE = {"service", "job", "instance", "le"}
NAME = re.compile(r"\b(ombud_[a-z0-9_]+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\bby\s*\(([^)]*)\)")


def declared() -> dict[str, MetricSpec]:
    """Every series on /metrics: a histogram has three."""
    known = {}
    for spec in DECLARED:
        suffixes = ("_bucket", "_sum", "_count") if spec.kind == "histogram" else ("",)
        known |= {spec.name + suffix: spec for suffix in suffixes}
    return known


def unknown_in(expression: str) -> list[str]:
    """Metrics, and labels of known metrics, that do not exist."""
    known, wrong = declared(), []
    labels_seen = set(OF_THE_SCRAPE)
    for name, selector in NAME.findall(expression):
        if name not in known:
            wrong.append(name)
            continue
        labels_seen |= set(known[name].labels)
        wrong += [
            f"{name}{{{label}}}"
            for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)
            if label not in {*known[name].labels, *OF_THE_SCRAPE}
        ]
    for group in GROUPING.findall(expression):
        wrong += [f"by ({x})" for x in map(str.strip, group.split(",")) if x not in labels_seen]
    return wrong


def alerts() -> dict[str, dict[str, object]]:
    return {
        rule["alert"]: rule
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    }


def panels() -> Iterator[tuple[str, str]]:
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield panel["title"], target["expr"]


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("ombud_outbox_oldest_age > 3", ["ombud_outbox_oldest_age"]),
        ("ombud_timers_lateness_seconds", ["ombud_timers_lateness_seconds"]),
        ('ombud_timers_fired_total{kinds="x"}', ["ombud_timers_fired_total{kinds}"]),
        ("sum by (topics) (ombud_loop_lag_records)", ["by (topics)"]),
        ('sum by (le) (rate(ombud_timers_lateness_seconds_bucket{kind="x"}[5m]))', []),
    ],
)
def test_the_check_finds_what_is_wrong(expression: str, wrong: list[str]) -> None:
    assert unknown_in(expression) == wrong


@pytest.mark.parametrize("name", alerts())
def test_alerts_use_what_exists(name: str) -> None:
    assert unknown_in(str(alerts()[name]["expr"])) == []


def test_panels_use_what_exists() -> None:
    shown = list(panels())
    assert len(shown) > 10
    assert {title: wrong for title, expr in shown if (wrong := unknown_in(expr))} == {}


def test_every_alert_fires_in_one_test_and_must_not_in_another() -> None:
    cases = [
        case
        for path in RULE_TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    quiet = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fires == quiet == set(alerts())


def test_every_alert_says_what_to_do() -> None:
    sections = re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.M)
    assert sections == list(alerts())
    for name, rule in alerts().items():
        annotations = rule["annotations"]
        assert isinstance(annotations, dict)
        assert annotations["runbook"] == f"docs/runbooks/alerts.md#{name.lower()}"
        assert annotations["summary"]


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.name)
def test_promtool_agrees(path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: `apt-get install prometheus`, or a Prometheus release on PATH")
    for arguments in (("check", "rules", *map(str, RULES)), ("test", "rules", str(path))):
        done = subprocess.run(
            [promtool, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
