"""docker-compose.yml keeps its promises: hardened, ordered, not exposed, no secret in the open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.events.catalog import SERVICES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [*SERVICES, *(f"migrate-{service}" for service in SERVICES), "simulator", "topics"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_after_its_migration_and_the_topics(service: str) -> None:
    waits_for = PARTS[service]["depends_on"]
    done = {"condition": "service_completed_successfully"}
    assert waits_for == {f"migrate-{service}": done, "topics": done}
    migration = PARTS[f"migrate-{service}"]
    assert migration["command"] == ["migrate"]
    assert migration["image"] == PARTS[service]["image"]
    assert migration["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert PARTS["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_migration_knows_the_owner_of_the_tables(service: str) -> None:
    assert "OMBUD_ADMIN_DATABASE_URL" not in PARTS[service]["environment"]
    own = f"postgresql://ombud_{service}:"
    for part in (service, f"migrate-{service}"):
        assert PARTS[part]["environment"]["OMBUD_DATABASE_URL"].startswith(own)


@pytest.mark.parametrize("part", OURS)
def test_our_containers_can_do_little(part: str) -> None:
    spec = PARTS[part]
    assert spec["read_only"] is True
    assert spec["cap_drop"] == ["ALL"]
    assert spec["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in spec, "the image's own user, 10001"


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_reachable_from_other_machines(part: str) -> None:
    ports = PARTS[part].get("ports", [])
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_port_is_given_twice() -> None:
    taken = [port.split(":")[1] for part in PARTS.values() for port in part.get("ports", [])]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("part", PARTS)
def test_images_have_a_version_or_are_built_here(part: str) -> None:
    image = PARTS[part]["image"]
    built = {each["image"] for each in PARTS.values() if "build" in each}
    assert image in built or re.search(r":v?\d", image)


def test_there_is_no_secret_with_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    variables = set(re.findall(r"\$\{(\w+)", text))
    written = set(re.findall(r'"(\w+_(?:PASSWORD|SECRET))"', new_env()))
    assert variables == written
    assert "${" not in re.sub(r"\$\{\w+(:\?[^}]*)?\}", "", text), "a default (`:-`) somewhere"
    for name in variables:
        assert f"${{{name}:?" in text, f"nothing is said when {name} is missing"


def test_what_is_mounted_exists() -> None:
    for part in PARTS.values():
        for volume in part.get("volumes", []):
            source = volume.split(":")[0]
            known = source in COMPOSE["volumes"] or (ROOT / source).exists()
            assert known, volume


def new_env() -> str:
    return (ROOT / "deploy/compose/new_env.py").read_text()
