"""`ombud model` against a running classifier: rules, a challenger, a promotion, the way back."""

from __future__ import annotations

import asyncio
import os
import shutil
from importlib.resources import files

import httpx
import orjson
import pytest
from typer.testing import CliRunner

from classifier.gateways.model import ShippedModel
from common.db import migrations
from common.testing.postgres import create_database, drop_database, ensure_template, with_user
from common.testing.processes import ServiceProcess
from common.testing.stack.ports import free_ports
from common.web.dev_issuer import DevIssuer
from ombud.__main__ import app
from ombud.learning import SPLIT
from ombud.people import OPS

pytestmark = [pytest.mark.postgres, pytest.mark.system]
SECRET = "a secret of at least thirty-two bytes"
PASSWORD = "for-tests-only"
RULES = """
rules:
- name: press_desk
  version: %d
  when: {phrases: [Presseanfrage]}
  then: {signals: [press], needs: [department]}
"""


async def _migrate(dsn: str) -> None:
    await migrations.prepare_database(dsn, "classifier", role_password=PASSWORD)
    await migrations.upgrade(dsn, "classifier", migrations.versions_dir("classifier"))


@pytest.fixture(scope="module")
def service(postgres_admin_dsn, tmp_path_factory):
    """A classifier's API of this module's own; its models folder is `service.models`."""
    folder = tmp_path_factory.mktemp("classifier")

    async def make() -> str:
        template = await ensure_template(postgres_admin_dsn, "ombud_model_cli", _migrate)
        return await create_database(postgres_admin_dsn, template=template)

    dsn = asyncio.run(make())
    (port,) = free_ports(1)
    process = ServiceProcess(
        name="classifier",
        module="classifier",
        port=port,
        log=folder / "classifier.log",
        arguments=("api",),
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("OMBUD_")},
            "OMBUD_DATABASE_URL": with_user(dsn, "ombud_classifier", password=PASSWORD),
            "OMBUD_KAFKA_BOOTSTRAP": "127.0.0.1:9",
            "OMBUD_HTTP_PORT": str(port),
            "OMBUD_AUTH": "dev",
            "OMBUD_DEV_TOKEN_SECRET": SECRET,
            "OMBUD_CLASSIFIER_MODELS": str(folder / "models"),
            "OMBUD_CLASSIFIER_POLL_SECONDS": "0.1",
        },
    )
    process.start()
    try:
        process.wait_ready(60)
        yield process.url, folder / "models"
    finally:
        process.close()
        asyncio.run(drop_database(dsn))


@pytest.fixture
def ombud(service, tmp_path, monkeypatch):
    """Run `ombud model <arguments>` as the operator of that service."""
    url, models = service
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMBUD_CLASSIFIER_URL", url)
    monkeypatch.setenv("OMBUD_CLASSIFIER_MODELS", str(models))
    token = DevIssuer(SECRET).token(OPS.subject, OPS.name, roles=OPS.roles)
    monkeypatch.setenv("OMBUD_TOKEN", token)

    def run(*arguments):
        return CliRunner().invoke(app, ["model", *map(str, arguments)])

    return run


@pytest.fixture
def data(tmp_path):
    """Labelled posts as they would lie beside a checkout, and corrections."""
    folder = tmp_path / "data/mentions"
    folder.mkdir(parents=True)
    things = "Helm Auspuff Sattel Reifen Lenker Spiegel Tank Kette Bremse Koffer".split()  # noqa: SIM905
    posts = [
        {
            "id": f"{thing}-{day}",
            "text": f"@motorrad_ag wo bleibt mein {thing}? Ich warte seit {day} darauf!",
            "service": True,
            "kind": "question",
            "abusive": False,
            "urgent": False,
            "language": "de",
        }
        for thing in things
        for day in ("Montag", "gestern", "Wochen", "Ostern", "Tagen", "Juni")
    ]
    lines = b"".join(orjson.dumps(post) + b"\n" for post in posts)
    for name in ("de_labelled.jsonl", "en_labelled.jsonl", "corrections.jsonl"):
        (folder / name).write_bytes(lines)
    return folder


def test_rules_are_checked_tried_applied_and_shown(ombud, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES % 1)
    assert ombud("rules", "validate", file).exit_code == 0
    tried = ombud("rules", "dry-run", file, "--json")
    assert orjson.loads(tried.stdout)["mentions"] == 0
    applied = ombud("rules", "apply", file, "--reason", "Messe in Köln")
    assert applied.exit_code == 0, applied.output
    assert "press_desk" in ombud("rules", "show").stdout
    file.write_text(RULES.replace("Presseanfrage", "Interview") % 1)
    refused = ombud("rules", "apply", file, "--reason", "Umbenannt")
    assert refused.exit_code == 1
    assert "raise their version" in refused.output
    file.write_text("rules: [{name: x}]")
    wrong = ombud("rules", "validate", file)
    assert wrong.exit_code == 1
    assert "rules.0.when" in wrong.output


def test_the_command_and_the_api_say_the_same_of_a_text(service):
    text = "@motorrad_ag Ihr Deppen, die Bremse rubbelt. Neustart half nicht! Wer zahlt das?"
    body = {"text": text, "account": "motorrad_ag", "network": "mastodon", "author": "lena"}
    asked = httpx.post(f"{service[0]}/classify", json=body, headers=bearer())
    assert asked.status_code == 200
    told = CliRunner().invoke(app, ["classify"], input=orjson.dumps({"id": 7, **body}))
    line = orjson.loads(told.stdout)
    assert line.pop("id") == 7
    assert line == asked.json(), "no rule of the other tests fires on it"
    assert list(line) == list(asked.json())


def test_a_challenger_is_registered_examined_promoted_and_taken_back(ombud, service, data):
    _, models = service
    version = ShippedModel.load().version
    corrections = ("--data", data, "--corrections", data / "corrections.jsonl")
    unknown = ombud("evaluate", version, *corrections)
    assert unknown.exit_code != 0, "its files are not there yet"

    shutil.copytree(str(files("classifier.gateways.model") / "artefact"), models / version)
    unrecorded = ombud("evaluate", version, *corrections)
    assert unrecorded.exit_code == 1
    assert "nobody knows what it has seen" in unrecorded.output
    record = {"held_out": SPLIT, "data": "d"}
    (models / version / "training.json").write_bytes(orjson.dumps(record))
    unregistered = ombud("promote", version, "--reason", "Neu")
    assert unregistered.exit_code == 1
    assert "404" in unregistered.output

    register(service, version)
    unmeasured = ombud("promote", version, "--reason", "Neu")
    assert unmeasured.exit_code == 1
    assert "was not evaluated" in unmeasured.output
    few = ombud("evaluate", version, *corrections, "--json")
    told = orjson.loads(few.stdout.splitlines()[-1])
    assert [part["part"] for part in told["parts"]] == ["corrections"]
    assert few.exit_code == (0 if told["may_be_promoted"] else 1)
    assert told["may_be_promoted"] is (told["parts"][0]["posts"] >= 30)
    if not told["may_be_promoted"]:
        refused = ombud("promote", version, "--reason", "Neu")
        assert refused.exit_code == 1
        assert "held-out posts" in refused.output

    many = data / "many.jsonl"
    lines = (data / "corrections.jsonl").read_bytes().splitlines()
    many.write_bytes(b"\n".join(lines * 8))
    good = ombud("evaluate", version, "--data", data, "--corrections", many)
    assert good.exit_code == 0, good.output
    assert "may be promoted" in good.output
    done = ombud("promote", version, "--reason", "Gleich gut, und neuer")
    assert done.exit_code == 0, done.output
    assert orjson.loads(done.stdout.splitlines()[-1])["champion"] == version
    listed = orjson.loads(ombud("list", "--json").stdout)
    assert listed["champion"] == version
    assert version in ombud("list").output
    beside = ombud("shadow", version, "--reason", "Geht nicht")
    assert beside.exit_code == 1
    back = ombud("rollback", "--reason", "Doch nicht")
    assert orjson.loads(back.stdout.splitlines()[-1])["champion"] == "shipped"
    assert ombud("rollback", "--reason", "Noch weiter").exit_code == 1


def bearer():
    token = DevIssuer(SECRET).token(OPS.subject, OPS.name, roles=OPS.roles)
    return {"authorization": f"Bearer {token}"}


def register(service, version):
    """As `retrain` does it at its end."""
    body = {"version": version, "note": "Kopie des mitgelieferten"}
    answer = httpx.post(f"{service[0]}/models", json=body, headers=bearer())
    assert answer.status_code == 201
