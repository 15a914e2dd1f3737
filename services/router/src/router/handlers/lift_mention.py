"""Lift a parked mention into a case, because a person says that it matters (SPEC policy).

It joins the open case of its conversation if there is one by now. Its label stays what it was; the
first-reaction clock starts with the person's word. Who lifted it and when stands in its row.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import msgspec

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, InvalidInputError, NotFoundError, RetryableError
from common.events.classifier import MentionClassified
from common.ids import IdFactory, derived_id
from router.domain.claims import Person
from router.domain.configuration import Configuration
from router.domain.placing import Place, lifting_rule
from router.domain.routing import Facts, Rule
from router.handlers import case_events
from router.handlers.case_events import mention_moved
from router.handlers.hear_customers import hear_customers
from router.handlers.place_mentions import lock_and_begin, store
from router.handlers.placement_batch import Candidate, facts_of
from router.storage import dispositions
from router.storage.configurations import Configurations
from router.storage.dispositions import Destination

LIFTED_RULE = "lifted"
LIFTED_REASON = "A person lifted the parked mention into a case."


async def lift_mention(
    configurations: Configurations,
    uow: UnitOfWork,
    mention_id: UUID,
    *,
    by: Person,
    team: str | None,
    new_id: IdFactory,
) -> UUID:
    """Open a case for a parked mention, or let it join; the case's id.

    `team` overrides what the rules say. Raises NotFoundError for an unknown mention, ConflictError
    when it is not parked (any more), InvalidInputError for an unknown team.
    """
    found = await dispositions.lock(uow.connection, mention_id)
    if found is None:
        raise NotFoundError("no such mention")
    if found.place is not Place.PARKED:
        raise ConflictError(f"the mention is not parked: {found.place}", code="not_parked")
    configuration = await configurations.in_force(uow.connection)
    classified = msgspec.json.decode(found.body, type=MentionClassified)
    facts = facts_of(classified)
    rule = _rule(configuration, facts, team)
    # A mention that was moved out of its case before is lifted into another one.
    occasion = new_id()
    event_id = occasion if found.was_moved else derived_id("router", "lifted", mention_id)
    identity = (mention_id, occasion) if found.was_moved else (mention_id,)
    candidate = Candidate(classified, facts, rule, event_id, None, identity, lifted_at=uow.now)
    batch = await lock_and_begin(uow, configuration, [candidate])
    case_id = batch.into_case(candidate)
    try:
        await store(uow, batch)
    except RetryableError as error:
        raise ConflictError(f"{error}; try again", code="case_just_opened") from error
    await dispositions.lift(uow.connection, mention_id, case_id=case_id, by=by, at=uow.now)
    await hear_customers(configuration, uow, batch.spoken)
    uow.publish(
        mention_moved(
            found,
            Destination(place=Place.CASE, case_id=case_id, rule=rule.name, reason=rule.reason),
            actor=case_events.actor(by),
            id=derived_id("router", "mention_moved", occasion),
            now=uow.now,
        )
    )
    return case_id


def _rule(configuration: Configuration, facts: Facts, team: str | None) -> Rule:
    if team is None:
        return replace(lifting_rule(configuration, facts), name=LIFTED_RULE, reason=LIFTED_REASON)
    if team not in configuration.teams:
        raise InvalidInputError(f"unknown team: {team}", code="unknown_team")
    return Rule(name=LIFTED_RULE, reason=LIFTED_REASON, team=team)
