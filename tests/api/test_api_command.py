"""The `ombud` command against running services: replay, topics, dead letters, configuration."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from importlib.resources import files
from typing import Any
from uuid import uuid4

import orjson
import pytest
import yaml
from typer.testing import CliRunner, Result

from common.events.catalog import all_topics
from common.testing.contracts import examples
from common.testing.eventually import eventually_blocking
from common.testing.kafka import Outgoing, produce
from ombud.__main__ import app
from ombud.local import target_of

pytestmark = [pytest.mark.system, pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]
WAIT = timedelta(seconds=60)
SECRET_WORDS = "words of a person that nobody may see"


@pytest.fixture
def ombud(apis, tmp_path, monkeypatch):
    """Run `ombud <arguments>` where the services run."""
    state = tmp_path / "stack.json"
    target_of(apis.pipeline).save(state)
    monkeypatch.setenv("OMBUD_STATE", str(state))
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setenv("TERM", "xterm")  # a dumb one is 80 columns wide, whatever COLUMNS says
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


def told(result: Result) -> Any:
    """The JSON of a command that went well."""
    assert result.exit_code == 0, result.output
    return orjson.loads(result.stdout)


def test_a_replay_tells_what_became_of_each_line(ombud, tmp_path):
    posts = [
        {"id": f"cli-{number}", "text": f"@motorrad_ag Wo bleibt mein Termin? {number}"}
        for number in range(5)
    ]
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(post) for post in posts))
    for_people = ombud("replay", path, "--limit", "2")
    assert for_people.exit_code == 0, for_people.output
    assert "2 new mentions, 0 already known, 0 kept as dead letters" in for_people.stderr
    assert told(ombud("replay", path, "--json")) == {"accepted": 3, "duplicates": 2, "kept": 0}
    assert told(ombud("replay", path, "--json")) == {"accepted": 0, "duplicates": 5, "kept": 0}


def test_the_topics_of_the_catalogue_are_there(ombud):
    listed = told(ombud("topics", "--json"))
    assert listed["missing"] == []
    for topic in all_topics():
        assert listed["partitions"][topic.name] == topic.partitions, topic.name


def test_the_configuration_in_force_is_shown_compared_and_applied(ombud, tmp_path):
    default, path = tmp_path / "default.yaml", tmp_path / "changed.yaml"
    default.write_text((files("router") / "default_configuration.yaml").read_text())
    before = told(ombud("config", "apply", default, "--json"))["version"]
    same = told(ombud("config", "apply", default, "--json"))
    assert (same["changed"], same["version"]) == (False, before)
    assert ombud("config", "diff", default).stdout == ""

    changed = yaml.safe_load(ombud("config", "show").stdout)
    changed["clocks"]["first_reaction"]["warn_at_percent"] = 65
    path.write_text(yaml.safe_dump(changed))
    difference = ombud("config", "diff", path)
    assert difference.exit_code == 1
    assert [line for line in difference.stdout.splitlines() if line[0] in "+-"][2:] == [
        "-    warn_at_percent: 70.0",
        "+    warn_at_percent: 65.0",
    ]
    applied = told(ombud("config", "apply", path, "--json"))
    assert (applied["changed"], applied["version"]) == (True, before + 1)
    assert ombud("config", "diff", path).exit_code == 0

    by_path = json.loads(ombud("config", "diff", path, "--version", before, "--json").stdout)
    assert [each["path"] for each in by_path["changes"]] == [
        "clocks.first_reaction.warn_at_percent"
    ]

    changed["rules"] = []
    path.write_text(yaml.safe_dump(changed))
    refused = ombud("config", "apply", path)
    assert refused.exit_code == 1
    assert "422" in refused.stderr
    assert "rules: Tuple should have at least 1 item" in refused.stderr
    rolled_back = told(ombud("config", "apply", "--version", before, "--json"))
    assert (rolled_back["changed"], rolled_back["version"]) == (True, before + 2)
    assert ombud("config", "diff", default).exit_code == 0
    versions = told(ombud("config", "history", "--json"))["versions"]
    assert [each["version"] for each in versions][:3] == [before + 2, before + 1, before]


def test_the_history_is_verified(ombud):
    verdict = told(ombud("audit", "verify", "--json"))
    assert verdict["verified"] is True
    nothing = told(ombud("audit", "verify", "--json", "--conversation", uuid4()))
    assert (nothing["chains"], nothing["entries"]) == (0, 0)


def test_a_dead_letter_is_listed_shown_and_discarded(apis, ombud):
    """A record that no consumer can read: real bytes, a real topic, two consumers."""
    example = next(examples("ingest.mention.received.v1"))
    headers = dict(example.headers) | {"ce_id": str(uuid4()).encode()}
    poison = Outgoing(
        value=f'{{"mention": "{SECRET_WORDS}'.encode(), key=str(uuid4()).encode(), headers=headers
    )
    asyncio.run(produce(apis.pipeline.stack.kafka_bootstrap, "mentions.raw", [poison]))

    def listed() -> Any:
        letters = told(ombud("dlq", "list", "classifier", "--json"))
        return [each for each in letters if each["event_id"] == headers["ce_id"].decode()]

    (letter,) = eventually_blocking(listed, within=WAIT)
    assert (letter["service"], letter["topic"]) == ("classifier", "mentions.raw")
    assert letter["type"] == "ingest.mention.received.v1"
    table = ombud("dlq", "list")
    assert table.exit_code == 0, table.output
    assert "mentions.raw" in table.stderr

    shown = ombud("dlq", "show", "classifier", letter["id"])
    assert told(shown)["state"] == "open"
    assert SECRET_WORDS not in shown.output + table.output

    replayed = told(ombud("dlq", "replay", "classifier", letter["id"]))
    assert replayed["actor"] == "dev|ops"
    again = eventually_blocking(lambda: letter_open_again(ombud, letter), within=WAIT)
    reason = "sent by a broken client; the post itself came again"
    discarded = told(ombud("dlq", "discard", "classifier", again["id"], "--reason", reason))
    assert (discarded["state"], discarded["reason"]) == ("discarded", reason)
    assert discarded["actor"] == "dev|lea"
    assert not listed()
    assert ombud("dlq", "show", "classifier", 2**40).exit_code == 1


def letter_open_again(ombud: Any, letter: dict[str, Any]) -> Any:
    """The letter of the record whose replay failed as it did the first time."""
    letters = told(ombud("dlq", "list", "classifier", "--json"))
    same = [each for each in letters if each["event_id"] == letter["event_id"]]
    return same[0] if same else None
