"""Put a version of the configuration in force, and tell those who need to know (S119).

The version and its event are one transaction: nobody ever works with people or certificates that
another service has not been told of.
"""

from __future__ import annotations

from datetime import datetime

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, PreconditionFailedError
from common.events import parts
from common.events.envelope import new_event
from common.events.parts import Actor
from common.events.router import ConfigurationApplied
from common.ids import derived_id
from router.domain.claims import Person
from router.domain.configuration import Configuration
from router.domain.people import FULL_TIME, Colleague
from router.storage import configurations, team_counts
from router.storage.configuration_document import (
    ConfigurationDocument,
    packaged_default,
    parse,
)

PACKAGED = Person("ombud|router", "packaged default")
STREAM_ID = derived_id("router", "configuration")
"""The key of all these events: versions arrive in their order."""


async def apply_configuration(
    uow: UnitOfWork, document: ConfigurationDocument, *, by: Person, expected_version: int
) -> int:
    """The new version's number. The same document again changes nothing and keeps the number.

    Raises PreconditionFailedError when another version is in force than the person saw, and
    ConflictError where a team that it no longer names has open cases: they would be nobody's (S34).
    """
    current = await configurations.stored(uow.connection)
    version = current.version if current else 0
    if version != expected_version:
        raise PreconditionFailedError(
            f"version {version} is in force, not {expected_version}", details={"version": version}
        )
    if current and parse(current.document) == document:
        return version
    await _refuse_orphans(uow, document)
    await _put_in_force(uow, document, version=version + 1, by=by)
    return version + 1


async def ensure_default(uow: UnitOfWork) -> None:
    """A new deployment starts with the packaged default as version 1. Idempotent."""
    if await configurations.stored(uow.connection) is not None:
        return
    try:
        await _put_in_force(uow, packaged_default(), version=1, by=PACKAGED)
    except PreconditionFailedError:
        return  # another replica was quicker


async def _refuse_orphans(uow: UnitOfWork, document: ConfigurationDocument) -> None:
    known = {team.name for team in document.teams}
    left = await team_counts.open_cases_of_others(uow.connection, known)
    if left:
        named = ", ".join(f"{team} ({number})" for team, number in left.items())
        raise ConflictError(
            f"teams that are not named any more have open cases: {named}; hand those over first",
            code="team_has_open_cases",
            details={"teams": left},
        )


async def _put_in_force(
    uow: UnitOfWork, document: ConfigurationDocument, *, version: int, by: Person
) -> None:
    await configurations.add(uow.connection, document, version=version, actor=by, at=uow.now)
    configuration = document.configuration(version)
    uow.publish(
        new_event(
            applied(configuration, by=by, at=uow.now),
            id=derived_id("router", "configuration_applied", version),
            subject=STREAM_ID,
            time=uow.now,
        )
    )


def applied(configuration: Configuration, *, by: Person, at: datetime) -> ConfigurationApplied:
    """What other services need of a version: the people, the topics, our own accounts."""
    return ConfigurationApplied(
        stream_id=STREAM_ID,
        version=configuration.version,
        actor=Actor(id=by.id, name=by.name),
        applied_at=at,
        people=tuple(
            _person(each, configuration.public_replies_need)
            for each in configuration.people.values()
        ),
        topics=tuple(sorted(configuration.topics)),
        accounts=tuple(
            sorted(
                handle
                for (_, handle), relation in configuration.own_accounts.items()
                if relation == "own"
            )
        ),
    )


def _person(colleague: Colleague, certificate: str | None) -> parts.Person:
    valid_from, valid_until = colleague.certified_for(certificate)
    return parts.Person(
        id=colleague.id,
        name=colleague.name,
        teams=colleague.teams,
        roles=tuple(sorted(colleague.roles)),
        weight=colleague.weight / FULL_TIME,
        skills=tuple(sorted(colleague.skills)),
        certified_from=valid_from,
        certified_until=valid_until,
        absences=tuple((each.begins_at, each.ends_at) for each in colleague.absences),
        deputies=colleague.deputies,
    )
