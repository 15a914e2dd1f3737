"""What every adapter promises, as tests; a subclass per network gives the far end.

The suite knows `platforms.adapter` only. Each promise is checked where it can be seen: at the far
end, not in the answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

from platforms.adapter import (
    Adapter,
    Audience,
    Ending,
    Finding,
    Idempotency,
    Letter,
    Observation,
    Prepared,
    ReadBack,
    Result,
)
from platforms.testing.after_effect import KillAfterEffect

_PATIENCE_S = 10.0


class FarEnd(Protocol):
    """A network with one account of ours, a post to answer, and a way to lose its answers."""

    adapter: Adapter
    """Reaches the network through `proxy`."""
    to_nowhere: Adapter
    """The same, where nobody listens."""
    proxy: KillAfterEffect
    marker: bytes
    """Passes the proxy with each attempt to publish, and with nothing else."""
    letter: Letter
    """An answer to a post that exists."""

    def published(self, text: str) -> Sequence[str]:
        """The ids under which a reply of these words is published, as the network shows it."""
        ...


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


class AdapterConformance:
    """Subclass it as `Test...`, with a fixture `far_end`."""

    def a_letter(self, far_end: FarEnd) -> Letter:
        """A reply with words of its own."""
        reply_id = uuid4()
        return replace(
            far_end.letter,
            reply_id=reply_id,
            written_at=datetime.now(UTC),
            text=f"Wir kümmern uns darum. 🏍️ {reply_id.hex}",
        )

    async def frozen(self, far_end: FarEnd, letter: Letter) -> Prepared:
        prepared = await far_end.adapter.prepare(letter)
        assert isinstance(prepared, Prepared), prepared
        return prepared

    def test_it_says_what_the_network_allows(self, far_end: FarEnd) -> None:
        can = far_end.adapter.capabilities
        assert can.limits
        assert all(limit.most > 0 and limit.count("ä🏍️") > 0 for limit in can.limits)
        assert far_end.letter.audience in can.audiences
        assert can.settles_within >= timedelta(0)

    async def test_preparing_publishes_nothing_and_repeats(self, far_end: FarEnd) -> None:
        letter = self.a_letter(far_end)
        first, second = await self.frozen(far_end, letter), await self.frozen(far_end, letter)
        assert first == second
        assert not far_end.published(letter.text)
        if far_end.adapter.capabilities.idempotency in (
            Idempotency.OWN_ID,
            Idempotency.STABLE_ID,
        ):
            assert first.native_id
            other = await self.frozen(far_end, replace(letter, reply_id=UUID(int=7)))
            assert other.native_id != first.native_id

    async def test_what_is_sent_is_published_once_under_the_id_it_names(
        self, far_end: FarEnd
    ) -> None:
        letter = self.a_letter(far_end)
        prepared = await self.frozen(far_end, letter)
        sent = await far_end.adapter.send(prepared)
        assert sent.ending is Ending.SENT, sent
        assert sent.native_id
        assert prepared.native_id in (None, sent.native_id)
        _until(lambda: far_end.published(letter.text) == [sent.native_id])
        seen = await far_end.adapter.observe(prepared, sent.native_id)
        assert isinstance(seen, Observation)
        assert seen.audience in (None, letter.audience)

    async def test_a_harmless_repeat_is_harmless(self, far_end: FarEnd) -> None:
        can = far_end.adapter.capabilities
        letter = self.a_letter(far_end)
        prepared = await self.frozen(far_end, letter)
        results = [await far_end.adapter.send(prepared) for _ in range(2)]
        assert {result.ending for result in results} == {Ending.SENT}
        ids = {result.native_id for result in results}
        match can.idempotency:
            case Idempotency.OWN_ID | Idempotency.STABLE_ID:
                assert len(ids) == 1
                _until(lambda: set(far_end.published(letter.text)) == ids)
            case Idempotency.NONE:
                assert len(ids) == 2, "it posts once and says that it does not: say own_id"
        if can.idempotency is Idempotency.OWN_ID:
            assert len(far_end.published(letter.text)) == 1

    async def test_where_nobody_listens_nothing_happened(self, far_end: FarEnd) -> None:
        letter = self.a_letter(far_end)
        prepared = await self.frozen(far_end, letter)
        refused = await far_end.to_nowhere.prepare(letter)
        if isinstance(refused, Result):
            assert refused.ending is Ending.NOT_NOW
        result = await far_end.to_nowhere.send(prepared)
        assert result.ending is Ending.NOT_NOW, result
        assert result.had_no_effect
        assert not far_end.published(letter.text)
        found = await far_end.to_nowhere.find(prepared)
        assert found.finding is Finding.CANNOT_TELL
        await far_end.to_nowhere.observe(prepared, prepared.native_id or "x")

    async def test_a_lost_answer_is_unknown_and_can_be_looked_up(self, far_end: FarEnd) -> None:
        can = far_end.adapter.capabilities
        letter = self.a_letter(far_end)
        prepared = await self.frozen(far_end, letter)
        if can.read_back is ReadBack.BY_ID:
            assert (await far_end.adapter.find(prepared)).finding is Finding.ABSENT
        far_end.proxy.arm(far_end.marker, lambda: None)
        lost = await far_end.adapter.send(prepared)
        assert lost.ending is Ending.UNKNOWN, lost
        assert not lost.had_no_effect
        _until(lambda: len(far_end.published(letter.text)) == 1)
        if can.read_back is ReadBack.BY_ID:
            await asyncio.sleep(min(can.settles_within.total_seconds(), 2.0))
            found = await far_end.adapter.find(prepared)
            assert found.finding is Finding.PRESENT
            assert [found.native_id] == list(far_end.published(letter.text))
        if can.read_back is ReadBack.THREAD:
            posts = await far_end.adapter.read_thread(letter.answered.native_id)
            (post,) = [post for post in posts if post.text == letter.text]
            assert post.account == letter.account
            assert post.created_at.tzinfo is not None

    async def test_an_audience_that_is_not_offered_is_refused(self, far_end: FarEnd) -> None:
        can = far_end.adapter.capabilities
        missing = frozenset(Audience) - can.audiences
        for audience in missing:
            letter = replace(self.a_letter(far_end), audience=audience)
            result = await far_end.adapter.prepare(letter)
            assert isinstance(result, Result)
            assert result.ending is Ending.REFUSED

    async def test_it_may_be_closed_twice(self, far_end: FarEnd) -> None:
        await far_end.to_nowhere.aclose()
        await far_end.to_nowhere.aclose()
