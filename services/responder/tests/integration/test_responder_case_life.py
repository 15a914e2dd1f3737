"""What becomes of a case elsewhere: closed, taken up again, merged, and taken apart (S27, S108)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from msgspec.structs import replace

from common.db.unit_of_work import UnitOfWorkFactory
from common.events.envelope import Event, new_event
from common.events.parts import Actor, Part
from common.events.router import (
    CaseClosed,
    CaseContinued,
    CaseMerged,
    CaseOpened,
    CaseStateChanged,
    CaseUnmerged,
)
from common.ids import new_id
from responder.consumers import handlers
from responder.handlers.record_cases import RecordMentions

pytestmark = pytest.mark.postgres
WORDS = {
    "kind": "answer",
    "visibility": "public",
    "text": "Hallo Karla, dein Motorrad holt unser Techniker ab und prüft die Zündung.",
}
MIA = Actor(id="dev|mia", name="Mia Sommer")


class Life:
    """Two cases of one customer, and what the router tells of them."""

    def __init__(self, tell: Callable[[Part], Awaitable[None]], *opened: Event[CaseOpened]) -> None:
        self._tell = tell
        self.case, self.other = (event.data for event in opened)
        self._at = opened[0].time

    async def close(self, fact: CaseOpened, outcome: str = "solved") -> None:
        await self._tell(
            CaseClosed(
                case_id=fact.case_id,
                conversation_id=fact.conversation_id,
                actor=MIA,
                outcome=outcome,
                cause="advice",
                summary="Die Batterie war leer.",
                closed_at=self._at,
            )
        )
        await self._step("claimed", "closed", "close", fact)

    async def reopen(self) -> None:
        await self._step("closed", "open", "reopen")

    async def _step(
        self, before: str, after: str, step: str, fact: CaseOpened | None = None
    ) -> None:
        case = fact or self.case
        await self._tell(
            CaseStateChanged(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                from_state=before,
                to_state=after,
                step=step,
                reason="Sie springt wieder nicht an.",
                team="social_support",
                actor=MIA,
            )
        )

    async def merge(self) -> None:
        await self.close(self.case, "merged")
        await self._tell(CaseMerged(**self._halves()))

    async def unmerge(self) -> None:
        await self._tell(CaseUnmerged(**self._halves()))
        await self._step("closed", "open", "unmerge")

    async def write_again(self, **changes: Any) -> str:
        native_id = f"again-{uuid4().hex}"
        await self._tell(
            CaseContinued(
                case_id=self.case.case_id,
                conversation_id=self.case.conversation_id,
                mention=replace(self.case.mention, native_id=native_id, text="Wieder nichts!"),
                classification=self.case.classification,
                team="social_support",
                **changes,
            )
        )
        return native_id

    def _halves(self) -> dict[str, Any]:
        return {
            "case_id": self.case.case_id,
            "conversation_id": self.case.conversation_id,
            "target_case_id": self.other.case_id,
            "target_conversation_id": self.other.conversation_id,
            "team": "social_support",
            "reason": "Dieselbe Zündung.",
            "actor": MIA,
        }


@pytest.fixture
async def life(units: UnitOfWorkFactory, case_opened: Any, record_mentions: RecordMentions) -> Life:
    table = handlers(record_mentions)

    async def tell(fact: Part) -> None:
        case_id = fact.case_id  # type: ignore[attr-defined]
        event = new_event(fact, id=new_id(), subject=case_id, time=opened[0].time)
        async with units.begin() as uow:
            await table[type(fact)](uow, [event])

    opened = [case_opened(f"p-{uuid4().hex}"), case_opened(f"q-{uuid4().hex}")]
    for event in opened:
        await tell(event.data)
    return Life(tell, *opened)


@pytest.fixture
def draft(
    client: httpx.AsyncClient, token: Callable[..., dict[str, str]]
) -> Callable[[UUID], Awaitable[httpx.Response]]:
    async def write(case_id: UUID) -> httpx.Response:
        return await client.post(f"/cases/{case_id}/drafts", json=WORDS, headers=token("anna"))

    return write


async def test_a_case_that_a_person_takes_up_again_can_be_answered_again(
    life: Life, draft: Any
) -> None:
    await life.close(life.case)
    assert (await draft(life.case.case_id)).json()["code"] == "case_closed"
    await life.reopen()
    assert (await draft(life.case.case_id)).status_code == 201


async def test_a_case_that_its_customer_reopens_is_answered_at_the_new_post(
    life: Life, draft: Any
) -> None:
    await life.close(life.case)
    native_id = await life.write_again(is_reopened=True)
    answer = await draft(life.case.case_id)
    assert answer.status_code == 201
    assert answer.json()["latest"]["in_reply_to"] == native_id


async def test_a_merged_case_names_the_one_that_goes_on(life: Life, draft: Any) -> None:
    await life.merge()
    answer = await draft(life.case.case_id)
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["surviving_case_id"]) == (
        "case_merged",
        str(life.other.case_id),
    )
    assert (await draft(life.other.case_id)).status_code == 201


async def test_a_new_post_in_a_merged_conversation_is_answered_there_for_the_one_that_goes_on(
    life: Life, draft: Any, client: httpx.AsyncClient, token: Any
) -> None:
    await life.merge()
    native_id = await life.write_again(surviving_case_id=life.other.case_id)
    written = await draft(life.case.case_id)
    assert written.status_code == 201
    assert written.json()["latest"]["in_reply_to"] == native_id
    shown = await client.get(f"/drafts/{written.json()['draft_id']}", headers=token("anna"))
    assert shown.json()["context"]["surviving_case_id"] == str(life.other.case_id)

    await life.close(life.other)
    answer = await draft(life.case.case_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "case_merged")


async def test_a_case_that_was_taken_apart_has_its_own_life_again(life: Life, draft: Any) -> None:
    await life.merge()
    await life.unmerge()
    written = await draft(life.case.case_id)
    assert written.status_code == 201
    await life.close(life.other)
    assert (await draft(life.case.case_id)).status_code == 201
    await life.close(life.case)
    assert (await draft(life.case.case_id)).json()["code"] == "case_closed"
