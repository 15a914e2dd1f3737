"""The commands as they are typed, where nothing has to run: words, JSON, exit codes."""

from __future__ import annotations

import asyncio
import stat
from importlib.resources import files

import httpx
import orjson
import pytest
import yaml
from typer.testing import CliRunner

from classifier.api.answers import ClassificationView
from common.web.dev_issuer import DevIssuer
from ombud import target
from ombud.__main__ import app
from ombud.commands.config import read
from ombud.output import CommandError
from ombud.people import STAFF
from ombud.target import Target, load_target

SECRET = "a secret of at least thirty-two bytes"
NOWHERE = "http://127.0.0.1:9"
DEFAULT = files("router") / "default_configuration.yaml"


@pytest.fixture
def ombud(tmp_path, monkeypatch):
    """Run `ombud <arguments>` in an empty folder that knows of no stack."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("OMBUD_STATE", "OMBUD_TOKEN", "OMBUD_INGEST_URL", "OMBUD_KAFKA_BOOTSTRAP"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, given=None):
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)

    return run


@pytest.fixture
def stack_state(tmp_path, monkeypatch):
    """The state file of a stack whose services do not answer."""
    path = tmp_path / "state/stack.json"
    services = ("ingest", "classifier", "router", "responder", "audit")
    Target(urls=dict.fromkeys(services, NOWHERE), dev_secret=SECRET).save(path)
    monkeypatch.setenv("OMBUD_STATE", str(path))
    return path


def commands(group, *before):
    """Every command of the tree, as it is typed."""
    yield before
    for info in group.registered_commands:
        yield (*before, info.name or info.callback.__name__)
    for inner in group.registered_groups:
        yield from commands(inner.typer_instance, *before, inner.name)


@pytest.mark.parametrize("command", list(commands(app)), ids=" ".join)
def test_every_command_helps(ombud, command):
    help_text = ombud(*command, "--help")
    assert help_text.exit_code == 0
    said = help_text.stdout.split("Usage:")[1]
    assert " ".join(command) in said
    explained = [line for line in said.splitlines()[1:] if line.strip(" ╭─╮│╰╯")]
    assert explained[0].strip().endswith((".", "(S1).")) or len(explained) > 3


def test_the_list_of_commands_is_what_the_docs_name(ombud):
    for name in ("demo", "dev", "replay", "classify", "topics", "token", "doctor"):
        assert f" {name} " in ombud("--help").stdout
    assert {" ".join(c) for c in commands(app)} >= {
        "config validate",
        "config diff",
        "config apply",
        "config show",
        "config history",
        "dlq list",
        "dlq show",
        "dlq replay",
        "dlq discard",
        "audit verify",
    }


@pytest.mark.parametrize("arguments", [["nonsense"], ["replay"], ["demo", "--posts", "1"]])
def test_wrong_use_is_exit_code_2(ombud, arguments):
    assert ombud(*arguments).exit_code == 2


# token


def test_a_token_is_good_for_the_person_it_names(ombud, stack_state):
    done = ombud("token", "lea")
    assert done.exit_code == 0
    principal = asyncio.run(DevIssuer(SECRET).authenticate(done.stdout.strip()))
    lea = STAFF["lea"]
    assert (principal.id, principal.name) == ("dev|lea", lea.name)
    assert principal.roles == set(lea.roles)
    assert principal.teams == set(lea.teams)


def test_a_token_as_json(ombud, stack_state):
    told = orjson.loads(ombud("token", "--json").stdout)
    assert told.keys() == {"token", "person", "roles"}
    assert (told["person"], told["roles"]) == ("mia", list(STAFF["mia"].roles))


def test_a_given_token_is_handed_on(ombud, monkeypatch):
    monkeypatch.setenv("OMBUD_INGEST_URL", NOWHERE)
    monkeypatch.setenv("OMBUD_TOKEN", "from-the-issuer")
    assert ombud("token").stdout.strip() == "from-the-issuer"


def test_nobody_gets_a_token_for_a_stranger(ombud, stack_state):
    refused = ombud("token", "eve")
    assert refused.exit_code == 2
    assert "mia" in refused.stderr
    assert not refused.stdout


# where the stack is


@pytest.mark.parametrize("arguments", [["token"], ["topics"], ["dlq", "list"], ["audit", "verify"]])
def test_without_a_stack_it_says_how_to_get_one(ombud, arguments):
    refused = ombud(*arguments)
    assert refused.exit_code == 3
    assert "ombud dev" in refused.stderr


@pytest.mark.parametrize(
    "arguments", [["dlq", "list"], ["audit", "verify"], ["config", "diff", DEFAULT]]
)
def test_a_service_that_does_not_answer_is_one_line(ombud, stack_state, arguments):
    refused = ombud(*arguments)
    assert refused.exit_code == 3
    assert NOWHERE in refused.stderr
    assert "Traceback" not in refused.output


@pytest.mark.parametrize("content", ["{", "[]", '{"other": 1}'])
def test_a_broken_state_file_is_one_line(ombud, stack_state, content):
    stack_state.write_text(content)
    refused = ombud("token")
    assert refused.exit_code == 3
    assert "state file" in refused.stderr


def test_the_state_file_holds_secrets_and_is_its_owners_alone(stack_state):
    assert stat.S_IMODE(stack_state.stat().st_mode) == 0o600
    assert load_target().dev_secret == SECRET


def test_a_message_that_looks_like_markup_is_shown_as_it_is(ombud):
    refused = ombud("classify", "a[/]b[red]c")
    assert refused.exit_code == 2
    assert "a[/]b[red]c is no file" in refused.stderr


# classify


def test_classify_answers_line_by_line_in_order(ombud):
    lines = [
        {"id": "frage", "text": "@motorrad_ag Mein Motor startet nicht mehr. Was soll ich tun?"},
        {"id": 2, "text": "Sonntag, Sonne, Pass. Mehr braucht kein Mensch."},
        {"id": "en", "text": "Where is my refund? I have been waiting since March!"},
    ]
    given = b"\n\n".join(orjson.dumps(line) for line in lines)
    done = ombud("classify", given=given)
    assert done.exit_code == 0
    answers = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == ["frage", 2, "en"]
    for answer, line in zip(answers, lines, strict=True):
        assert list(answer) == ["id", *ClassificationView.model_fields]
        assert isinstance(answer["service"], bool)
        assert 0 <= answer["confidence"] <= 1
        assert answer["decision"] in ("service", "non_service", "triage")
        for place in answer["evidence"]:
            assert line["text"][place["start"] : place["end"]] == place["text"]
    assert [answer["service"] for answer in answers] == [True, False, True]
    assert [answer["language"] for answer in answers] == ["de", "de", "en"]
    assert len({answer["model"] for answer in answers}) == 1


def test_classify_reads_a_file_of_more_than_one_batch(ombud, tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_bytes(
        b"".join(
            orjson.dumps({"id": number, "text": f"Wo bleibt mein Helm? {number}"}) + b"\n"
            for number in range(1_100)
        )
    )
    done = ombud("classify", path)
    ids = [orjson.loads(line)["id"] for line in done.stdout.splitlines()]
    assert ids == list(range(1_100))


def test_classify_of_nothing_is_nothing(ombud):
    done = ombud("classify", given=b"")
    assert (done.exit_code, done.stdout) == (0, "")


@pytest.mark.parametrize("line", ["{", "[]", '{"id": 1}', '{"id": 1, "text": 2}', '{"text": "x"}'])
def test_classify_names_the_line_that_is_no_post(ombud, line):
    good = '{"id": %d, "text": "Wo bleibt mein Helm?"}\n'
    refused = ombud("classify", given=good % 1 + f"{line}\n" + good % 3)
    assert refused.exit_code == 1
    assert "line 2 is no JSON" in refused.stderr
    assert "1 lines are no posts" in refused.stderr
    answers = [orjson.loads(answer) for answer in refused.stdout.splitlines()]
    assert [answer.get("id") for answer in answers] == [1, None, 3], "nothing is lost"
    assert answers[1]["line"] == 2


def test_classify_with_rules_says_which_fired(ombud, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n- name: press_desk\n  version: 2\n  when: {phrases: [Presseanfrage], "
        "authors: [redaktion_nord]}\n  then: {signals: [press], urgent: true}\n"
    )
    posts = [
        {"id": 1, "text": "Eine Presseanfrage.", "author": "@Redaktion_Nord"},
        {"id": 2, "text": "Eine Presseanfrage.", "author": {"id": "7", "handle": "jemand"}},
    ]
    given = b"\n".join(orjson.dumps(post) for post in posts)
    done = ombud("classify", "--rules", rules, given=given)
    first, second = (orjson.loads(line) for line in done.stdout.splitlines())
    assert (first["rules"], first["signals"], first["urgent"]) == (
        ["press_desk@2"],
        ["press"],
        True,
    )
    assert second["rules"] == []
    rules.write_text("rules:\n- name: press_desk\n  when: {phrases: [a]}\n  then: {}\n")
    refused = ombud("classify", "--rules", rules, given=given)
    assert refused.exit_code == 1
    assert "rules.0.then" in refused.stderr


def test_classify_with_another_model(ombud, tmp_path):
    shipped = ombud("classify", given=b'{"id": 1, "text": "Wo bleibt mein Helm?"}')
    folder = files("classifier.gateways.model") / "artefact"
    same = ombud("classify", "--model", folder, given=b'{"id": 1, "text": "Wo bleibt mein Helm?"}')
    assert same.stdout == shipped.stdout
    assert ombud("classify", "--model", tmp_path, given=b"").exit_code == 2
    assert ombud("classify", "--model", "nowhere", given=b"").exit_code == 2
    assert ombud("classify", "--model", "http", given=b"").exit_code == 2


# config


def test_the_shipped_configuration_is_valid(ombud):
    assert ombud("config", "validate", DEFAULT).exit_code == 0
    told = ombud("config", "validate", DEFAULT, "--json")
    assert orjson.loads(told.stdout) == {"valid": True, "problems": []}


def test_a_wrong_configuration_is_refused_by_place(ombud, tmp_path):
    document = yaml.safe_load(DEFAULT.read_text())
    document["rules"][0]["rota"] = "nights"
    document["clocks"]["first_reaction"]["minutes"] = -1
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(document))
    told = ombud("config", "validate", path, "--json")
    assert told.exit_code == 1
    problems = orjson.loads(told.stdout)["problems"]
    assert problems
    assert any("minutes" in problem for problem in problems)
    for_people = ombud("config", "validate", path)
    assert for_people.exit_code == 1
    assert "not valid" in for_people.stderr
    assert all(problem.split()[0] in for_people.stderr for problem in problems)


@pytest.mark.parametrize("content", ["a: [", "- just\n- a list\n", "text", ""])
def test_what_is_no_configuration_is_never_valid(ombud, tmp_path, content):
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    refused = ombud("config", "validate", path)
    assert refused.exit_code in (1, 2)
    assert "Traceback" not in refused.output


def test_a_missing_file_is_wrong_use(ombud):
    assert ombud("config", "validate", "nothing.yaml").exit_code == 2
    assert ombud("replay", "nothing.jsonl").exit_code == 2
    assert ombud("classify", "nothing.jsonl").exit_code == 2


def test_days_are_read_as_json_knows_them(tmp_path):
    path = tmp_path / "absence.yaml"
    path.write_text("absences: [{from: 2026-05-01, until: 2026-05-03T12:00:00+02:00}]")
    assert read(path) == {
        "absences": [{"from": "2026-05-01", "until": "2026-05-03T12:00:00+02:00"}]
    }


@pytest.mark.parametrize("arguments", [[], [DEFAULT, "--version", "1"]])
def test_apply_wants_either_a_file_or_a_version(ombud, arguments):
    assert ombud("config", "apply", *arguments).exit_code == 2


def test_show_without_a_stack_is_the_shipped_configuration(ombud):
    shown = ombud("config", "show")
    assert shown.exit_code == 0
    assert yaml.safe_load(shown.stdout) == yaml.safe_load(DEFAULT.read_text())


def test_show_never_takes_the_shipped_one_for_that_of_a_stack(ombud, stack_state):
    refused = ombud("config", "show")
    assert refused.exit_code == 3
    assert not refused.stdout


# dlq, doctor


@pytest.mark.parametrize("service", ["ingest", "nobody"])
def test_who_consumes_nothing_has_no_dead_letters(ombud, stack_state, service):
    assert ombud("dlq", "list", service).exit_code == 2
    assert ombud("dlq", "show", service, 1).exit_code == 2


def test_discarding_needs_a_reason(ombud, stack_state):
    assert ombud("dlq", "discard", "classifier", 1).exit_code == 2


def test_doctor_says_what_is_there(ombud):
    told = ombud("doctor", "--json")
    findings = orjson.loads(told.stdout)["findings"]
    by_name = {finding["what"]: finding for finding in findings}
    assert by_name["Python 3.11+"]["is_there"]
    assert by_name["PostgreSQL (embedded)"]["is_there"]
    for finding in findings:
        assert finding.keys() == {"what", "is_there", "is_needed", "found", "remedy"}
    lacking = any(found["is_needed"] and not found["is_there"] for found in findings)
    assert told.exit_code == (3 if lacking else 0)


def test_doctor_says_what_to_do_without_java(ombud, monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no-java"))
    monkeypatch.setenv("PATH", str(tmp_path))
    told = ombud("doctor")
    assert told.exit_code == 0
    assert "Java 17" in told.stderr
    assert "embedded broker" in " ".join(told.stderr.split())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("config", "validate", "{none}"), "is no file"),
        (("config", "validate", "{binary}"), "is no text"),
        (("model", "rules", "validate", "{none}"), "is no file"),
        (("model", "rules", "validate", "{binary}"), "is no text"),
        (("classify", "--rules", "{none}", "{binary}"), "is no file"),
        (("gate", "--zone", "Mars/City", "{binary}"), "is no time zone"),
        (("gate", "--zone", "../../etc/passwd", "{binary}"), "is no time zone"),
        (("gate", "--into", "{none}", "{binary}"), "goes with --measure"),
    ],
)
def test_what_is_wrong_with_an_argument_is_said_in_one_line(ombud, tmp_path, command, said):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    places = {"none": tmp_path / "none", "binary": tmp_path / "binary"}
    refused = ombud(*(word.format_map(places) for word in command))
    assert (refused.exit_code, type(refused.exception)) == (2, SystemExit)
    assert refused.stderr.count("\n") == 1
    assert said in refused.stderr
    assert "Errno" not in refused.stderr


@pytest.mark.parametrize(
    ("status", "code"), [(404, 1), (409, 1), (422, 1), (401, 3), (403, 3), (500, 3), (503, 3)]
)
def test_a_service_that_could_not_answer_has_not_said_no(status, code):
    refused = httpx.Response(status, json={"title": "t"}, request=httpx.Request("GET", NOWHERE))
    with pytest.raises(CommandError) as error:
        target.answer(refused)
    assert error.value.exit_code == code


def test_a_refused_request_says_which_field_is_wrong():
    wrong = {"where": ["body", "reason"], "problem": "too short", "kind": "string_too_short"}
    document = {"title": "Unprocessable Entity", "detail": "No.", "errors": [wrong]}
    refused = httpx.Response(422, json=document, request=httpx.Request("POST", NOWHERE))
    with pytest.raises(CommandError, match=r"No\.\n  body\.reason: too short$"):
        target.answer(refused)
