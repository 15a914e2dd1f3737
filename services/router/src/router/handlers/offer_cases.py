"""Offer cases to persons on duty, and to the next one when nobody takes them (S31).

An offer is no lock: the case stays in its team's queue and whoever of the team claims it has it.
The moment at which an offer ends is a durable timer, so no restart and no replica forgets one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event, new_event
from common.events.parts import Actor
from common.events.router_company import CaseOffered
from common.ids import derived_id
from common.observability import metrics
from common.timers import store as timers
from common.timers.store import DueTimer, NewTimer
from router.domain.configuration import Configuration
from router.domain.duty import DutyBook, Turn, back_at, rota_names
from router.domain.states import CaseState
from router.storage import cases, duty_offers, rotas
from router.storage.cases import LockedCase
from router.storage.configurations import Configurations
from router.storage.duty_offers import EXPIRED, NewOffer, OfferRow

OFFER_TIMER = "duty_offer"
_SHORTEST_WAIT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Offering:
    """What is offered: a case, for the `round`th time, in a rota; and what it asks of people."""

    case_id: UUID
    round: int
    rota: str
    skills: frozenset[str]


def new_offer(
    configuration: Configuration, turn: Turn, about: Offering, *, now: datetime
) -> NewOffer:
    """The row for a turn; where nobody is on duty, `until` is when somebody may be back."""
    return NewOffer(
        case_id=about.case_id,
        round=about.round,
        rota=about.rota,
        team=turn.team,
        skills=" ".join(sorted(about.skills)),
        person_id=turn.person.id if turn.person else None,
        person_name=turn.person.name if turn.person else None,
        reason=turn.reason,
        until=_until(configuration, turn, about.rota, now),
        considered=msgspec.json.encode({"teams": turn.teams, "people": turn.people}).decode(),
    )


def offer_timer(offer: NewOffer, conversation_id: UUID) -> NewTimer | None:
    """The timer that looks again when the offer ends; None where it never does."""
    if offer.until is None:
        return None
    return NewTimer(
        owner_id=offer.case_id,
        conversation_id=conversation_id,
        kind=OFFER_TIMER,
        due_at=offer.until,
    )


def offered(
    offer: NewOffer,
    conversation_id: UUID,
    *,
    version: int,
    now: datetime,
    cause: Event[Any] | None = None,
) -> Event[CaseOffered] | None:
    """What is told of an offer; None where it went to nobody."""
    if offer.person_id is None or offer.person_name is None or offer.until is None:
        return None
    return new_event(
        CaseOffered(
            case_id=offer.case_id,
            conversation_id=conversation_id,
            team=offer.team,
            rota=offer.rota,
            round=offer.round,
            person=Actor(id=offer.person_id, name=offer.person_name),
            until=offer.until,
            reason=offer.reason,
            configuration_version=version,
        ),
        id=derived_id("router", "case_offered", offer.case_id, offer.round),
        subject=offer.case_id,
        time=now,
        cause=cause,
    )


async def offer_again(
    configurations: Configurations, uow: UnitOfWork, due: Sequence[DueTimer]
) -> None:
    """End the offers that nobody took, and offer the cases to the next persons on duty.

    Also those that somebody took and gave back. A case that was taken, closed or given to another
    team meanwhile is left alone; so is one whose rota is gone, or that was offered as often as
    configured.
    """
    configuration = await configurations.in_force(uow.connection)
    case_ids = [timer.owner_id for timer in due]
    known = await duty_offers.of_cases(uow.connection, case_ids)
    names = {offers[-1].rota for offers in known.values()} & configuration.rotas.keys()
    states = await rotas.lock(
        uow.connection, {each for name in names for each in rota_names(configuration.rotas[name])}
    )
    locked = await cases.lock(uow.connection, list(known))
    known = await duty_offers.of_cases(uow.connection, list(locked))
    ended = [case_id for case_id, offers in known.items() if _is_over(offers[-1], uow.now)]
    await duty_offers.end(uow.connection, ended, ending=EXPIRED, now=uow.now)
    book = DutyBook(configuration, states, uow.now)
    waiting = [
        (locked[case_id], known[case_id])
        for case_id in case_ids
        if case_id in locked and _waits(configuration, locked[case_id], known[case_id], uow.now)
    ]
    offers = [
        (_next(configuration, book, case, past, uow.now), case.conversation_id)
        for case, past in waiting
    ]
    await store_offers(uow, offers, version=configuration.version)
    for new, conversation_id in offers:
        event = offered(new, conversation_id, version=configuration.version, now=uow.now)
        if event is not None:
            uow.publish(event)
    for name, state in states.items():
        await rotas.save(uow.connection, name, state)
    metrics.ROUTER_DUTY_OFFERS_TOTAL.labels(EXPIRED).inc(len(ended))


def _is_over(offer: OfferRow, now: datetime) -> bool:
    return offer.ended_at is None and offer.until is not None and offer.until <= now


def _waits(
    configuration: Configuration, case: LockedCase, past: Sequence[OfferRow], now: datetime
) -> bool:
    last = past[-1]
    if last.ended_at is None and not _is_over(last, now):
        return False  # another replica was here first: what stands was offered by it
    rota = configuration.rotas.get(last.rota)
    if rota is None or case.state is not CaseState.OPEN or case.team != last.team:
        return False
    if case.standing.owner is not None:
        return False  # it has somebody who answers for it
    return sum(offer.person_id is not None for offer in past) < rota.most_offers


def _next(
    configuration: Configuration,
    book: DutyBook,
    case: LockedCase,
    past: Sequence[OfferRow],
    now: datetime,
) -> NewOffer:
    last = past[-1]
    asked = [offer.person_id for offer in past if offer.person_id is not None]
    turn = book.next_person(last.rota, last.team, asked=asked, skills=last.skills)
    about = Offering(case.case_id, last.round + 1, last.rota, last.skills)
    return new_offer(configuration, turn, about, now=now)


async def store_offers(
    uow: UnitOfWork, offers: Sequence[tuple[NewOffer, UUID]], *, version: int
) -> None:
    """Store offers with the timers that end them; each with its case's conversation."""
    if not offers:
        return
    await duty_offers.add(
        uow.connection, [new for new, _ in offers], configuration_version=version, now=uow.now
    )
    armed = [offer_timer(new, conversation_id) for new, conversation_id in offers]
    await timers.arm(uow.connection, [timer for timer in armed if timer is not None])
    made = sum(new.person_id is not None for new, _ in offers)
    metrics.ROUTER_DUTY_OFFERS_TOTAL.labels("offered").inc(made)


def _until(configuration: Configuration, turn: Turn, rota: str, now: datetime) -> datetime | None:
    if turn.person is not None:
        return now + configuration.rotas[rota].offered_for
    returning = back_at(configuration, turn.team, now)
    return None if returning is None else max(returning, now + _SHORTEST_WAIT)
