"""Every adapter against its far end: one suite (platforms.testing.conformance), four networks."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from common.testing.stack.ports import free_ports
from platforms import lengths, standard_webhooks
from platforms.adapter import (
    Adapter,
    Answered,
    Audience,
    Ending,
    Letter,
    ReadBack,
    ReadError,
    Result,
    Unit,
)
from platforms.bluesky.adapter import BlueskyAdapter
from platforms.bluesky.reader import BlueskyReader
from platforms.bluesky.session import Session, XrpcError
from platforms.mail.adapter import MailAdapter
from platforms.mail.mailbox import ImapServer, Mailbox
from platforms.mail.smtp import SmtpServer
from platforms.simulator.client import SimulatorAdapter
from platforms.simulator.faults import FaultPlan
from platforms.simulator.posts import PostLog
from platforms.simulator.server import Simulator
from platforms.testing.after_effect import KillAfterEffect
from platforms.testing.bluesky import Network
from platforms.testing.conformance import AdapterConformance
from platforms.testing.mail import DOMAIN, PASSWORD, MailWorld
from platforms.webhook.adapter import WebhookAdapter

TIMEOUT = timedelta(seconds=5)
PUBLIC = frozenset({Audience.PUBLIC})


@dataclass
class Far:
    """See platforms.testing.conformance.FarEnd."""

    adapter: Adapter
    to_nowhere: Adapter
    proxy: KillAfterEffect
    marker: bytes
    letter: Letter
    find: object

    def published(self, text: str) -> Sequence[str]:
        return self.find(text)  # type: ignore[operator, no-any-return]


def a_letter(network: str, account: str, answered: Answered, audience: Audience) -> Letter:
    return Letter(
        reply_id=uuid4(),
        written_at=datetime.now(UTC),
        network=network,
        account=account,
        answered=answered,
        audience=audience,
        text="Wir melden uns.",
    )


@pytest.fixture
def nowhere() -> int:
    """A port on which nobody listens."""
    return free_ports(1)[0]


class TestSimulator(AdapterConformance):
    """A network without any help: nothing is ever repeated."""

    @pytest.fixture
    async def far_end(self, tmp_path: Path, nowhere: int) -> AsyncIterator[Far]:
        log = PostLog(tmp_path / "posts.jsonl")
        network = Simulator(log, FaultPlan({}, seed=1))
        await network.start("127.0.0.1", 0)
        with KillAfterEffect(int(network.address.rpartition(":")[2])) as proxy:

            def adapter(port: int) -> Adapter:
                return SimulatorAdapter(
                    f"http://127.0.0.1:{port}",
                    limit=lengths.limit(Unit.CODE_POINTS, 500),
                    audiences=PUBLIC,
                    read_back=ReadBack.THREAD,
                    timeout=TIMEOUT,
                )

            yield Far(
                adapter=adapter(proxy.port),
                to_nowhere=adapter(nowhere),
                proxy=proxy,
                marker=b"POST /posts",
                letter=a_letter(
                    "simulated",
                    "motorrad_ag",
                    Answered(native_id="p-1", author_id="a-1"),
                    Audience.PUBLIC,
                ),
                find=lambda text: [post.id for post in log.all() if post.text == text],
            )
        await network.aclose()

    async def test_an_audience_that_is_not_offered_is_refused(self, far_end: Far) -> None:
        pytest.skip("the simulator takes what it is given")


class Bridge:
    """A receiver of signed webhooks that drops repeats, as the specification asks."""

    def __init__(self, secret: str) -> None:
        received: dict[str, str] = {}
        oracle = Webhook(secret)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                oracle.verify(body, dict(self.headers))
                said = json.loads(body)
                received.setdefault(self.headers["webhook-id"], said["data"]["text"])
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.received = received
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class TestWebhook(AdapterConformance):
    """Verified by somebody else's implementation of the specification."""

    @pytest.fixture
    def far_end(self, nowhere: int) -> Iterator[Far]:
        secret = standard_webhooks.new_secret()
        bridge = Bridge(secret)
        with KillAfterEffect(bridge.server.server_port) as proxy:

            def adapter(port: int) -> Adapter:
                return WebhookAdapter(
                    f"http://127.0.0.1:{port}/replies",
                    [secret],
                    audiences=PUBLIC,
                    max_length=500,
                    timeout=TIMEOUT,
                )

            yield Far(
                adapter=adapter(proxy.port),
                to_nowhere=adapter(nowhere),
                proxy=proxy,
                marker=b"webhook-signature",
                letter=a_letter(
                    "forum",
                    "motorrad_ag",
                    Answered(native_id="t-1", author_id="u-1"),
                    Audience.PUBLIC,
                ),
                find=lambda text: [name for name, said in bridge.received.items() if said == text],
            )
        bridge.server.shutdown()

    async def test_an_audience_that_is_not_offered_is_refused(self, far_end: Far) -> None:
        pytest.skip("what a bridge may publish is settled before, from its capabilities")


class TestBluesky(AdapterConformance):
    """The server software of the network itself."""

    @pytest.fixture(scope="class")
    @classmethod
    def people(cls, light_bluesky: Network) -> tuple[str, str, dict[str, str]]:
        ours, karla = light_bluesky.join("motorrad"), light_bluesky.join("karla")
        post = light_bluesky.post(karla, "Kühlwasser läuft aus, wer hilft?")
        return ours.did, karla.did, post

    @pytest.fixture
    async def far_end(
        self, light_bluesky: Network, people: tuple[str, str, dict[str, str]], nowhere: int
    ) -> AsyncIterator[Far]:
        ours, karla, post = people
        with KillAfterEffect(int(light_bluesky.url.rpartition(":")[2])) as proxy:

            def adapter(port: int) -> Adapter:
                return BlueskyAdapter(
                    Session(
                        f"http://127.0.0.1:{port}",
                        "motorrad.test",
                        password="a password for tests only",
                        timeout=TIMEOUT,
                    )
                )

            def find(text: str) -> Sequence[str]:
                query = {"repo": ours, "collection": "app.bsky.feed.post", "limit": 100}
                listed = light_bluesky.call("GET", "com.atproto.repo.listRecords", params=query)
                return [one["uri"] for one in listed["records"] if one["value"]["text"] == text]

            far = Far(
                adapter=adapter(proxy.port),
                to_nowhere=adapter(nowhere),
                proxy=proxy,
                marker=b"com.atproto.repo.putRecord",
                letter=a_letter(
                    "bluesky",
                    "motorrad.test",
                    Answered(native_id=post["uri"], author_id=karla),
                    Audience.PUBLIC,
                ),
                find=find,
            )
            yield far
            await far.adapter.aclose()


class TestMail(AdapterConformance):
    """Handed in at OpenSMTPD, kept by Dovecot; our own copy is the proof."""

    @pytest.fixture
    async def far_end(self, mail_world: MailWorld, nowhere: int) -> AsyncIterator[Far]:
        with KillAfterEffect(mail_world.smtp_port) as proxy:

            def adapter(smtp: int, imap: int) -> Adapter:
                server = SmtpServer(
                    host="127.0.0.1",
                    port=smtp,
                    security="none",
                    username=None,
                    password=None,
                    timeout=TIMEOUT,
                )
                archive = Mailbox(
                    ImapServer(
                        host="127.0.0.1",
                        port=imap,
                        security="none",
                        username=f"service@{DOMAIN}",
                        password=PASSWORD,
                        folder="INBOX",
                        timeout=TIMEOUT,
                    )
                )
                return MailAdapter(
                    server,
                    sender_name="Motorrad AG",
                    archive=archive,
                    settles_within=timedelta(seconds=1),
                )

            def find(text: str) -> Sequence[str]:
                mails = mail_world.mails_of(f"karla@{DOMAIN}")
                own = [mail for mail in mails if text in mail.get_content()]
                # Receivers drop what carries an id they know.
                return list(dict.fromkeys(str(mail["Message-ID"]) for mail in own))

            far = Far(
                adapter=adapter(proxy.port, mail_world.imap_port),
                to_nowhere=adapter(nowhere, nowhere),
                proxy=proxy,
                marker=b"\r\n.\r\n",
                letter=a_letter(
                    "mail",
                    f"service@{DOMAIN}",
                    Answered(native_id=f"<q1@{DOMAIN}>", author_id=f"karla@{DOMAIN}"),
                    Audience.PRIVATE,
                ),
                find=find,
            )
            yield far
            await asyncio.wait_for(far.adapter.aclose(), 5)


class TestBlueskySession:
    """What a login costs, and what the network says when it has had enough."""

    def session(self, network: Network, handle: str, password: str) -> Session:
        return Session(network.url, handle, password=password, timeout=TIMEOUT)

    async def test_one_login_serves_many_calls_and_is_renewed_when_it_ends(
        self, light_bluesky: Network
    ) -> None:
        person = light_bluesky.join("lena")
        session = self.session(light_bluesky, person.handle, person.password)
        query = {"repo": person.did}
        for _ in range(5):
            await session.get("com.atproto.repo.describeRepo", query)
        assert await session.did() == person.did
        assert session.logins == 1
        _, refresh = session._tokens or ("", "")
        session._tokens = ("not.a.token", refresh)
        await session.get("app.bsky.actor.getPreferences", {})
        assert session.logins == 1, "refreshed, not logged in again"
        session._tokens = ("not.a.token", "nor.this.one")
        await session.get("app.bsky.actor.getPreferences", {})
        assert session.logins == 2
        await session.aclose()

    async def test_a_wrong_password_is_a_dead_account_and_then_a_rate_limit(
        self, light_bluesky: Network
    ) -> None:
        person = light_bluesky.join("olaf")
        session = self.session(light_bluesky, person.handle, "wrong")
        endings = []
        for _ in range(40):
            with pytest.raises(XrpcError) as told:
                await session.did()
            endings.append(told.value.result)
            if told.value.result.ending is Ending.RATE_LIMITED:
                break
        assert endings[0].ending is Ending.ACCOUNT_DEAD
        assert endings[-1].ending is Ending.RATE_LIMITED
        assert endings[-1].retry_after is not None
        assert timedelta(0) < endings[-1].retry_after <= timedelta(minutes=6)
        assert len(endings) <= 32
        await session.aclose()

    async def test_a_view_that_is_away_is_no_reading(self, light_bluesky: Network) -> None:
        person = light_bluesky.join("mira")
        session = self.session(light_bluesky, person.handle, person.password)
        reader = BlueskyReader(session, interval=timedelta(seconds=1))
        with pytest.raises(ReadError) as told:
            await reader.read(None, since=datetime.now(UTC))
        assert (told.value.code, told.value.ending) == ("http_502", Ending.NOT_NOW)
        await reader.aclose()

    async def test_an_answer_to_a_deleted_post_is_not_sent(self, light_bluesky: Network) -> None:
        ours, other = light_bluesky.join("firma"), light_bluesky.join("kunde")
        gone = light_bluesky.post(other, "Der Tank leckt.")
        light_bluesky.delete(other, gone["uri"])
        adapter = BlueskyAdapter(self.session(light_bluesky, ours.handle, ours.password))
        answered = Answered(native_id=gone["uri"], author_id=other.did)
        letter = a_letter("bluesky", ours.handle, answered, Audience.PUBLIC)
        result = await adapter.prepare(letter)
        assert isinstance(result, Result)
        assert result.ending is Ending.TARGET_GONE
        await adapter.aclose()
