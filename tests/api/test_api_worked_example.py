"""docs/api.md's worked example, executed as it stands: a line that is not true fails.

```http blocks are a request, then the answer to it; ```console blocks are commands for bash with
the output that is shown. `{{name}}` is a value of an earlier step or, in an answer, one to keep;
both kinds of blocks share them as shell variables. In an answer, members that are not shown may be
anything; the elements of a shown list must be there in this order. A GET is repeated until the
answer is as shown, as the page tells its readers to do.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.testing.eventually import eventually_blocking
from ombud.local import target_of

pytestmark = [pytest.mark.system, pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(240)]
PAGE = Path(__file__).parents[2] / "docs/api.md"
BLOCK = re.compile(r"^```(http|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"\{\{(\w+)\}\}")
WAIT = timedelta(seconds=40)
UNTIL_KNOWN = ("POST", 404)
"""A service that has not heard of a case yet: the page says so, and to try again."""


@dataclass
class Reader:
    """Somebody who follows the page: what they know so far."""

    known: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        """The text with every name replaced; AssertionError for one that no step gave."""

        def value(name: re.Match[str]) -> str:
            assert name[1] in self.known, f"{name[0]} is used before a step gave it"
            return self.known[name[1]]

        return NAME.sub(value, text)

    def run(self, block: str) -> None:
        """The commands of a console block, each in bash; `name=...` is known afterwards."""
        for command, shown in commands(block):
            name = re.match(r"(\w+)=", command)
            output = self._bash(f'{command}\nprintf %s "${name[1]}"' if name else command)
            if name:
                self.known[name[1]] = output
            if shown:
                self.compare(json.loads(output), json.loads(self.filled(shown)), command)

    def ask(self, request: str, answer: str) -> None:
        """Send the request; the answer must be as shown, a GET's at the latest after a while."""
        method = request.split(maxsplit=1)[0]

        def once() -> bool:
            response = self._send(request)
            if (method, response.status_code) == UNTIL_KNOWN and " 404" not in answer:
                raise NotYetError(request)
            self._check(response, answer)
            return True

        retried = (AssertionError,) if method == "GET" else (NotYetError,)
        eventually_blocking(once, within=WAIT, retry_on=retried)

    def compare(self, actual: Any, shown: Any, where: str) -> None:
        """Fail unless `actual` has everything that is shown; keep what is new."""
        if isinstance(shown, dict):
            assert isinstance(actual, dict), f"{where}: {actual!r} is no object"
            for name, value in shown.items():
                assert name in actual, f"{where}: no {name} in {actual!r}"
                self.compare(actual[name], value, f"{where}.{name}")
        elif isinstance(shown, list) and shown:
            assert isinstance(actual, list), f"{where}: {actual!r} is no list"
            rest = iter(actual)
            for number, value in enumerate(shown):
                assert any(self._fits(each, value) for each in rest), (
                    f"{where}[{number}]: {value} is not in {actual}"
                )
        elif isinstance(shown, str) and (name := NAME.fullmatch(shown)):
            self.known.setdefault(name[1], str(actual))
            assert actual == self.known[name[1]], f"{where}: {actual!r} is not {shown}"
        else:
            assert actual == shown, f"{where}: {actual!r} is not {shown!r}"

    def _fits(self, actual: Any, shown: Any) -> bool:
        before = dict(self.known)
        try:
            self.compare(actual, shown, "")
        except AssertionError:
            self.known = before
            return False
        return True

    def _check(self, response: httpx.Response, answer: str) -> None:
        head, body = parted(answer)
        status, *headers = head
        seen = f"{response.request.method} {response.request.url.path}: {response.text[:2000]}"
        assert f"HTTP/1.1 {response.status_code}" == status, f"not {status}: {seen}"
        for line in headers:
            name, _, value = line.partition(": ")
            self.compare(response.headers.get(name), value, f"{name} of {seen}")
        if body:
            self.compare(response.json(), json.loads(body), seen)

    def _send(self, request: str) -> httpx.Response:
        head, body = parted(self.filled(request))
        method, url = head[0].split()
        headers = dict(line.split(": ", 1) for line in head[1:])
        if body:
            headers["Content-Type"] = "application/json"
        return httpx.request(method, url, headers=headers, content=body or None, timeout=30)

    def _bash(self, script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={**self.environment, **self.known},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout


class NotYetError(AssertionError):
    """The service has not heard of it yet."""


def parted(block: str) -> tuple[list[str], str]:
    """The lines before the first empty one, and the text behind it."""
    head, _, body = block.partition("\n\n")
    return head.splitlines(), body.strip()


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the output that is shown for it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown.strip()


@pytest.fixture
def reader(apis, tmp_path) -> Reader:
    """Somebody with a shell where `ombud dev` runs."""
    state = tmp_path / "stack.json"
    target_of(apis.pipeline).save(state)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return Reader(
        known={name: apis.url(name) for name in ("ingest", "router", "responder", "audit")},
        environment={"PATH": path, "OMBUD_STATE": str(state), "HOME": str(tmp_path)},
    )


def test_the_worked_example_of_the_docs_works(reader):
    page = PAGE.read_text()
    blocks = BLOCK.findall(page[page.index("## Worked example") :])
    assert len(blocks) > 30
    steps = iter(blocks)
    for kind, block in steps:
        if kind == "console":
            reader.run(block)
        else:
            answered_as, answer = next(steps)
            assert answered_as == "http", f"no answer is shown to: {block}"
            assert answer.startswith("HTTP/1.1 "), f"no answer is shown to: {block}"
            reader.ask(block, answer)
    assert {"case", "draft", "platform_id"} <= reader.known.keys()


def test_a_line_of_the_page_that_is_not_true_fails(reader):
    for shown, actual in (
        ('{"state": "open"}', {"state": "closed"}),
        ('{"items": [{"n": 1}, {"n": 2}]}', {"items": [{"n": 2}, {"n": 1}]}),
        ('{"next": null}', {"next": "/cases?cursor=x"}),
        ('{"next": null}', {}),
        ('{"id": "{{ingest}}"}', {"id": "another"}),
    ):
        with pytest.raises(AssertionError):
            reader.compare(actual, json.loads(shown), "answer")
    reader.compare({"items": [{"n": 0}, {"n": 1, "m": 2}]}, {"items": [{"n": 1}]}, "answer")
    with pytest.raises(AssertionError, match="before a step gave it"):
        reader.filled("{{nobody_knows}}")
