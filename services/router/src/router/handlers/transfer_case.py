"""Warm transfer: we make the ticket, the customer knows, and we look again (S71 to S73).

The request and everything that follows from it are one transaction; the ticket is made afterwards,
outside any, and its reference recorded. A helpdesk that refuses for good brings the case back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import ConflictError
from common.events.envelope import Event, new_event
from common.events.responder import ReplySent
from common.events.router import CaseTransferred, TransferFailed
from common.ids import derived_id
from common.observability import metrics
from common.observability.logging import get_logger
from router.domain import transfers as rules
from router.domain.claims import refuse_other_holder
from router.domain.follow_ups import FollowUp, Source
from router.domain.states import CaseStep, allows
from router.domain.transfers import HandOver
from router.gateways.errors import NotTakenError, RefusedError
from router.gateways.zammad import Ticket
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.lock_case import lock_case, refuse_stale
from router.handlers.move_case import move_cases, step
from router.handlers.plan_follow_up import Planned, plan
from router.handlers.send_department_messages import MOST_ATTEMPTS, pause
from router.storage import cases, department_queries, transfers
from router.storage.configurations import Configurations
from router.storage.transfers import NewTransfer, SentReply, TransferRow

BATCH = 10
LEASE = timedelta(minutes=2)
TRANSFERRED = "Handed over to the helpdesk."
REFUSED = "The helpdesk took no ticket."
LOOK = "Look whether the helpdesk really solved it."
_log = get_logger()


class Helpdesk(Protocol):
    """A classic helpdesk: the port of S71."""

    name: str

    async def hand_over(
        self, transfer_id: UUID, *, title: str, text: str, is_repetition: bool
    ) -> Ticket:
        """The ticket of this transfer. Raises NotTakenError or RefusedError."""
        ...


async def transfer_case(
    configurations: Configurations,
    uow: UnitOfWork,
    command: CaseCommand,
    wanted: HandOver,
    *,
    transfer_id: UUID,
    helpdesk: str,
) -> None:
    """Begin the transfer: the case is `transferred`, a follow-up is planned, a ticket will be made.

    Raises NotFoundError, PreconditionFailedError, ConflictError: somebody else holds the case, the
    customer was not told by a sent reply (S72), a transfer is under way.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    refuse_other_holder(case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    sent = await transfers.sent_replies(uow.connection, case.case_id)
    rules.refuse_untold([reply.kind for reply in sent])
    told = next(reply for reply in sent if reply.kind in rules.TELLING_KINDS)
    if await transfers.is_pending(uow.connection, case.case_id):
        raise ConflictError("a transfer of this case is under way", code="transfer_is_pending")
    move = step(case, CaseStep.TRANSFER, reason=TRANSFERRED, occasion=transfer_id, actor=command.by)
    post = await department_queries.post_of(uow.connection, case.case_id)
    await transfers.add(
        uow.connection,
        NewTransfer(
            transfer_id=transfer_id,
            case_id=case.case_id,
            conversation_id=case.conversation_id,
            helpdesk=helpdesk,
            hand_over=rules.with_origin(wanted, link=post.link, reach=post.reach),
            customer_dispatch_id=told.dispatch_id,
        ),
        by=command.by,
        at=uow.now,
    )
    await move_cases(uow, [move])
    look = FollowUp(
        follow_up_id=derived_id("router", "transfer_follow_up", transfer_id),
        case_id=case.case_id,
        source=Source.TRANSFER,
        reason=LOOK,
        owner=command.by,
        due_at=wanted.follow_up_at,
    )
    await plan(
        await configurations.in_force(uow.connection),
        uow,
        [
            Planned(
                follow_up=look,
                conversation_id=case.conversation_id,
                team=case.team,
                by=command.by,
            )
        ],
    )


async def remember_replies(uow: UnitOfWork, events: Sequence[Event[ReplySent]]) -> None:
    """Keep which replies were sent in which case: a transfer must show that the customer knows."""
    await transfers.remember_replies(
        uow.connection,
        [
            SentReply(
                event.data.dispatch_id,
                event.data.case_id,
                event.data.kind.value,
                event.data.sent_at,
            )
            for event in events
            if event.data.authors
        ],
    )


class MakeTickets:
    """Turns pending transfers into tickets of one helpdesk."""

    def __init__(self, units: UnitOfWorkFactory, helpdesk: Helpdesk) -> None:
        self._units = units
        self._helpdesk = helpdesk

    async def __call__(self) -> int:
        """One round; how many transfers were taken in hand."""
        async with self._units.begin() as uow:
            claimed = await transfers.claim(
                uow.connection, helpdesk=self._helpdesk.name, limit=BATCH, lease=LEASE
            )
        await asyncio.gather(*(self._make(transfer) for transfer in claimed))
        return len(claimed)

    async def _make(self, transfer: TransferRow) -> None:
        try:
            ticket = await self._helpdesk.hand_over(
                transfer.transfer_id,
                title=transfer.title,
                text=transfer.body,
                is_repetition=transfer.attempts > 1,
            )
        except NotTakenError as error:
            is_final = isinstance(error, RefusedError) or transfer.attempts >= MOST_ATTEMPTS
            async with self._units.begin() as uow:
                if is_final:
                    await _fail(uow, transfer, error.code)
                else:
                    await transfers.again(
                        uow.connection,
                        transfer.transfer_id,
                        delay=pause(transfer.attempts),
                        error=error.code,
                    )
            _log.warning("ticket_not_made", code=error.code, attempt=transfer.attempts)
        else:
            async with self._units.begin() as uow:
                await _finish(uow, transfer, ticket)


async def _finish(uow: UnitOfWork, transfer: TransferRow, ticket: Ticket) -> None:
    """Record the ticket, unless another process did while our lease had run out."""
    await cases.lock(uow.connection, [transfer.case_id])
    if not await transfers.done(
        uow.connection, transfer.transfer_id, ticket.reference, ticket.link
    ):
        return
    metrics.ROUTER_TRANSFERS_TOTAL.labels("done").inc()
    uow.publish(
        new_event(
            CaseTransferred(
                transfer_id=transfer.transfer_id,
                case_id=transfer.case_id,
                conversation_id=transfer.conversation_id,
                helpdesk=transfer.helpdesk,
                reference=ticket.reference,
                link=ticket.link,
                reason=transfer.reason,
                customer_dispatch_id=transfer.customer_dispatch_id,
                follow_up_at=transfer.follow_up_at,
                actor=case_events.actor(transfer.asked_by),
                transferred_at=uow.now,
            ),
            id=derived_id("router", "case_transferred", transfer.transfer_id),
            subject=transfer.case_id,
            time=uow.now,
        )
    )


async def _fail(uow: UnitOfWork, transfer: TransferRow, code: str) -> None:
    """No ticket will come of it: the case is back with whoever asked for it."""
    case = (await cases.lock(uow.connection, [transfer.case_id])).get(transfer.case_id)
    if not await transfers.failed(uow.connection, transfer.transfer_id, error=code):
        return
    occasion = derived_id("router", "transfer_failed", transfer.transfer_id)
    if case is not None and allows(case.state, CaseStep.TRANSFER_FAILED):
        await move_cases(
            uow, [step(case, CaseStep.TRANSFER_FAILED, reason=REFUSED, occasion=occasion)]
        )
    metrics.ROUTER_TRANSFERS_TOTAL.labels("failed").inc()
    uow.publish(
        new_event(
            TransferFailed(
                transfer_id=transfer.transfer_id,
                case_id=transfer.case_id,
                conversation_id=transfer.conversation_id,
                helpdesk=transfer.helpdesk,
                error=code,
                actor=case_events.actor(transfer.asked_by),
                failed_at=uow.now,
            ),
            id=occasion,
            subject=transfer.case_id,
            time=uow.now,
        )
    )
