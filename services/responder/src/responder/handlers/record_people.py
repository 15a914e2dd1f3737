"""Keep who is configured, and which crises are on, from the events of router and classifier."""

from __future__ import annotations

from collections.abc import Sequence

from common.db.unit_of_work import UnitOfWork
from common.events.classifier import CrisisSwitched
from common.events.envelope import Event
from common.events.parts import Person as WirePerson
from common.events.router import ConfigurationApplied
from responder.domain.colleagues import Colleague
from responder.domain.crises import Crisis
from responder.domain.persons import Person
from responder.storage import people


async def record_configuration(
    uow: UnitOfWork, events: Sequence[Event[ConfigurationApplied]]
) -> None:
    """The people of the latest version among these and the one known count, whole."""
    latest = max((event.data for event in events), key=lambda fact: fact.version)
    named = {each.id: _colleague(each) for each in latest.people}
    await people.replace_people(uow.connection, latest.version, list(named.values()))


async def record_crises(uow: UnitOfWork, events: Sequence[Event[CrisisSwitched]]) -> None:
    """One row per crisis, as it was switched last."""
    for event in events:
        fact = event.data
        crisis = Crisis(
            crisis_id=fact.crisis_id,
            topic=fact.topic,
            is_on=fact.is_on,
            approvers=frozenset(fact.approvers),
            switched_at=fact.switched_at,
        )
        await people.switch_crisis(uow.connection, crisis)


def _colleague(person: WirePerson) -> Colleague:
    return Colleague(
        person=Person(person.id, person.name),
        teams=frozenset(person.teams),
        roles=frozenset(person.roles),
        weight=max(0.0, person.weight),
        certified_from=person.certified_from,
        absences=person.absences,
    )
