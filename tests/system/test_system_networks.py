"""From a post on a real network to the answer in its thread, through five processes.

The far ends are software that nobody here wrote: a complete Bluesky network from npm, OpenSMTPD and
Dovecot. What is missing on a machine is named and its story skipped. Each network has the same two
stories: an answer, written by one person and read by another; and the same with a responder that
is killed after the network took the answer and before anybody here knew.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from common.testing.pipeline import SOON_MISSED, Pipeline, PipelineOptions, create_database
from common.testing.postgres import with_database
from common.testing.stack.errors import StackError
from ombud.local import target_of
from ombud.people import MIA, OPS, TOM
from ombud.target import Target, answer
from platforms.testing import mail as mail_world
from platforms.testing.after_effect import KillAfterEffect
from platforms.testing.bluesky import Network, Person, Size, open_network
from platforms.testing.mail import DOMAIN, MailWorld, open_mail_world

pytestmark = [
    pytest.mark.system,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]
SERVICE = f"service@{DOMAIN}"
PATIENCE_S = 40.0
BRAKE = "Wir sehen uns die Bremse an."
CHAIN = "Die Kette ist gerissen: Wir holen Sie ab."
Waiting = dict[str, Any]


@dataclass
class Bluesky:
    """The network, our account on it, a customer, and the way on which a responder dies."""

    network: Network
    ours: Person
    customer: Person
    proxy: KillAfterEffect


@dataclass
class Mail:
    world: MailWorld
    proxy: KillAfterEffect


@dataclass
class World:
    """Everything that runs. What could not be started is an explanation instead."""

    pipeline: Pipeline
    target: Target
    bluesky: Bluesky | str
    mail: Mail | str


@pytest.fixture(scope="module")
def world(own_stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("networks")
    with ExitStack() as ends:
        bluesky = _bluesky(ends, folder, own_stack.postgres_dsn)
        mail = _mail(ends)
        if isinstance(bluesky, str) and isinstance(mail, str):
            pytest.skip(f"no far end at all: {bluesky}; {mail}")
        options = PipelineOptions(
            environment={
                **SOON_MISSED,
                "BLUESKY_PASSWORD": "" if isinstance(bluesky, str) else bluesky.ours.password,
                "MAIL_PASSWORD": mail_world.PASSWORD,
            },
            of_service={
                "ingest": {
                    "OMBUD_CHANNELS": json.dumps(_links(bluesky, mail, for_sending=False)),
                    "OMBUD_SOURCE_POLL": "0.5",
                },
                "responder": {
                    "OMBUD_CHANNELS": json.dumps(_links(bluesky, mail, for_sending=True)),
                    "OMBUD_DISPATCH_TIMEOUT_S": "1.5",
                    "OMBUD_DISPATCH_LEASE_S": "5",
                },
            },
        )
        pipeline = ends.enter_context(Pipeline(own_stack, folder, options))
        pipeline.prepare()
        pipeline.start(within_s=120)
        world = World(pipeline, target_of(pipeline), bluesky, mail)
        if not isinstance(bluesky, str):
            _connect(world.target, "bluesky", bluesky.ours.handle)
        if not isinstance(mail, str):
            _connect(world.target, "mail", SERVICE)
        yield world


def _bluesky(ends: ExitStack, folder: Path, server: str) -> Bluesky | str:
    try:
        asyncio.run(create_database(server, "bluesky"))
        dsn = with_database(server, "bluesky")
        network = ends.enter_context(open_network(folder, Size.FULL, postgres_dsn=dsn))
    except StackError as error:
        return f"Bluesky: {error}"
    proxy = ends.enter_context(KillAfterEffect(int(network.url.rpartition(":")[2])))
    return Bluesky(network, network.join("motorrad"), network.join("karla"), proxy)


def _mail(ends: ExitStack) -> Mail | str:
    try:
        world = ends.enter_context(open_mail_world())
    except StackError as error:
        return f"mail: {error}"
    return Mail(world, ends.enter_context(KillAfterEffect(world.smtp_port)))


def _links(bluesky: Bluesky | str, mail: Mail | str, *, for_sending: bool) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = []
    if not isinstance(bluesky, str):
        direct = bluesky.network.url
        links.append(
            {
                "kind": "bluesky",
                "account": bluesky.ours.handle,
                "url": f"http://127.0.0.1:{bluesky.proxy.port}" if for_sending else direct,
                "secret": {"env": "BLUESKY_PASSWORD"},
            }
        )
    if not isinstance(mail, str):
        port = mail.proxy.port if for_sending else mail.world.smtp_port
        links.append(
            {
                "kind": "mail",
                "account": SERVICE,
                "sender_name": "Motorrad AG",
                "smtp": {"host": "127.0.0.1", "port": port, "security": "none", "login": False},
                "imap": {"host": "127.0.0.1", "port": mail.world.imap_port, "security": "none"},
                "secret": {"env": "MAIL_PASSWORD"},
                "settles_s": 2,
            }
        )
    return links


@pytest.fixture(scope="module")
def bluesky(world: World) -> Bluesky:
    if isinstance(world.bluesky, str):
        pytest.skip(world.bluesky)
    return world.bluesky


@pytest.fixture(scope="module")
def mail(world: World) -> Mail:
    if isinstance(world.mail, str):
        pytest.skip(world.mail)
    return world.mail


@pytest.fixture(scope="module")
def waiting(world: World) -> Waiting:
    """A draft per network that waits for its reader, written while the responder still follows the
    cases: one that was killed joins its group again only after a while."""
    drafts = {}
    if not isinstance(world.bluesky, str):
        ours = world.bluesky.ours
        post = world.bluesky.network.post(
            world.bluesky.customer,
            f"@{ours.handle} Die Bremse quietscht bei jeder Fahrt, was nun?",
            mentions=ours,
        )
        case = _case_of(world.target, post["uri"])
        drafts["bluesky"] = _submitted(world.target, case["case_id"], BRAKE, "public")
    if not isinstance(world.mail, str):
        first = _mail_from("lena", "Kette gerissen", "Die Kette ist gerissen. Was soll ich tun?")
        world.mail.world.send(first)
        case = _case_of(world.target, first["Message-ID"])
        drafts["mail"] = _submitted(world.target, case["case_id"], CHAIN, "private")
    return drafts


def _connect(target: Target, kind: str, account: str) -> None:
    with target.client("ingest", OPS) as ops:
        answer(ops.post("/sources", json={"network": kind, "kind": kind, "account": account}))


def test_a_post_on_bluesky_is_answered_in_its_thread(world: World, bluesky: Bluesky) -> None:
    network, ours, customer = bluesky.network, bluesky.ours, bluesky.customer
    began = time.monotonic()
    post = network.post(
        customer,
        f"Hallo @{ours.handle}, mein Motorrad springt nicht mehr an. Wer hilft?",
        mentions=ours,
    )
    case = _case_of(world.target, post["uri"])
    found_after = time.monotonic() - began
    assert (case["network"], case["account"]) == ("bluesky", ours.handle)

    text = f"@{customer.handle} Das klären wir: Die Werkstatt prüft Ihren Anlasser 🏍️ noch heute."
    sent = _answer(world.target, case["case_id"], text, visibility="public")
    assert (sent["actual_visibility"], sent["reach"]) == ("public", "shown")

    thread = network.thread(customer, post["uri"])
    (reply,) = thread["replies"]
    assert reply["post"]["uri"] == sent["platform_id"]
    assert reply["post"]["author"]["did"] == ours.did
    assert reply["post"]["record"]["text"] == text
    (mention,) = reply["post"]["record"]["facets"]
    assert mention["features"][0]["did"] == customer.did
    assert found_after < 15

    # The customer answers back: the same case goes on, and our own reply never became a mention.
    root = {"uri": post["uri"], "cid": post["cid"]}
    parent = {"uri": reply["post"]["uri"], "cid": reply["post"]["cid"]}
    again = network.post(
        customer, "Danke! Bis heute Abend?", reply={"root": root, "parent": parent}
    )
    mention_row = _wait_for(lambda: _mention(world.target, again["uri"]), "the second post")
    assert mention_row["conversation_id"] == case["conversation_id"]
    assert _mention(world.target, sent["platform_id"]) is None


def test_a_blocked_account_and_a_deleted_post_are_no_silent_success(
    world: World, bluesky: Bluesky
) -> None:
    network, ours = bluesky.network, bluesky.ours
    grumpy = network.join("grantig")
    post = network.post(
        grumpy, f"@{ours.handle} Der Tank leckt, und niemand hilft mir.", mentions=ours
    )
    case = _case_of(world.target, post["uri"])
    network.block(grumpy, ours)
    _wait_for(lambda: _is_closed_to(network, ours, post["uri"]), "the block to be known")
    draft = _approved(
        world.target,
        case["case_id"],
        "Der Tank leckt: Wir holen die Maschine ab und dichten ihn.",
        "public",
    )
    failed = _ended(world.target, case["case_id"], draft)
    assert (failed["state"], failed["last_error"]) == ("failed", "blocked_by_author")

    other = network.join("loesch")
    gone = network.post(
        other, f"@{ours.handle} Mein Blinker ist defekt, wer repariert das?", mentions=ours
    )
    case = _case_of(world.target, gone["uri"])
    network.delete(other, gone["uri"])
    draft = _approved(
        world.target,
        case["case_id"],
        "Den defekten Blinker tauschen wir in der Werkstatt aus.",
        "public",
    )
    failed = _ended(world.target, case["case_id"], draft)
    assert (failed["state"], failed["last_error"]) == ("failed", "target_gone")


def test_a_mail_is_answered_by_mail(world: World, mail: Mail) -> None:
    first = _mail_from("karla", "Rechnung stimmt nicht", "Die Rechnung ist doppelt. Bitte prüfen!")
    mail.world.send(first)
    machine = _mail_from("karla", "Abwesenheit", "Ich bin nicht da.")
    machine["Auto-Submitted"] = "auto-replied"
    mail.world.send(machine)
    case = _case_of(world.target, first["Message-ID"])
    text = "Guten Tag,\n\nwir haben die doppelte Rechnung storniert.\n\nMia"
    sent = _answer(world.target, case["case_id"], text, visibility="private")
    assert (sent["actual_visibility"], sent["reach"]) == ("private", "delivered")

    (received,) = _wait_for(lambda: mail.world.mails_of(f"karla@{DOMAIN}"), "the answer")
    assert received["Message-ID"] == sent["platform_id"]
    assert received["In-Reply-To"] == received["References"] == first["Message-ID"]
    assert received["Subject"] == "Re: Rechnung stimmt nicht"
    assert received["Auto-Submitted"] is None
    assert received.get_content().replace("\r\n", "\n").strip() == text.strip()

    again = _mail_from("karla", "Re: Rechnung stimmt nicht", "Danke!\n\n> storniert\n")
    again["In-Reply-To"] = sent["platform_id"]
    again["References"] = f"{first['Message-ID']} {sent['platform_id']}"
    mail.world.send(again)
    row = _wait_for(lambda: _mention(world.target, again["Message-ID"]), "the second mail")
    assert row["conversation_id"] == case["conversation_id"]
    assert _mention(world.target, machine["Message-ID"]) is None
    assert _mention(world.target, sent["platform_id"]) is None
    with world.target.client("ingest", OPS) as ops:
        letters = answer(ops.get("/dead-letters"))["items"]
    assert "auto_submitted" in {letter["reason"] for letter in letters}


def test_a_responder_that_dies_after_the_put_answers_once(
    world: World, bluesky: Bluesky, waiting: Waiting
) -> None:
    network, ours, customer = bluesky.network, bluesky.ours, bluesky.customer
    sent = _die_after(world, bluesky.proxy, b"com.atproto.repo.putRecord", waiting["bluesky"])
    replies = [one for one in network.posts_of(ours) if one["uri"] == sent["platform_id"]]
    assert [one["value"]["text"] for one in replies] == [BRAKE]
    assert [one["value"]["text"] for one in network.posts_of(ours)].count(BRAKE) == 1
    (reply,) = network.thread(customer, sent["in_reply_to"])["replies"]
    assert reply["post"]["uri"] == sent["platform_id"]


def test_a_responder_that_dies_after_the_final_dot_mails_once(
    world: World, mail: Mail, waiting: Waiting
) -> None:
    before = mail.proxy.seen
    sent = _die_after(world, mail.proxy, b"\r\n.\r\n", waiting["mail"])
    assert mail.proxy.seen == before + 1, "the mail was handed in again"
    (received,) = mail.world.mails_of(f"lena@{DOMAIN}")
    assert received["Message-ID"] == sent["platform_id"]


def _die_after(world: World, proxy: KillAfterEffect, marker: bytes, draft: Any) -> dict[str, Any]:
    """Approve; kill the responder once the far end has it; start it again. The ledger's line."""
    (responder,) = world.pipeline.replicas["responder"]
    proxy.arm(marker, responder.kill)
    _approve(world.target, draft)
    assert proxy.fired.wait(30), "nothing was sent"
    assert not responder.is_running
    responder.start()
    sent = _sent(world.target, draft["case_id"], draft["draft_id"])
    assert (sent["attempt"], sent["is_in_doubt"]) == (2, True)
    return sent


def _is_closed_to(network: Network, person: Person, uri: str) -> bool:
    return "blocked" in str(network.thread(person, uri).get("$type", "")).lower()


def _mail_from(name: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"{name.title()} Kurbel <{name}@{DOMAIN}>"
    mail["To"] = SERVICE
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{uuid4()}@{DOMAIN}>"
    mail.set_content(text)
    return mail


def _mention(target: Target, native_id: str) -> Any:
    with target.client("ingest", MIA) as ingest:
        rows = answer(ingest.get("/mentions", params={"limit": 200}))["items"]
    return next((row for row in rows if row["native_id"] == native_id), None)


def _case_of(target: Target, native_id: str) -> dict[str, Any]:
    """The case that this post opened."""
    mention = _wait_for(lambda: _mention(target, native_id), f"{native_id} to be found")

    def opened() -> Any:
        with target.client("router", MIA) as router:
            cases = answer(router.get("/cases", params={"limit": 200}))["items"]
        wanted = mention["conversation_id"]
        return next((case for case in cases if case["conversation_id"] == wanted), None)

    case: dict[str, Any] = _wait_for(opened, "the case to open")
    return case


def _answer(target: Target, case_id: str, text: str, *, visibility: str) -> dict[str, Any]:
    return _sent(target, case_id, _approved(target, case_id, text, visibility))


def _approved(target: Target, case_id: str, text: str, visibility: str) -> str:
    """Mia writes, Tom reads; the draft's id."""
    return _approve(target, _submitted(target, case_id, text, visibility))


def _submitted(target: Target, case_id: str, text: str, visibility: str) -> Any:
    with target.client("responder", MIA) as mia:
        body = {"kind": "answer", "visibility": visibility, "text": text}

        def written() -> Any:
            response = mia.post(f"/cases/{case_id}/drafts", json=body)
            return None if response.status_code == 404 else answer(response)

        draft = _wait_for(written, "the responder to know the case")
        submit = f"/drafts/{draft['draft_id']}/submit"
        return answer(_if_match(mia, submit, draft, {"review": "required"}))


def _approve(target: Target, draft: Any) -> str:
    latest = draft["latest"]
    reading = {"revision": latest["revision"], "content_hash": latest["content_hash"]}
    with target.client("responder", TOM) as tom:
        approved = answer(tom.post(f"/drafts/{draft['draft_id']}/approve", json=reading))
    assert approved["approver"]["name"] == TOM.name
    return str(draft["draft_id"])


def _if_match(client: httpx.Client, path: str, draft: Any, body: Any) -> httpx.Response:
    return client.post(path, headers={"if-match": f'"v{draft["version"]}"'}, json=body)


def _sent(target: Target, case_id: str, draft_id: str) -> dict[str, Any]:
    ended = _ended(target, case_id, draft_id)
    assert ended["state"] == "sent", ended["last_error"]
    return ended


def _ended(target: Target, case_id: str, draft_id: str) -> dict[str, Any]:
    def ended() -> Any:
        with target.client("responder", TOM) as tom:
            try:
                rows = answer(tom.get("/dispatches", params={"case_id": case_id}))["items"]
            except httpx.TransportError:
                return None
        for row in rows:
            if row["draft_id"] == draft_id and row["state"] in ("sent", "failed", "unknown"):
                return row
        return None

    line: dict[str, Any] = _wait_for(ended, "the reply to be sent")
    return line


def _wait_for(attempt: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := attempt():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {PATIENCE_S:.0f} s for {what} in vain")
