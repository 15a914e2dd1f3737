"""A reply was sent: the first public one by a person stops the first-reaction clock (S47, S48).

What counts is when it was sent. Private replies and those by nobody stop nothing; a case that has
no clock, or whose clock was stopped before, is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event, new_event
from common.events.responder import ReplySent
from common.events.router import ClockStopped
from common.events.vocabulary import ClockKind
from common.ids import derived_id
from common.observability import metrics
from common.timers import store as timers
from router.domain.clocks import FIRST_REACTION, Stop, is_reaction, stop
from router.handlers import case_events
from router.handlers.place_mentions import FIRST_REACTION_TIMERS
from router.storage import cases, clocks
from router.storage.clocks import CaseClock, StoppedClock


async def stop_first_reaction_clock(uow: UnitOfWork, events: Sequence[Event[ReplySent]]) -> None:
    """Stop the clocks of the cases that these replies are a first reaction to."""
    first = _first_reactions(events)
    if not first:
        return
    locked = await clocks.lock_first_reactions(uow.connection, list(first))
    stopped = []
    for case_id, case in locked.items():
        event = first[case_id]
        effect = stop(case.clock, sent_at=event.data.sent_at)
        if effect is not None:
            stopped.append(_stopped(uow, case, effect, event))
    if not stopped:
        return
    case_ids = [each.case_id for each in stopped]
    await clocks.stop(uow.connection, stopped)
    await cases.nothing_due(uow.connection, case_ids)
    await timers.cancel(uow.connection, case_ids, FIRST_REACTION_TIMERS)


def _first_reactions(events: Sequence[Event[ReplySent]]) -> dict[UUID, Event[ReplySent]]:
    """The earliest reply per case that counts as a reaction."""
    first: dict[UUID, Event[ReplySent]] = {}
    for event in events:
        reply = event.data
        if not is_reaction(
            kind=reply.kind.value, visibility=reply.visibility.value, authors=len(reply.authors)
        ):
            continue
        known = first.get(reply.case_id)
        if known is None or reply.sent_at < known.data.sent_at:
            first[reply.case_id] = event
    return first


def _stopped(
    uow: UnitOfWork, case: CaseClock, effect: Stop, event: Event[ReplySent]
) -> StoppedClock:
    """Publish what the reply did to the clock; the row to store."""
    reply = event.data
    if effect.is_late_news:
        # Sent after the deadline, and the breach timer has not rung yet: the breach comes first.
        uow.publish(case_events.breached(case, now=uow.now, cause=event))
        metrics.ROUTER_CLOCKS_BREACHED_TOTAL.labels(FIRST_REACTION).inc()
    uow.publish(
        new_event(
            ClockStopped(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                clock=ClockKind.FIRST_REACTION,
                team=case.team,
                started_at=case.clock.started_at,
                due_at=case.clock.due_at,
                stopped_at=reply.sent_at,
                was_met=effect.was_met,
                seconds_since_detected=effect.seconds_since_detected,
                seconds_since_posted=effect.seconds_since_posted,
                dispatch_id=reply.dispatch_id,
            ),
            id=derived_id("router", "clock_stopped", case.case_id, ClockKind.FIRST_REACTION),
            subject=case.case_id,
            time=uow.now,
            cause=event,
        )
    )
    outcome = "met" if effect.was_met else "missed"
    metrics.ROUTER_CLOCKS_STOPPED_TOTAL.labels(FIRST_REACTION, outcome).inc()
    metrics.ROUTER_FIRST_REACTION_SECONDS.observe(effect.seconds_since_detected)
    breached_at = uow.now if effect.is_late_news else None
    return StoppedClock(case.case_id, effect, reply.sent_at, breached_at, reply.dispatch_id)
