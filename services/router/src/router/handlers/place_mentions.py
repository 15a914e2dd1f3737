"""Place a batch of classified mentions: each into a case, parked, or noted as our own (S28).

The hot path: a fixed number of statements per batch, however many mentions it holds. A mention
that has its place keeps it; hearing of it again, as another event, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import RetryableError
from common.events.classifier import MentionClassified
from common.events.envelope import Event
from common.ids import derived_id
from common.observability import metrics
from router.domain.configuration import Configuration
from router.domain.duty import rota_names
from router.domain.placing import own_post_rule, routing_rule
from router.handlers.clock_steps import start_clocks
from router.handlers.hear_customers import hear_customers
from router.handlers.move_case import move_cases
from router.handlers.offer_cases import store_offers
from router.handlers.placement_batch import Candidate, PlacementBatch, facts_of
from router.handlers.plan_follow_up import Planned, clocks_of, planned_event
from router.handlers.watch_cases import by_policy
from router.storage import cases, clocks, dispositions, follow_ups, issues, placed_cases, rotas
from router.storage.clocks import NewClock
from router.storage.configurations import Configurations
from router.storage.sweep import UnwatchedCase

NEW_WITHOUT_CLOCK = "The case starts no clock; somebody looks whether it can be closed."


async def place_mentions(
    configurations: Configurations, uow: UnitOfWork, events: Sequence[Event[MentionClassified]]
) -> None:
    """Give each mention its place, in the order of the events.

    Raises RetryableError when another replica opened a case for one of the conversations in this
    very moment; tried again, the batch continues that case.
    """
    new = await _not_yet_placed(uow, events)
    if not new:
        return
    configuration = await configurations.in_force(uow.connection)
    candidates = [_candidate(configuration, event) for event in new]
    batch = await lock_and_begin(uow, configuration, candidates)
    for candidate in candidates:
        batch.place(candidate)
    await store(uow, batch)
    await dispositions.record(
        uow.connection,
        batch.dispositions,
        configuration_version=configuration.version,
        now=uow.now,
    )
    await hear_customers(configuration, uow, batch.spoken)


async def lock_and_begin(
    uow: UnitOfWork, configuration: Configuration, candidates: Sequence[Candidate]
) -> PlacementBatch:
    """A batch over these candidates, with the rotas and the open cases it needs locked."""
    wanted = {candidate.rule.rota for candidate in candidates if candidate.rule.rota}
    names = {name for rota in wanted for name in rota_names(configuration.rotas[rota])}
    conversations = {candidate.data.mention.conversation_id for candidate in candidates}
    locked_rotas = await rotas.lock(uow.connection, names)
    known = await placed_cases.lock_conversations(uow.connection, conversations)
    return PlacementBatch(configuration, known, locked_rotas, uow.now)


async def store(uow: UnitOfWork, batch: PlacementBatch) -> None:
    """Write the batch: cases, clocks, issues, turns, and what returns; publish its events.

    Of a new case that starts no clock, policy's follow-up speaks from the beginning (S7).
    """
    watching, bells = _watch(uow, batch)
    opened = await placed_cases.open_cases(
        uow.connection,
        batch.new_cases,
        configuration_version=batch.configuration.version,
        now=uow.now,
    )
    if opened < len(batch.new_cases):
        raise RetryableError("another replica has just opened a case for the same conversation")
    await cases.reopen(uow.connection, batch.reopened)
    await placed_cases.continue_cases(uow.connection, list(batch.continuations.values()))
    await issues.add(uow.connection, batch.issues, now=uow.now, by=None)
    await follow_ups.plan(uow.connection, [each.follow_up for each in watching], now=uow.now)
    await start_clocks(uow, [*batch.clocks, *bells])
    # A case that the batch opens has its dates already.
    begun = [each.case_id for each in batch.continuations.values() if each.due_at is not None]
    await clocks.refresh_cases(uow.connection, begun)
    for name, state in batch.rotas.items():
        await rotas.save(uow.connection, name, state)
    await store_offers(uow, batch.offers, version=batch.configuration.version)
    uow.publish(*batch.events, *(planned_event(each, now=uow.now) for each in watching))
    await move_cases(uow, list(batch.moves.values()))
    _count(batch)


def _watch(uow: UnitOfWork, batch: PlacementBatch) -> tuple[list[Planned], list[NewClock]]:
    """The follow-ups of new cases without a clock, and theirs; the cases show their dates."""
    clocked = {clock.case_id for clock in batch.clocks}
    bare = [case for case in batch.new_cases if case.case_id not in clocked]
    watching = by_policy(
        [UnwatchedCase(case.case_id, case.conversation_id, case.team, None) for case in bare],
        terms=batch.configuration.clocks.look_again,
        reason=NEW_WITHOUT_CLOCK,
        now=uow.now,
    )
    bells = clocks_of(batch.configuration, watching, now=uow.now)
    for case, bell in zip(bare, bells, strict=True):
        case.due_at = case.rings_at = bell.warn_at
    return watching, bells


async def _not_yet_placed(
    uow: UnitOfWork, events: Sequence[Event[MentionClassified]]
) -> list[Event[MentionClassified]]:
    first_of: dict[UUID, Event[MentionClassified]] = {}
    for event in events:
        first_of.setdefault(event.data.mention.mention_id, event)
    placed = await dispositions.placed(uow.connection, list(first_of))
    return [event for mention_id, event in first_of.items() if mention_id not in placed]


def _candidate(configuration: Configuration, event: Event[MentionClassified]) -> Candidate:
    mention, facts = event.data.mention, facts_of(event.data)
    rule = own_post_rule(
        configuration,
        network=mention.network,
        handle=mention.author.handle,
        is_classified_own=event.data.classification.own_post,
    ) or routing_rule(configuration, facts)
    event_id = derived_id("router", "placed", mention.mention_id)
    return Candidate(event.data, facts, rule, event_id, event, (mention.mention_id,))


def _count(batch: PlacementBatch) -> None:
    for way, number in Counter(batch.ways).items():
        metrics.ROUTER_MENTIONS_TOTAL.labels(way.value).inc(number)
    for team, number in Counter(case.team for case in batch.new_cases).items():
        metrics.ROUTER_CASES_OPENED_TOTAL.labels(team).inc(number)
