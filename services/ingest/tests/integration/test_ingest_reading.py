"""Sources that are read: cursors, takeovers and failures, against real mail and account servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import text

from common.db.unit_of_work import UnitOfWorkFactory
from common.settings import BlueskyLink, ImapLink, MailLink, SecretRef, SmtpLink
from common.testing.eventually import eventually
from common.testing.stack.errors import StackError
from ingest.domain.sources import Reading, SourceKind
from ingest.gateways.readers import Readers, SourceReader, UnreadSourceError
from ingest.handlers.read_sources import ReadSources
from ingest.jobs import SourceLoop
from platforms.testing.bluesky import Network, Person, Size, open_network
from platforms.testing.mail import DOMAIN, PASSWORD, MailWorld, open_mail_world

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def mails() -> Iterator[MailWorld]:
    try:
        with open_mail_world() as world:
            yield world
    except StackError as error:
        pytest.skip(f"no mail servers here: {error}")


@pytest.fixture(scope="module")
def bluesky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, Person]]:
    """A network whose view is away: every listing answers 502."""
    try:
        with open_network(tmp_path_factory.mktemp("bluesky"), Size.LIGHT) as network:
            yield network, network.join("motorrad")
    except StackError as error:
        pytest.skip(f"no Bluesky here: {error}")


@pytest.fixture
def address() -> str:
    """A mailbox of this test's own."""
    return f"service-{uuid4().hex[:8]}@{DOMAIN}"


@pytest.fixture
def readers(mails: MailWorld, address: str, monkeypatch: pytest.MonkeyPatch) -> Readers:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    link = MailLink(
        kind="mail",
        account=address,
        smtp=SmtpLink(host="127.0.0.1", port=mails.smtp_port, security="none", login=False),
        imap=ImapLink(host="127.0.0.1", port=mails.imap_port, security="none"),
        secret=SecretRef(env="MAIL_PASSWORD"),
    )
    return Readers([link], timeout=timedelta(seconds=5), interval=timedelta(seconds=1))


@pytest.fixture
async def reader(readers: Readers, address: str) -> AsyncIterator[SourceReader]:
    opened = readers.open((SourceKind.MAIL, address))
    yield opened
    await opened.aclose()


async def connect(
    client: httpx.AsyncClient, operator: dict[str, str], kind: str, account: str
) -> UUID:
    wish = {"network": kind, "kind": kind, "account": account}
    made = await client.post("/sources", json=wish, headers=operator)
    assert made.status_code == 201, made.text
    assert made.json()["fresh_secret"] is None
    return UUID(made.json()["id"])


def a_mail(to: str, subject: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Lena Beispiel <lena@{DOMAIN}>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{uuid4()}@{DOMAIN}>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Die Kette rasselt seit der Inspektion.")
    return mail


async def send(mails: MailWorld, *letters: EmailMessage) -> None:
    """Hand them in, and wait until they lie in the mailbox."""
    for letter in letters:
        await asyncio.to_thread(mails.send, letter)
    wanted = {letter["Message-ID"] for letter in letters}

    async def arrived() -> bool:
        there = await asyncio.to_thread(mails.mails_of, letters[0]["To"])
        return wanted <= {mail["Message-ID"] for mail in there}

    await eventually(arrived)


async def rows(units: UnitOfWorkFactory, question: str) -> list[Any]:
    async with units.read() as connection:
        return list(await connection.execute(text(question)))


async def claim_one(use_case: ReadSources, readers: Readers) -> Reading:
    (reading,) = await use_case.claim(readers.accounts, limit=5)
    return reading


async def test_mails_become_mentions_once_and_the_cursor_moves_with_them(
    client: httpx.AsyncClient,
    units: UnitOfWorkFactory,
    operator: dict[str, str],
    mails: MailWorld,
    readers: Readers,
    reader: SourceReader,
    address: str,
) -> None:
    source_id = await connect(client, operator, "mail", address)
    first = a_mail(address, "Kette rasselt")
    second = a_mail(address, "Re: Kette rasselt", References=str(first["Message-ID"]))
    machine = a_mail(address, "Abwesend", Auto_Submitted="auto-replied")
    await send(mails, first, second, machine)
    use_case = ReadSources(units)
    reading = await claim_one(use_case, readers)
    assert reading.cursor is None
    advanced = await use_case.read(reading, reader)
    assert advanced is not None
    assert advanced.cursor is not None
    assert advanced.cursor["uid"] == 3

    kept = await rows(units, "select * from mention order by detected_at, native_id")
    assert {row.native_id for row in kept} == {first["Message-ID"], second["Message-ID"]}
    assert {row.conversation_id for row in kept} == {kept[0].conversation_id}
    assert {(row.visibility, row.account, row.author_id) for row in kept} == {
        ("private", address, f"lena@{DOMAIN}")
    }
    answer = next(row for row in kept if row.native_id == second["Message-ID"])
    assert (answer.title, answer.thread) == ("Re: Kette rasselt", [first["Message-ID"]])
    (letter,) = await rows(units, "select reason, raw from inbound_dead_letter")
    assert letter.reason == "auto_submitted"
    events = await rows(units, "select payload from outbox order by id")
    told = [orjson.loads(event.payload)["mention"] for event in events]
    assert {(one["title"], tuple(one["thread"])) for one in told} == {
        ("Kette rasselt", ()),
        ("Re: Kette rasselt", (first["Message-ID"],)),
    }

    assert await use_case.read(advanced, reader) is not None
    assert len(await rows(units, "select 1 from mention")) == 2
    one = await client.get(f"/sources/{source_id}", headers=operator)
    shown = one.json()
    assert shown["reading"]["failures"] == 0
    assert shown["reading"]["last_success_at"]
    seen = operator | {"If-Match": one.headers["etag"]}
    off = await client.patch(f"/sources/{source_id}", json={"is_enabled": False}, headers=seen)
    assert off.json() == shown | {"is_enabled": False}


async def test_a_renumbered_mailbox_is_read_again_and_changes_nothing(
    client: httpx.AsyncClient,
    units: UnitOfWorkFactory,
    operator: dict[str, str],
    mails: MailWorld,
    readers: Readers,
    reader: SourceReader,
    address: str,
) -> None:
    await connect(client, operator, "mail", address)
    await send(mails, a_mail(address, "Tank leckt"))
    use_case = ReadSources(units)
    await use_case.read(await claim_one(use_case, readers), reader)
    async with units.begin() as uow:
        old = '{"uid_validity": 1, "uid": 999}'
        await uow.connection.execute(
            text("update source_reading set cursor = cast(:old as jsonb), held_until = null"),
            {"old": old},
        )
    await send(mails, a_mail(address, "Tank leckt noch immer"))
    advanced = await use_case.read(await claim_one(use_case, readers), reader)
    assert advanced is not None
    assert advanced.cursor is not None
    assert advanced.cursor["uid"] == 2
    assert len(await rows(units, "select 1 from mention")) == 2
    assert len(await rows(units, "select 1 from outbox")) == 2


async def test_whoever_lost_a_source_writes_nothing(
    client: httpx.AsyncClient,
    units: UnitOfWorkFactory,
    operator: dict[str, str],
    mails: MailWorld,
    readers: Readers,
    reader: SourceReader,
    address: str,
) -> None:
    await connect(client, operator, "mail", address)
    await send(mails, a_mail(address, "Bremse quietscht"))
    short = ReadSources(units, hold=timedelta(milliseconds=1))
    slow = await claim_one(short, readers)
    use_case = ReadSources(units)

    async def taken_over() -> Any:
        return await use_case.claim(readers.accounts, limit=5)

    (quick,) = await eventually(taken_over) or [None]
    assert quick is not None
    assert not await use_case.claim(readers.accounts, limit=5), "one reader at a time"
    assert await short.read(slow, reader) is None
    assert not await rows(units, "select 1 from mention")
    assert await use_case.read(quick, reader) is not None
    assert len(await rows(units, "select 1 from mention")) == 1


async def test_a_source_that_is_switched_off_is_let_go(
    client: httpx.AsyncClient,
    units: UnitOfWorkFactory,
    operator: dict[str, str],
    mails: MailWorld,
    readers: Readers,
    reader: SourceReader,
    address: str,
) -> None:
    source_id = await connect(client, operator, "mail", address)
    use_case = ReadSources(units)
    reading = await claim_one(use_case, readers)
    await send(mails, a_mail(address, "Blinker defekt"))
    match = {"If-Match": '"v1"', **operator}
    off = await client.patch(f"/sources/{source_id}", json={"is_enabled": False}, headers=match)
    assert off.status_code == 200
    assert await use_case.read(reading, reader) is None
    assert not await rows(units, "select 1 from mention")


async def test_the_loop_is_woken_by_a_mail_and_ends_when_it_is_told(
    client: httpx.AsyncClient,
    units: UnitOfWorkFactory,
    operator: dict[str, str],
    mails: MailWorld,
    readers: Readers,
    address: str,
) -> None:
    await connect(client, operator, "mail", address)
    stop = asyncio.Event()
    running = asyncio.create_task(SourceLoop(ReadSources(units), readers).run(stop))

    async def read_once() -> bool:
        return bool(await rows(units, "select 1 from source_reading where cursor is not null"))

    await eventually(read_once)
    await send(mails, a_mail(address, "Rechnung doppelt"))

    async def found() -> bool:
        return len(await rows(units, "select 1 from mention")) == 1

    await eventually(found, within=timedelta(seconds=10))
    stop.set()
    await asyncio.wait_for(running, 8)
    (left,) = await rows(units, "select held_until from source_reading")
    assert left.held_until is None, "somebody else may read at once"


async def test_a_network_that_is_away_moves_nothing_and_is_left_alone_for_a_while(
    client: httpx.AsyncClient,
    units: UnitOfWorkFactory,
    operator: dict[str, str],
    bluesky: tuple[Network, Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, ours = bluesky
    monkeypatch.setenv("APP_PASSWORD", ours.password)
    link = BlueskyLink(
        kind="bluesky", url=network.url, account=ours.handle, secret=SecretRef(env="APP_PASSWORD")
    )
    readers = Readers([link], timeout=timedelta(seconds=5), interval=timedelta(seconds=1))
    source_id = await connect(client, operator, "bluesky", ours.handle)
    use_case = ReadSources(units)
    reader = readers.open((SourceKind.BLUESKY, ours.handle))
    for failures in (1, 2):
        async with units.begin() as uow:
            await uow.connection.execute(text("update source_reading set next_at = now()"))
        reading = await claim_one(use_case, readers)
        with pytest.raises(UnreadSourceError) as told:
            await use_case.read(reading, reader)
        await use_case.give_up(reading, told.value)
        assert not await use_case.claim(readers.accounts, limit=5)
        shown = (await client.get(f"/sources/{source_id}", headers=operator)).json()["reading"]
        assert (shown["failures"], shown["last_error"]) == (failures, "http_502")
        assert shown["last_success_at"] is None
    await reader.aclose()


async def test_a_source_that_is_read_needs_an_account(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    refused = await client.post(
        "/sources", json={"network": "mail", "kind": "mail"}, headers=operator
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "account_missing")
