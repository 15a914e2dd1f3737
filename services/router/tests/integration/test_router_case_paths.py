"""The life of a case on a real PostgreSQL: every path through the one table, with its events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from router_builders import MIA, Mentions, reply
from router_steps import case_of, close, place, types_of

from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConflictError, DomainError
from common.events.classifier import CrisisSwitched, MentionReclassified
from common.events.envelope import Event, new_event
from common.events.parts import Actor, Concern
from common.events.responder import NoReplyDecided
from common.events.vocabulary import Decision, Label, MentionKind, NoReplyDisposition
from common.ids import new_id
from common.outbox.writer import write_outbox
from common.timers.loop import TimerLoop
from router.consumers import handlers
from router.domain import drawing
from router.domain.claims import Person
from router.domain.closing import Closing, Fault, Outcome
from router.domain.states import CaseState, moves
from router.handlers.claim_case import CaseCommand, claim_case, release_case
from router.handlers.close_case import close_case, close_many, settle_case
from router.handlers.hand_over_case import assign_case, hand_over_case
from router.handlers.merge_cases import merge_case, reopen_case, unmerge_case
from router.handlers.settle_issue import settle_issue
from router.jobs import timers
from router.storage import parking
from router.storage.configurations import Configurations

pytestmark = pytest.mark.postgres

PERSON = Person(MIA.id, MIA.name)
TOM = Actor(id="dev|tom", name="Tom Winter")
ALL = "select type from outbox order by id"
SOLVED = Closing(Outcome.SOLVED, "chain", "Fitted on Friday.", Fault.PRODUCT)
Do = Callable[..., Awaitable[Any]]


@pytest.fixture
async def hear(
    units: UnitOfWorkFactory, configurations: Configurations
) -> Callable[..., Awaitable[list[str]]]:
    """Hear of an event as the consumer does; what was published, by short name."""
    table = handlers(configurations, new_token=lambda: "token")

    async def hear(*events: Event[Any]) -> list[str]:
        async with units.begin() as uow:
            await table[type(events[0].data)](uow, events)
            return types_of([{"type": message.type} for message in uow.messages])

    return hear


@pytest.fixture
async def do(units: UnitOfWorkFactory) -> Do:
    """Run a use case about a case as Mia, who sees everything."""

    async def do(use_case: Any, case_id: UUID, *arguments: Any, **more: Any) -> Any:
        command = CaseCommand(case_id=case_id, by=PERSON, teams=None)
        async with units.begin() as uow:
            return await use_case(uow, command, *arguments, new_id=new_id, **more)

    return do


@pytest.fixture
async def claim(units: UnitOfWorkFactory, configurations: Configurations) -> Do:
    async def claim(case_id: UUID, by: Person = PERSON) -> None:
        async with units.begin() as uow:
            configuration = await configurations.in_force(uow.connection)
            command = CaseCommand(case_id=case_id, by=by, teams=None)
            await claim_case(configuration, uow, command, lease=None, new_id=new_id)

    return claim


async def later(units: UnitOfWorkFactory, by: timedelta) -> None:
    """Let everything ring that is due then."""
    clock = UnitOfWorkFactory(units._engine, write_outbox, offset=by)
    loop = TimerLoop(clock, timers(Configurations()))
    for _ in range(5):
        await loop.fire_due()


async def state_of(database: Any, case_id: UUID) -> tuple[str, str | None]:
    row = await database.fetchrow("select state, owner_id from cases where case_id = $1", case_id)
    return tuple(row)


async def is_balanced(units: UnitOfWorkFactory) -> bool:
    async with units.read() as connection:
        return (await parking.books(connection)).is_balanced


def question(event: Event[Any], kind: str = "question", **more: Any) -> Event[Any]:
    return reply(
        case_of(event),
        event.data.mention.conversation_id,
        sent_at=more.pop("sent_at", datetime.now(UTC)),
        kind=kind,
        **more,
    )


def corrected(event: Event[Any], decision: str, **said: Any) -> Event[MentionReclassified]:
    """A person says what the mention really is."""
    previous = event.data.classification
    label = Label.NON_SERVICE if decision == "non_service" else Label.SERVICE
    changed = {
        name: said.get(name, getattr(previous, name))
        for name in previous.__struct_fields__
        if name not in ("label", "decision", "kind")
    }
    kind = MentionKind(said.get("kind", previous.kind))
    new = type(previous)(label=label, decision=Decision(decision), kind=kind, **changed)
    data = MentionReclassified(
        mention=event.data.mention,
        classification=new,
        previous=previous,
        actor=TOM,
        reason="Der Kunde meint etwas anderes.",
    )
    return new_event(data, id=new_id(), subject=data.mention.mention_id, time=datetime.now(UTC))


def no_reply(event: Event[Any], disposition: str) -> Event[NoReplyDecided]:
    data = NoReplyDecided(
        draft_id=new_id(),
        case_id=case_of(event),
        conversation_id=event.data.mention.conversation_id,
        disposition=NoReplyDisposition(disposition),
        reason="Kein Anliegen, niemand fragt etwas.",
        authors=(MIA,),
        approver=TOM,
        decided_at=datetime.now(UTC),
    )
    return new_event(data, id=new_id(), subject=data.draft_id, time=data.decided_at)


async def test_the_database_knows_the_same_states_and_moves(
    units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    check = await database.fetchval(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'cases_state_check'"
    )
    assert all(f"'{state}'" in check for state in CaseState)
    assert check.count("::text") == len(CaseState)
    body = await database.fetchval("select prosrc from pg_proc where proname = 'case_moves'")
    known = {
        (before, to) for before in CaseState for to in CaseState if f"('{before}', '{to}')" in body
    }
    assert known == moves()
    await place(units, configurations, Mentions()("service"))
    await close(units, (await database.fetchval("select case_id from cases")))
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await database.execute("update cases set state = 'observing'")
    assert refusal.value.constraint_name == "cases_allowed_moves"


def test_the_page_about_the_life_of_a_case_is_the_running_table() -> None:
    written = (Path(__file__).parents[4] / "docs/case-life.md").read_text()
    assert written == drawing.page(), "run: python -m router states > docs/case-life.md"


async def test_a_question_waits_and_the_customer_brings_the_case_back_to_its_owner(
    hear: Any, claim: Do, units: UnitOfWorkFactory, database: Any
) -> None:
    make = Mentions()
    first, word, stranger = (make("service", thread="t") for _ in range(3))
    await hear(first)
    await claim(case_of(first))
    told = await hear(question(first))
    assert "case.released" in told
    assert "case.state_changed" in told
    assert await state_of(database, case_of(first)) == ("waiting_customer", MIA.id)
    talk = make("non_service", kind="talk", thread="t")
    await hear(talk)  # another author: their talk ends no wait
    assert (await state_of(database, case_of(first)))[0] == "waiting_customer"
    answer = corrected_author(word, first)
    await hear(answer)
    assert await state_of(database, case_of(first)) == ("open", MIA.id)
    row = await database.fetchrow("select offers_unanswered, bystander_mentions from cases")
    assert tuple(row) == (0, 1)
    await hear(question(first))
    await hear(stranger)  # a matter for service of a bystander: nobody alone
    assert (await state_of(database, case_of(first)))[0] == "open"


def corrected_author(event: Event[Any], like: Event[Any]) -> Event[Any]:
    """The same post, written by whoever wrote the other."""
    mention = event.data.mention
    fields = {name: getattr(mention, name) for name in mention.__struct_fields__}
    same = type(mention)(**{**fields, "author": like.data.mention.author})
    data = type(event.data)(mention=same, classification=event.data.classification)
    return new_event(data, id=new_id(), subject=same.mention_id, time=event.time)


async def test_two_offers_stay_unanswered_then_the_case_is_observed_and_may_close(
    hear: Any, do: Do, units: UnitOfWorkFactory, database: Any
) -> None:
    first = Mentions()("service")
    case_id = case_of(first)
    unanswered = Closing(Outcome.OFFER_UNANSWERED, "silence", "No answer.", Fault.NOBODY)
    await hear(first)
    await hear(question(first, "lead_in"))
    with pytest.raises(ConflictError) as refusal:
        await do(close_case, case_id, unanswered)
    assert refusal.value.code == "reminder_owed"
    await later(units, timedelta(hours=49))
    assert (await state_of(database, case_id))[0] == "open"  # a reminder is due
    await hear(question(first))
    await later(units, timedelta(hours=50))
    assert (await state_of(database, case_id))[0] == "observing"
    await do(close_case, case_id, unanswered)
    assert await database.fetchval("select outcome from cases") == "offer_unanswered"


async def test_no_reply_closes_or_observes_and_waives(
    hear: Any, units: UnitOfWorkFactory, database: Any
) -> None:
    make = Mentions()
    left, watched = make("service"), make("service")
    await hear(left, watched)
    told = await hear(no_reply(left, "thanked_and_left"))
    assert "case.closed" in told
    row = await database.fetchrow("select * from cases where case_id = $1", case_of(left))
    assert (row["state"], row["outcome"], row["closed_by_id"]) == (
        "closed",
        "thanked_and_left",
        TOM.id,
    )
    await hear(no_reply(watched, "observing"))
    assert (await state_of(database, case_of(watched)))[0] == "observing"
    clocks = await database.fetch("select state from clock where kind = 'first_reaction'")
    assert {clock["state"] for clock in clocks} == {"waived"}
    await later(units, timedelta(days=15))
    assert (await state_of(database, case_of(watched)))[0] == "open"


async def test_a_settled_case_closes_by_itself_or_is_taken_up_again(
    hear: Any, do: Do, units: UnitOfWorkFactory, configurations: Configurations, database: Any
) -> None:
    make = Mentions()
    first, other = make("service", thread="a"), make("service", thread="b")
    await hear(first, other)
    for event in (first, other):
        await hear(question(event, "answer"))
    async with units.begin() as uow:
        policy = (await configurations.in_force(uow.connection)).cases

    async def settle(uow: Any, command: Any, account: Closing, **more: Any) -> None:
        await settle_case(policy, uow, command, account, **more)

    for event in (first, other):
        await do(settle, case_of(event), SOLVED)
    thanks = make("non_service", kind="praise", thread="a")
    await hear(thanks)
    assert (await state_of(database, case_of(first)))[0] == "resolved"
    again = make("service", thread="b")
    told = await hear(again)
    assert told[0] == "case.continued"
    assert (await state_of(database, case_of(other)))[0] == "open"
    await later(units, timedelta(days=4))
    assert (await state_of(database, case_of(first)))[0] == "closed"
    assert (
        await database.fetchval("select count(*) from outbox where type like '%case.closed%'") == 1
    )


async def test_unsolvable_needs_the_word_to_the_customer(hear: Any, do: Do, database: Any) -> None:
    first = Mentions()("service")
    await hear(first)
    await hear(question(first, "answer"))
    gone = Closing(Outcome.UNSOLVABLE, "discontinued", "No longer made.", Fault.PRODUCT)
    with pytest.raises(ConflictError) as refusal:
        await do(close_case, case_of(first), gone)
    assert refusal.value.code == "outcome_message_owed"
    await hear(question(first, "outcome"))
    await do(close_case, case_of(first), gone)
    assert (await state_of(database, case_of(first)))[0] == "closed"


async def test_a_case_closes_only_when_all_its_issues_are_settled(
    hear: Any, do: Do, database: Any
) -> None:
    first = Mentions()(
        "service",
        concerns=(
            Concern(topic="chain", text="Die Kette rasselt.", department="workshop"),
            Concern(topic="invoice", text="Die Rechnung stimmt nicht."),
        ),
    )
    await hear(first)
    await hear(question(first, "answer"))
    rows = await database.fetch("select issue_id, topic from issue order by topic")
    assert [row["topic"] for row in rows] == ["chain", "invoice"]
    for row in rows:
        with pytest.raises(ConflictError) as refusal:
            await do(close_case, case_of(first), SOLVED)
        assert refusal.value.code == "issues_open"
        await do(settle_issue, case_of(first), row["issue_id"], result="solved", note="Erledigt.")
    with pytest.raises(ConflictError):
        await do(settle_issue, case_of(first), rows[0]["issue_id"], result="solved", note="x")
    await do(close_case, case_of(first), SOLVED)


async def test_merged_cases_go_on_as_one_and_come_apart_again(
    hear: Any, do: Do, units: UnitOfWorkFactory, database: Any
) -> None:
    make = Mentions()
    one, other = make("service", thread="one"), make("service", thread="other")
    await hear(one)
    await hear(other)
    for event in (one, other):
        await hear(question(event, "answer"))
    await do(merge_case, case_of(other), target_id=case_of(one), reason="Derselbe Kunde.")
    assert (await state_of(database, case_of(other)))[0] == "closed"
    await hear(question(one))
    assert (await state_of(database, case_of(one)))[0] == "waiting_customer"
    told = await hear(make("service", thread="other"))
    assert told[0] == "case.continued"
    assert (await state_of(database, case_of(one)))[0] == "open"  # the survivor heard of it
    counted = await database.fetch("select case_id, mentions from cases")
    assert {row["case_id"]: row["mentions"] for row in counted} == {
        case_of(one): 1,
        case_of(other): 2,
    }
    assert await is_balanced(units)
    with pytest.raises(ConflictError) as refusal:
        await do(reopen_case, case_of(other), reason="doch")
    assert refusal.value.code == "case_is_merged"
    await do(unmerge_case, case_of(other), reason="Zwei Motorräder.")
    assert (await state_of(database, case_of(other)))[0] == "open"
    await hear(make("service", thread="other"))
    assert (
        await database.fetchval("select mentions from cases where case_id = $1", case_of(other))
        == 3
    )
    names = types_of(await database.fetch(ALL))
    assert {"case.merged", "case.unmerged"} <= set(names)
    assert await is_balanced(units)


async def test_a_merge_never_hides_a_customer_who_waits(hear: Any, do: Do) -> None:
    make = Mentions()
    early, late = (
        make("service"),
        make("service", detected_at=make.detected_at + timedelta(minutes=1)),
    )
    await hear(early, late)
    with pytest.raises(ConflictError) as refusal:
        await do(merge_case, case_of(early), target_id=case_of(late), reason="x")
    assert refusal.value.code == "first_reaction_owed"
    await do(merge_case, case_of(late), target_id=case_of(early), reason="x")
    with pytest.raises(DomainError):
        await do(merge_case, case_of(early), target_id=case_of(early), reason="x")


async def test_corrections_move_a_mention_and_the_books_stay_balanced(
    hear: Any, units: UnitOfWorkFactory, database: Any
) -> None:
    make = Mentions()
    parked, service = make("non_service", kind="talk"), make("service")
    await hear(parked, service)
    up = corrected(parked, "service", kind="problem")
    told = await hear(up)
    assert told[:1] == ["case.opened"]
    assert "mention.moved" in told
    assert await hear(up) == []  # the same correction again
    clock = await database.fetchval(
        "select count(*) from clock join disposition using (case_id) where mention_id = $1"
        " and kind = 'first_reaction'",
        parked.data.mention.mention_id,
    )
    assert clock == 1
    told = await hear(corrected(service, "non_service", kind="talk"))
    assert {"case.closed", "mention.moved"} <= set(told)
    row = await database.fetchrow("select * from cases where case_id = $1", case_of(service))
    assert (row["state"], row["outcome"], row["mentions"]) == ("closed", "moved", 0)
    places = await database.fetch("select place, moved_by_id from disposition")
    assert sorted(tuple(row) for row in places) == [("case", TOM.id), ("parked", TOM.id)]
    assert await is_balanced(units)
    # And back again: another case, because nothing was ever worked on in the first.
    assert (await hear(corrected(service, "service", kind="complaint")))[0] == "case.opened"
    assert await is_balanced(units)


async def test_a_correction_within_a_case_changes_its_team_and_its_clock_not_its_place(
    hear: Any, units: UnitOfWorkFactory, database: Any
) -> None:
    make = Mentions()
    praise = make("non_service", kind="praise")
    await hear(praise)
    told = await hear(corrected(praise, "service", kind="problem"))
    assert {"clock.started", "case.handed_over"} <= set(told)
    assert "mention.moved" not in told
    row = await database.fetchrow("select team, decision, kind from cases")
    assert tuple(row) == ("social_support", "service", "problem")
    # A case that was answered keeps its mention, whatever it is called.
    await hear(question(praise, "answer"))
    told = await hear(corrected(praise, "non_service", kind="news"))
    assert "mention.moved" not in told
    assert await database.fetchval("select decision from cases") == "non_service"
    unknown = make("service")
    assert (await hear(corrected(unknown, "service", kind="problem")))[0] == "case.opened"
    assert await is_balanced(units)


async def test_hand_over_keeps_the_clock_and_assignment_names_one_person(
    hear: Any,
    do: Do,
    claim: Do,
    units: UnitOfWorkFactory,
    configurations: Configurations,
    database: Any,
) -> None:
    first = Mentions()("service", kind="question")
    case_id = case_of(first)
    await hear(first)
    due = await database.fetchval("select due_at from clock where kind = 'first_reaction'")
    await claim(case_id)
    async with units.begin() as uow:
        configuration = await configurations.in_force(uow.connection)

    async def hand(uow: Any, command: Any, **more: Any) -> None:
        await hand_over_case(configuration, uow, command, **more)

    async def assign(uow: Any, command: Any, **more: Any) -> None:
        await assign_case(configuration, uow, command, **more)

    await do(hand, case_id, team="social_support", reason="Braucht Kundendaten.")
    assert await state_of(database, case_id) == ("open", None)
    assert due == await database.fetchval("select due_at from clock where kind = 'first_reaction'")
    with pytest.raises(DomainError) as refusal:
        await do(assign, case_id, person_id="motorrad|carla", reason="x")
    assert refusal.value.code == "unknown_person"
    await do(assign, case_id, person_id="motorrad|anna", reason="Sie kennt den Kunden.")
    assert await state_of(database, case_id) == ("open", "motorrad|anna")
    owners = await database.fetch(
        "select convert_from(payload, 'utf8')::json as body from outbox"
        " where type = 'router.case.owner_changed.v1' order by id"
    )
    assert len(owners) == 3  # claimed, handed over, assigned


async def test_bulk_close_takes_what_may_be_and_says_why_not(
    hear: Any, units: UnitOfWorkFactory, claim: Do, database: Any
) -> None:
    make = Mentions()
    praise = [make("non_service", kind="praise") for _ in range(4)]
    service, crisis = make("service"), make("non_service", kind="praise")
    await hear(*praise, service)
    switched = CrisisSwitched(
        stream_id=new_id(),
        crisis_id=new_id(),
        topic=None,
        is_on=True,
        actor=TOM,
        reason="Rückruf",
        switched_at=datetime.now(UTC),
    )
    event = new_event(switched, id=new_id(), subject=switched.crisis_id, time=datetime.now(UTC))
    await hear(event)
    await hear(crisis)
    await claim(case_of(praise[0]))
    account = Closing(Outcome.NO_ACTION, "praise", "Liked.", Fault.NOBODY)
    ids = [case_of(each) for each in (*praise, service, crisis)]

    async def bulk() -> dict[UUID, str | None]:
        async with units.begin() as uow:
            results = await close_many(
                uow, [*ids, missing], account, by=PERSON, teams=None, new_id=new_id
            )
        return {each.case_id: None if each.is_closed else each.code for each in results}

    missing = uuid4()
    expected = {
        ids[0]: "case_is_claimed",
        **dict.fromkeys(ids[1:4]),
        ids[4]: "not_non_service",
        ids[5]: "case_in_crisis",
        missing: "not_found",
    }
    assert await bulk() == expected
    assert await bulk() == expected  # a repetition comes to the same
    closed = await database.fetchval("select count(*) from outbox where type like '%case.closed%'")
    assert closed == 3


async def test_giving_back_a_case_that_waited_lets_it_wait_again(
    hear: Any, do: Do, claim: Do, units: UnitOfWorkFactory, database: Any
) -> None:
    first = Mentions()("service")
    await hear(first)
    await hear(question(first))
    returns_at = await database.fetchval("select returns_at from cases")
    await claim(case_of(first))
    assert (await state_of(database, case_of(first)))[0] == "claimed"
    await do(release_case, case_of(first))
    row = await database.fetchrow("select state, returns_at from cases")
    assert tuple(row) == ("waiting_customer", returns_at)
    await later(units, timedelta(hours=49))
    assert (await state_of(database, case_of(first)))[0] == "open"
