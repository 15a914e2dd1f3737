"""One running Ombud for all tests of the APIs: five processes, a broker and a database of theirs.

It starts with the first test that asks for it and ends with the last test of this folder, so that
nothing of it disturbs what runs afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.testing.pipeline import Pipeline, PipelineOptions
from common.testing.stack import StackSettings, open_stack
from common.web.dev_issuer import DevIssuer

HERE = Path(__file__).parent
TEAMS = ("community_management", "social_support")


class RunningApis:
    """Addresses, descriptions and tokens of the running services."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._issuer = DevIssuer(pipeline.options.dev_secret)
        self._documents: dict[str, dict[str, Any]] = {}

    def url(self, service: str) -> str:
        return self.pipeline.api(service)

    def document(self, service: str) -> dict[str, Any]:
        """The service's OpenAPI document, as it answers it."""
        if service not in self._documents:
            answer = httpx.get(f"{self.url(service)}/openapi.json", timeout=30)
            assert answer.status_code == 200
            self._documents[service] = answer.json()
        return self._documents[service]

    def token(self, subject: str, *roles: str, name: str = "", kind: str = "person") -> str:
        """A token of the development issuer; each subject has a rate limit of its own."""
        return self._issuer.token(
            subject, name or subject.title(), roles=roles, teams=TEAMS, kind=kind
        )

    def client(self, service: str, subject: str, *roles: str) -> httpx.Client:
        """A client that acts as this person; close it."""
        return httpx.Client(
            base_url=self.url(service),
            headers={"authorization": f"Bearer {self.token(subject, *roles)}"},
            timeout=30,
        )


_ending = pytest.StashKey[ExitStack]()
_to_come = pytest.StashKey[set[str]]()


@pytest.fixture(scope="session")
def apis(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApis]:
    """The running services, with nothing in them yet."""
    settings = replace(StackSettings.from_environment(), postgres_dsn=None, kafka_bootstrap=None)
    with ExitStack() as ends:
        stack = ends.enter_context(open_stack(settings=settings, durability="fast"))
        if stack.broker == "embedded":
            pytest.skip("needs a real Kafka broker: Java 17 and, once, Maven and network")
        pipeline = ends.enter_context(
            Pipeline(stack, tmp_path_factory.mktemp("apis"), PipelineOptions())
        )
        pipeline.prepare()
        pipeline.start(within_s=120)
        request.config.stash[_ending] = ends
        yield RunningApis(pipeline)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which tests of this folder will run."""
    here = {item.nodeid for item in session.items if HERE in item.path.parents}
    session.config.stash[_to_come] = here


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """End the services with the last test of this folder, not with the run."""
    to_come = item.config.stash[_to_come]
    to_come.discard(item.nodeid)
    if not to_come and (ends := item.config.stash.get(_ending, None)):
        ends.close()
