"""Networks that know a repeat from a second post: doubts are settled by looking and by repeating.

The far end is a bridge that takes signed webhooks and drops repeats, and that lies as it is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from responder_bridge import Bridge, Lie

from common.ids import new_id
from common.settings import (
    AuthSettings,
    DatabaseSettings,
    HttpSettings,
    KafkaSettings,
    LogSettings,
    SecretRef,
    WebhookLink,
)
from common.testing.eventually import eventually
from responder.bootstrap import Responder
from responder.domain.circuits import FAILURES_TO_OPEN, Pace
from responder.domain.dispatches import Dispatch
from responder.domain.drafts import Draft, Review
from responder.domain.persons import Person
from responder.domain.words import Audience, DispatchState, Kind
from responder.handlers.review_draft import Reading, approve_draft
from responder.handlers.send_replies import SendingRules, SendReplies
from responder.handlers.settle_unknown import expire_leases
from responder.handlers.submit_draft import SubmitDraft
from responder.handlers.write_draft import NewDraft, write_draft
from responder.settings import ResponderSettings, SendingSettings
from responder.storage import dispatches

pytestmark = pytest.mark.postgres
DEV_SECRET = "a development secret of more than 32 bytes"
LEASE = timedelta(seconds=3)
ANNA, BEN = Person("dev|anna", "Anna"), Person("dev|ben", "Ben")


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    async with Bridge() as running:
        yield running


@pytest.fixture
async def responder(
    service_dsn: str, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Responder]:
    """The service with one channel: the bridge, under the network's name of the cases."""
    monkeypatch.setenv("BRIDGE_SECRET", bridge.secret)
    link = WebhookLink(
        kind="webhook",
        network="simulated",
        url=bridge.url,
        accounts=("motorrad_ag",),
        secrets=(SecretRef(env="BRIDGE_SECRET"),),
    )
    built = Responder(
        ResponderSettings(
            database=DatabaseSettings(database_url=service_dsn),
            kafka=KafkaSettings(kafka_bootstrap="127.0.0.1:1"),
            http=HttpSettings(),
            auth=AuthSettings(auth="dev", dev_token_secret=DEV_SECRET),
            log=LogSettings(),
            sending=SendingSettings(
                channels=(link,), dispatch_timeout_s=0.5, dispatch_lease_s=3.0, undo_window_s=0
            ),
        )
    )
    yield built
    await built.channels.aclose()
    await built.engine.dispose()


class Desk:
    """Replies through the API, sent by hand."""

    def __init__(self, responder: Responder, client: httpx.AsyncClient, open_case: Any) -> None:
        self.responder, self.client, self.open_case = responder, client, open_case
        self.units, self.channels = responder.units, responder.channels

    def sender(self, **rules: Any) -> SendReplies:
        chosen = SendingRules(**{"lease": LEASE, **rules})
        return SendReplies(self.units, self.channels, ids=new_id, rules=chosen)

    async def approved(self) -> UUID:
        """A reply in the ledger; the gates are not asked, they have tests of their own."""
        case_id = await self.open_case(f"p-{uuid4().hex}")
        submit = SubmitDraft(self.channels, policy_for_private=Review.OPTIONAL, ids=new_id)
        order = NewDraft(
            case_id=case_id, kind=Kind.ANSWER, visibility=Audience.PUBLIC, text="Die Kette kommt."
        )
        async with self.units.begin() as uow:
            draft = await write_draft(uow, order, author=ANNA, channels=self.channels, ids=new_id)
        async with self.units.begin() as uow:
            draft = await submit(uow, draft.draft_id, actor=ANNA, asked=Review.OPTIONAL)
        reading = Reading(
            draft_id=draft.draft_id,
            revision=draft.latest.number,
            content_hash=draft.latest.content_hash,
        )
        async with self.units.begin() as uow:
            approved = await approve_draft(uow, reading, reader=BEN, ids=new_id)
            assert isinstance(approved, Draft)
            rows = await dispatches.find_dispatches(
                uow.connection, state=None, case_id=case_id, after=None, limit=9
            )
        return rows[-1].dispatch_id

    async def send_due(self, **rules: Any) -> int:
        sender = self.sender(**rules)
        claimed = await sender.claim(10)
        await asyncio.gather(*(sender.deliver(one) for one in claimed))
        return len(claimed)

    async def until_sent(self, dispatch_id: UUID, **rules: Any) -> Dispatch:
        async def sent() -> bool:
            await self.send_due(**rules)
            return (await self.get(dispatch_id)).state is DispatchState.SENT

        await eventually(sent, within=timedelta(seconds=20))
        return await self.get(dispatch_id)

    async def get(self, dispatch_id: UUID) -> Dispatch:
        async with self.units.read() as connection:
            (found,) = await dispatches.get_dispatches(connection, [dispatch_id])
        return found


@pytest.fixture
async def desk(responder: Responder, client: httpx.AsyncClient, open_case: Any) -> Desk:
    async with responder.units.begin() as uow:  # other tests' accounts are not ours
        await uow.connection.exec_driver_sql("delete from channel_account")
    return Desk(responder, client, open_case)


async def test_a_lost_answer_is_repeated_with_the_same_bytes(desk: Desk, bridge: Bridge) -> None:
    dispatch_id = await desk.approved()
    bridge.lies = [Lie.TAKE_AND_HANG_UP]
    await desk.send_due()
    doubtful = await desk.get(dispatch_id)
    assert (doubtful.state, doubtful.is_in_doubt) == (DispatchState.PENDING, True)
    sent = await desk.until_sent(dispatch_id)
    assert sent.attempt == 2
    assert sent.reach == "delivered"
    assert bridge.published == [str(dispatch_id)]
    first, second = bridge.bodies_of(str(dispatch_id))
    assert first == second
    assert sent.platform_id == str(dispatch_id)


async def test_a_dispatcher_that_dies_after_the_effect_publishes_once(
    desk: Desk, bridge: Bridge
) -> None:
    dispatch_id = await desk.approved()
    dying = desk.sender(lease=timedelta(milliseconds=400))
    (claimed,) = await dying.claim(1)
    bridge.lies = [Lie.TAKE_AND_SAY_NOTHING]
    killed = asyncio.create_task(dying.deliver(claimed))
    await eventually(lambda: _published(bridge, 1))
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)

    async def expired() -> bool:
        async with desk.units.begin() as uow:
            repeatable = desk.channels.repeatable()
            return bool(await expire_leases(uow, ids=new_id, repeatable=repeatable))

    await eventually(expired)
    waiting = await desk.get(dispatch_id)
    assert (waiting.state, waiting.last_error) == (DispatchState.PENDING, "lease_expired")
    assert waiting.is_in_doubt
    # The dead one comes back: its fence is too old to write anything down.
    assert await dying.deliver(claimed) is None
    await desk.until_sent(dispatch_id)
    assert bridge.published == [str(dispatch_id)]


async def _published(bridge: Bridge, count: int) -> bool:
    return len(bridge.published) == count


async def test_a_dead_account_stops_all_its_replies_until_somebody_says_go(
    desk: Desk, bridge: Bridge, token: Any, client: httpx.AsyncClient
) -> None:
    first, second = await desk.approved(), await desk.approved()
    bridge.lies = [Lie.UNAUTHORIZED]
    sender = desk.sender()
    (claimed,) = await sender.claim(1)
    await sender.deliver(claimed)
    assert await desk.send_due() == 0
    operator = token("olga", "operator")
    (account,) = (await client.get("/channels/accounts", headers=operator)).json()
    assert (account["blocked_by"], account["last_error"]) == ("dead", "signature_refused")
    path = "/channels/simulated/accounts/motorrad_ag/resume"
    refused = await client.post(path, json={"reason": "ok"}, headers=token("anna"))
    assert refused.status_code == 403
    resumed = await client.post(path, json={"reason": "Neues Geheimnis."}, headers=operator)
    assert resumed.json()["blocked_until"] is None
    assert resumed.json()["resumed_by"].endswith("olga")
    assert resumed.json()["resumed_reason"] == "Neues Geheimnis."
    for one in (first, second):
        await desk.until_sent(one)
    assert sorted(bridge.published) == sorted([str(first), str(second)])


async def test_a_pause_the_network_asks_for_holds_for_every_process(
    desk: Desk, bridge: Bridge
) -> None:
    first, second = await desk.approved(), await desk.approved()
    bridge.lies = [Lie.SLOW_DOWN]
    sender = desk.sender()
    (claimed,) = await sender.claim(1)
    await sender.deliver(claimed)
    assert await desk.send_due() == 0, "another process asks the same row"
    limited = await desk.get(claimed.dispatch.dispatch_id)
    assert (limited.state, limited.last_error) == (DispatchState.PENDING, "rate_limited")
    for one in (first, second):
        await desk.until_sent(one)


async def test_failures_in_a_row_open_the_circuit_and_one_success_closes_it(
    desk: Desk, bridge: Bridge, client: httpx.AsyncClient, token: Any
) -> None:
    ids = [await desk.approved() for _ in range(FAILURES_TO_OPEN + 2)]
    bridge.lies = [Lie.REFUSE_WITH_503] * FAILURES_TO_OPEN
    sender = desk.sender()
    for _ in range(FAILURES_TO_OPEN):
        (claimed,) = await sender.claim(1)
        await sender.deliver(claimed)
    assert await desk.send_due() == 0
    (account,) = (await client.get("/channels/accounts", headers=token("ole", "observer"))).json()
    assert (account["blocked_by"], account["failures"]) == ("circuit", FAILURES_TO_OPEN)
    for one in ids:
        await desk.until_sent(one)
    assert sorted(bridge.published) == sorted(str(one) for one in ids)


async def test_an_account_is_no_faster_than_its_pace(desk: Desk, bridge: Bridge) -> None:
    ids = [await desk.approved() for _ in range(4)]
    paces = {("simulated", "motorrad_ag"): Pace(120, 2)}
    senders = [desk.sender(paces=paces) for _ in range(3)]
    claimed = [one for sender in senders for one in await sender.claim(10)]
    assert len(claimed) == 2, "the burst, for all processes together"
    await asyncio.gather(*(senders[0].deliver(one) for one in claimed))
    for one in ids:
        await desk.until_sent(one, paces=paces)
    assert len(bridge.published) == 4


async def test_within_the_undo_window_a_reply_can_be_withdrawn(
    desk: Desk, bridge: Bridge, client: httpx.AsyncClient, token: Any
) -> None:
    anna = token("anna")
    dispatch_id = await desk.approved()
    assert await desk.send_due(undo=timedelta(minutes=5)) == 0
    draft_id = (await desk.get(dispatch_id)).draft_id
    draft = (await client.get(f"/drafts/{draft_id}", headers=anna)).json()
    gone = await client.post(
        f"/drafts/{draft_id}/withdraw",
        json={"reason": "Doch nicht."},
        headers={**anna, "If-Match": f'"v{draft["version"]}"'},
    )
    assert gone.status_code == 200, gone.text
    assert await desk.send_due() == 0
    assert (await desk.get(dispatch_id)).state is DispatchState.FAILED
    assert not bridge.published
