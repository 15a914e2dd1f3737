"""A reply was sent, or two persons decided to send none: what that does to the clocks of its case.

The first public reply by a person stops the first-reaction clock (S47, S48). A holding reply
starts the answer clock, the answer stops it, a question makes it stand still until the customer
writes (S49, S70). What counts is when a reply was sent. Promises become follow-ups (S104), and a
case of which nothing would speak any more is looked at by policy (S7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event
from common.events.responder import NoReplyDecided, ReplySent
from router.domain.claims import Person
from router.domain.clock_ledger import EntryKind, may_pause
from router.domain.clocks import (
    ANSWER,
    FIRST_REACTION,
    ReplyMeaning,
    is_reaction,
    meaning,
    stop,
)
from router.domain.configuration import Configuration
from router.handlers.clock_events import clock_id_of
from router.handlers.clock_steps import follow_on, new_clock, start_clocks, step, take_steps
from router.handlers.plan_follow_up import plan_promised
from router.handlers.ring_clocks import BREACHED
from router.handlers.watch_cases import LOOK_AGAIN, watch_cases
from router.storage import cases, clocks, escalations
from router.storage.clock_changes import Change
from router.storage.clocks import CaseClock
from router.storage.configurations import Configurations

REACTED = "The first public reply by a person was sent."
ANSWERED = "The answer was sent."
ASKED = "The customer was asked something."
HELD = "The customer was told that we work on it; the answer is owed."
NO_REPLY = "Two persons decided not to reply."

Replies = Mapping[UUID, Event[ReplySent]]


async def note_replies(
    configurations: Configurations, uow: UnitOfWork, events: Sequence[Event[ReplySent]]
) -> None:
    """Let the clocks follow what was sent; replies that no person wrote change nothing.

    A reply in the conversation of a merged case counts for the case that goes on.
    """
    by_case: dict[UUID, list[Event[ReplySent]]] = defaultdict(list)
    goes_on = await cases.survivors(uow.connection, [event.data.case_id for event in events])
    for event in sorted(events, key=lambda event: event.data.sent_at):
        if event.data.authors:
            by_case[goes_on.get(event.data.case_id, event.data.case_id)].append(event)
    if not by_case:
        return
    configuration = await configurations.in_force(uow.connection)
    for number in range(max(map(len, by_case.values()))):
        await _note_one_each(
            configuration,
            uow,
            {id_: sent[number] for id_, sent in by_case.items() if number < len(sent)},
        )
    await escalations.note_replies(
        uow.connection, {id_: sent[-1].data.sent_at for id_, sent in by_case.items()}
    )
    await plan_promised(configuration, uow, by_case)
    await watch_cases(
        configuration, uow, by_case, terms=configuration.clocks.look_again, reason=LOOK_AGAIN
    )


async def waive_unanswered(
    configurations: Configurations, uow: UnitOfWork, events: Sequence[Event[NoReplyDecided]]
) -> None:
    """No reply is due: what was owed is waived, not met, and a breach stays one (S94)."""
    goes_on = await cases.survivors(uow.connection, [event.data.case_id for event in events])
    decided = {goes_on.get(e.data.case_id, e.data.case_id): e for e in events}
    pending = await clocks.lock_open(uow.connection, list(decided), [FIRST_REACTION, ANSWER])
    await take_steps(
        uow,
        [
            step(
                case,
                EntryKind.WAIVE,
                at=uow.now,
                reason=NO_REPLY,
                by=_approver(decided[case.case_id].data),
            )
            for case in pending
        ],
        causes=decided,
    )
    configuration = await configurations.in_force(uow.connection)
    await watch_cases(
        configuration, uow, decided, terms=configuration.clocks.look_again, reason=LOOK_AGAIN
    )


async def _note_one_each(configuration: Configuration, uow: UnitOfWork, sent: Replies) -> None:
    """At most one reply per case, so that each clock takes at most one step of a kind."""
    pending = await clocks.lock_open(uow.connection, list(sent), [FIRST_REACTION, ANSWER])
    ending = [case for case in pending if _ends(case, sent[case.case_id].data)]
    await _stop(uow, ending, sent)
    await take_steps(
        uow,
        [
            step(case, EntryKind.PAUSE, at=sent[case.case_id].data.sent_at, reason=ASKED)
            for case in pending
            if case.clock.kind == ANSWER
            and _means(sent[case.case_id].data) is ReplyMeaning.ASKS
            and may_pause(case.clock, at=sent[case.case_id].data.sent_at)
        ],
        causes=sent,
    )
    await _start_owed(configuration, uow, pending, sent)


async def _stop(uow: UnitOfWork, ending: Sequence[CaseClock], sent: Replies) -> None:
    """Stop clocks; where the alarm has not rung yet though it should, the breach comes first."""
    late: dict[UUID, Change] = {}
    for case in ending:
        effect = stop(case.clock, sent_at=sent[case.case_id].data.sent_at)
        if effect is not None and effect.is_late_news:
            late[case.clock.clock_id] = step(case, EntryKind.BREACH, at=uow.now, reason=BREACHED)
    await take_steps(uow, list(late.values()), causes=sent)
    changes = []
    for case in ending:
        change = late.get(case.clock.clock_id)
        reply = sent[case.case_id].data
        changes.append(
            step(
                case if change is None else follow_on(change),
                EntryKind.STOP,
                at=reply.sent_at,
                reason=REACTED if case.clock.kind == FIRST_REACTION else ANSWERED,
                dispatch_id=reply.dispatch_id,
            )
        )
    await take_steps(uow, changes, causes=sent)


async def _start_owed(
    configuration: Configuration, uow: UnitOfWork, pending: Sequence[CaseClock], sent: Replies
) -> None:
    owing = {
        case_id for case_id, event in sent.items() if _means(event.data) is ReplyMeaning.OWES_ANSWER
    }
    owing -= {case.case_id for case in pending if case.clock.kind == ANSWER}
    found = await escalations.open_cases(uow.connection, owing)
    await start_clocks(
        uow,
        [
            new_clock(
                clock_id=clock_id_of(case_id, ANSWER, sent[case_id].data.dispatch_id),
                case=(case_id, found[case_id].conversation_id),
                kind=ANSWER,
                terms=configuration.clocks.answer,
                version=configuration.version,
                started_at=sent[case_id].data.sent_at,
                reason=HELD,
            )
            for case_id in sorted(found)
        ],
        teams={case_id: case.team for case_id, case in found.items()},
    )


def _ends(case: CaseClock, reply: ReplySent) -> bool:
    if case.clock.kind == FIRST_REACTION:
        return is_reaction(
            kind=reply.kind.value,
            visibility=(reply.actual_visibility or reply.visibility).value,
            authors=len(reply.authors),
        )
    return _means(reply) is ReplyMeaning.ANSWERED


def _means(reply: ReplySent) -> ReplyMeaning:
    return meaning(kind=reply.kind.value, authors=len(reply.authors))


def _approver(decision: NoReplyDecided) -> Person:
    return Person(decision.approver.id, decision.approver.name)
