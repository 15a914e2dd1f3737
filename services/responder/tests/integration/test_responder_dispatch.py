"""Sending against a network that lies: what each answer makes of a dispatch (R2)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError
from common.ids import new_id
from common.testing.eventually import eventually
from platforms.simulator.faults import Fault, FaultPlan
from platforms.simulator.server import Simulator
from responder.bootstrap import Responder
from responder.domain.dispatches import Dispatch, Ending, Outcome
from responder.domain.drafts import Draft, Review
from responder.domain.persons import Person
from responder.domain.words import Audience, DispatchState, Kind
from responder.handlers.review_draft import Reading, approve_draft
from responder.handlers.send_replies import SendingRules, SendReplies
from responder.handlers.settle_unknown import ReadBackReplies, decide_outcome, expire_leases
from responder.handlers.submit_draft import SubmitDraft
from responder.handlers.write_draft import NewDraft, write_draft
from responder.jobs import DispatchLoop
from responder.storage import dispatches

pytestmark = pytest.mark.postgres
ANNA, BEN, LEA = (Person(f"dev|{name}", name.title()) for name in ("anna", "ben", "lea"))
LEASE = timedelta(seconds=3)


class ScriptedPlan(FaultPlan):
    """Lies as told, one after the other; afterwards the truth."""

    def __init__(self) -> None:
        super().__init__({}, seed=0)
        self.script: list[Fault] = []

    def draw(self, asked: str | None) -> Fault:
        return self.script.pop(0) if self.script else super().draw(asked)


@pytest.fixture
def plan() -> ScriptedPlan:
    return ScriptedPlan()


class Desk:
    """Puts approved replies into the ledger and sends them by hand."""

    def __init__(self, responder: Responder, open_case: Any) -> None:
        self.units = responder.units
        self.channels = responder.channels
        self.open_case = open_case
        self.send = SendReplies(
            self.units, self.channels, ids=new_id, rules=SendingRules(lease=LEASE)
        )
        self.look = ReadBackReplies(self.units, self.channels, ids=new_id)

    async def approved(self, text: str = "Wir sehen uns das an.", native_id: str = "") -> UUID:
        case_id = await self.open_case(native_id or f"p-{uuid4().hex}")
        submit = SubmitDraft(self.channels, policy_for_private=Review.OPTIONAL, ids=new_id)
        order = NewDraft(case_id=case_id, kind=Kind.ANSWER, visibility=Audience.PUBLIC, text=text)
        async with self.units.begin() as uow:
            draft = await write_draft(uow, order, author=ANNA, channels=self.channels, ids=new_id)
        async with self.units.begin() as uow:
            draft = await submit(uow, draft.draft_id, actor=ANNA, asked=Review.OPTIONAL)
        async with self.units.begin() as uow:
            return await self._approve(uow, draft)

    async def _approve(self, uow: UnitOfWork, draft: Draft) -> UUID:
        reading = Reading(
            draft_id=draft.draft_id,
            revision=draft.latest.number,
            content_hash=draft.latest.content_hash,
        )
        approved = await approve_draft(uow, reading, reader=BEN, ids=new_id)
        assert isinstance(approved, Draft)
        lines = await dispatches.find_dispatches(
            uow.connection, state=None, case_id=draft.case_id, after=None, limit=9
        )
        return lines[-1].dispatch_id

    async def send_due(self) -> None:
        claimed = await self.send.claim(10)
        await asyncio.gather(*(self.send.deliver(one) for one in claimed))

    async def get(self, dispatch_id: UUID) -> Dispatch:
        async with self.units.read() as connection:
            (found,) = await dispatches.get_dispatches(connection, [dispatch_id])
        return found


@pytest.fixture
def desk(responder: Responder, open_case: Any) -> Desk:
    return Desk(responder, open_case)


async def posts(simulator: Simulator) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        return list((await client.get(simulator.address + "/posts")).json()["posts"])


@pytest.mark.parametrize(
    ("fault", "state", "error", "published"),
    [
        (Fault.NONE, "sent", None, 1),
        (Fault.REFUSED_4XX, "failed", "http_422", 0),
        (Fault.EFFECT_THEN_TIMEOUT, "unknown", "timed_out", 1),
        (Fault.EFFECT_THEN_RESET, "unknown", "broken_off_ReadError", 1),
        (Fault.EFFECT_THEN_5XX, "unknown", "http_503", 1),
        (Fault.RESET_BEFORE_EFFECT, "unknown", "broken_off_ReadError", 0),
    ],
)
async def test_an_answer_proves_what_it_proves(
    desk: Desk,
    simulator: Simulator,
    plan: ScriptedPlan,
    fault: Fault,
    state: str,
    error: str | None,
    published: int,
) -> None:
    plan.script = [fault]
    dispatch_id = await desk.approved()
    await desk.send_due()
    await desk.send_due()
    dispatch = await desk.get(dispatch_id)
    assert (dispatch.state.value, dispatch.last_error) == (state, error)
    assert len(await posts(simulator)) == published
    assert simulator.requests == 1


async def test_a_rate_limit_is_waited_out_and_then_sent_once(
    desk: Desk, simulator: Simulator, plan: ScriptedPlan
) -> None:
    plan.script = [Fault.RATE_LIMITED]
    dispatch_id = await desk.approved()
    await desk.send_due()
    waiting = await desk.get(dispatch_id)
    assert (waiting.state, waiting.last_error) == (DispatchState.PENDING, "rate_limited")

    async def sent() -> bool:
        await desk.send_due()
        return (await desk.get(dispatch_id)).state is DispatchState.SENT

    await eventually(sent)
    assert (await desk.get(dispatch_id)).attempt == 2
    assert len(await posts(simulator)) == 1


async def test_a_network_that_is_not_reached_is_asked_again(
    desk: Desk, simulator: Simulator
) -> None:
    await simulator.stop_listening()
    dispatch_id = await desk.approved()
    await desk.send_due()
    waiting = await desk.get(dispatch_id)
    assert (waiting.state, waiting.last_error) == (DispatchState.PENDING, "not_reached")
    await simulator.listen_again()

    async def sent() -> bool:
        await desk.send_due()
        return (await desk.get(dispatch_id)).state is DispatchState.SENT

    await eventually(sent)
    assert len(await posts(simulator)) == 1


async def test_a_dispatcher_that_dies_leaves_an_unknown_outcome_and_nobody_repeats_it(
    desk: Desk, simulator: Simulator
) -> None:
    dispatch_id = await desk.approved()
    rules = SendingRules(lease=timedelta(milliseconds=50))
    short = SendReplies(desk.units, desk.channels, ids=new_id, rules=rules)
    (claimed,) = await short.claim(1)

    async def expired() -> int:
        async with desk.units.begin() as uow:
            return await expire_leases(uow, ids=new_id)

    await eventually(expired)
    unknown = await desk.get(dispatch_id)
    assert (unknown.state, unknown.last_error) == (DispatchState.UNKNOWN, "lease_expired")
    await desk.send_due()
    # The dead one comes back: it neither sends nor overwrites.
    assert await short.deliver(claimed) is None
    assert (await desk.get(dispatch_id)).state is DispatchState.UNKNOWN
    assert simulator.requests == 0


async def test_a_reply_that_did_arrive_is_found_in_the_thread(
    desk: Desk, simulator: Simulator, plan: ScriptedPlan
) -> None:
    plan.script = [Fault.EFFECT_THEN_5XX]
    dispatch_id = await desk.approved()
    await desk.send_due()

    async def found() -> bool:
        await desk.look()
        return (await desk.get(dispatch_id)).state is DispatchState.SENT

    await eventually(found)
    dispatch = await desk.get(dispatch_id)
    (post,) = await posts(simulator)
    assert (dispatch.platform_id, dispatch.resolved_by) == (post["id"], "read_back")


async def test_one_post_is_no_proof_of_two_replies(
    desk: Desk, simulator: Simulator, plan: ScriptedPlan
) -> None:
    native_id = f"p-{uuid4().hex}"
    plan.script = [Fault.EFFECT_THEN_5XX, Fault.RESET_BEFORE_EFFECT]
    pair = [await desk.approved(native_id=native_id) for _ in range(2)]
    for _ in pair:
        (claimed,) = await desk.send.claim(1)
        await desk.send.deliver(claimed)

    async def one_found() -> bool:
        await asyncio.gather(desk.look(), desk.look())
        return any([(await desk.get(one)).state is DispatchState.SENT for one in pair])

    await eventually(one_found)
    await desk.look()
    states = sorted([(await desk.get(one)).state.value for one in pair])
    assert states == ["sent", "unknown"]
    assert len(await posts(simulator)) == 1


async def test_what_is_not_found_stays_unknown_until_a_person_decides(
    desk: Desk, simulator: Simulator, plan: ScriptedPlan
) -> None:
    plan.script = [Fault.RESET_BEFORE_EFFECT]
    dispatch_id = await desk.approved()
    await desk.send_due()

    async def looked() -> bool:
        await desk.look()
        return (await desk.get(dispatch_id)).looks > 0

    await eventually(looked)
    assert (await desk.get(dispatch_id)).state is DispatchState.UNKNOWN
    no = Outcome(ending=Ending.REFUSED, error="decided_by_person")
    async with desk.units.begin() as uow:
        settled = await decide_outcome(
            uow, dispatch_id, outcome=no, by=LEA, reason="Nicht im Faden.", ids=new_id
        )
    assert (settled.state, settled.resolved_by) == (DispatchState.FAILED, LEA.id)
    async with desk.units.begin() as uow:
        with pytest.raises(ConflictError):
            await decide_outcome(
                uow, dispatch_id, outcome=no, by=LEA, reason="Noch einmal.", ids=new_id
            )
    await desk.send_due()
    assert simulator.requests == 1


async def test_a_person_cannot_give_one_post_to_two_replies(desk: Desk, plan: ScriptedPlan) -> None:
    plan.script = [Fault.RESET_BEFORE_EFFECT, Fault.RESET_BEFORE_EFFECT]
    first, second = [await desk.approved() for _ in range(2)]
    await desk.send_due()
    seen = Outcome(ending=Ending.SENT, platform_id=f"post-{uuid4().hex}")
    async with desk.units.begin() as uow:
        await decide_outcome(uow, first, outcome=seen, by=LEA, reason="Gesehen.", ids=new_id)
    async with desk.units.begin() as uow:
        with pytest.raises(ConflictError) as refused:
            await decide_outcome(uow, second, outcome=seen, by=LEA, reason="Auch.", ids=new_id)
    assert refused.value.code == "post_taken"
    assert (await desk.get(second)).state is DispatchState.UNKNOWN


async def test_several_loops_send_each_reply_once(desk: Desk, simulator: Simulator) -> None:
    ids = [await desk.approved(text=f"Antwort {number}") for number in range(30)]
    stop = asyncio.Event()
    loops = [asyncio.create_task(DispatchLoop(desk.send, parallel=4).run(stop)) for _ in range(3)]

    async def all_sent() -> bool:
        return all([(await desk.get(one)).state is DispatchState.SENT for one in ids])

    await eventually(all_sent, within=timedelta(seconds=30))
    stop.set()
    await asyncio.gather(*loops)
    assert len(await posts(simulator)) == simulator.requests == 30
