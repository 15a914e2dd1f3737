"""Say to departments what the ledger holds: claim and commit, send outside, record and commit.

A message that cannot be handed over is tried again with growing pauses for about two days, then it
is a person's: the query's page shows the error, and its asker gets the case back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.observability import metrics
from common.observability.logging import get_logger
from router.domain.department_letters import OutgoingMessage
from router.gateways.errors import NotTakenError, RefusedError
from router.storage import department_messages

Send = Callable[[OutgoingMessage], Awaitable[None]]
GiveUp = Callable[[UnitOfWork, OutgoingMessage, str], Awaitable[None]]
"""What is done when a message will never arrive; the text is the error's code."""

BATCH = 20
LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 60
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(hours=1)
_log = get_logger()


class SendDepartmentMessages:
    """`senders` are by channel; a channel without one keeps its messages waiting."""

    def __init__(
        self, units: UnitOfWorkFactory, senders: Mapping[str, Send], *, give_up: GiveUp
    ) -> None:
        self._units = units
        self._senders = senders
        self._give_up = give_up

    async def __call__(self) -> int:
        """One round; how many messages were taken in hand."""
        async with self._units.begin() as uow:
            claimed = await department_messages.claim(
                uow.connection, channels=list(self._senders), limit=BATCH, lease=LEASE
            )
        await asyncio.gather(*(self._deliver(message) for message in claimed))
        return len(claimed)

    async def _deliver(self, message: OutgoingMessage) -> None:
        try:
            await self._senders[message.channel](message)
        except NotTakenError as error:
            is_final = isinstance(error, RefusedError) or message.attempts >= MOST_ATTEMPTS
            await self._put_off(message, error.code, is_final=is_final)
        else:
            async with self._units.begin() as uow:
                await department_messages.sent(uow.connection, message.message_id)
            metrics.ROUTER_DEPARTMENT_MESSAGES_TOTAL.labels("sent").inc()

    async def _put_off(self, message: OutgoingMessage, code: str, *, is_final: bool) -> None:
        outcome = "failed" if is_final else "put_off"
        async with self._units.begin() as uow:
            if is_final:
                await department_messages.failed(uow.connection, message.message_id, error=code)
                await self._give_up(uow, message, code)
            else:
                await department_messages.again(
                    uow.connection, message.message_id, delay=pause(message.attempts), error=code
                )
        metrics.ROUTER_DEPARTMENT_MESSAGES_TOTAL.labels(outcome).inc()
        _log.warning("department_message_not_taken", outcome=outcome, code=code)


def pause(attempts: int) -> timedelta:
    """How long to wait after this many tries: 10 s, doubled each time, at most an hour."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)
