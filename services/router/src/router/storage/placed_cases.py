"""The rows of cases on the hot path: found by conversation, opened and continued in batches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.routing import Facts
from router.storage.cases import COLUMNS, LockedCase, locked_case

# Asked in two halves, because each has its own index: a new case pays for one of them only.
# The case that a merged one points to is locked with it: its conversation's posts go there. Of a
# case that had its end, only a first reaction that is still awaited counts: it begins anew.
_LOCK = text(
    f"""
    with known as materialized (
        select case_id, merged_into from cases
        where conversation_id = any(cast(:conversations as uuid[])) and state <> 'closed'
        union all
        select case_id, merged_into from cases
        where conversation_id = any(cast(:conversations as uuid[])) and state = 'closed'
    )
    select {COLUMNS}, cases.customer_id, cases.opened_at,
        exists (
            select from clock
            where clock.case_id = cases.case_id and clock.kind = 'first_reaction' and (
                clock.ended_at is null
                or (cases.outcome is null
                    and clock.started_at >= coalesce(cases.reopened_at, '-infinity'))
            )
        ) as has_first_reaction
    from cases
    where case_id in (
        select case_id from known
        union all select merged_into from known where merged_into is not null
    )
    order by conversation_id, case_id
    for update of cases
    """  # noqa: S608  (no input)
)
_OPEN = text(
    """
    insert into cases (
        case_id, conversation_id, network, account, team, rule, reason, configuration_version,
        decision, kind, abusive, urgent, language, detected_at, opened_at, mentions,
        last_mention_at, next_due_at, rings_at, customer_id, linked_case_id, priority, skills,
        crisis_id
    )
    select case_id, conversation_id, network, account, team, rule, reason,
        cast(:configuration_version as integer), decision, kind, abusive, urgent, language,
        detected_at, cast(:now as timestamptz), 1, detected_at, coalesce(due_at, 'infinity'),
        coalesce(rings_at, '-infinity'), customer_id, linked_case_id, priority,
        coalesce(string_to_array(nullif(skills, ''), ' '), '{}'), (
            select crisis_id from crisis
            where is_on and (topic is null or topic = any(string_to_array(topics, ' ')))
            order by topic nulls last, switched_at desc limit 1
        )
    from unnest(
        cast(:case_id as uuid[]), cast(:conversation_id as uuid[]), cast(:network as text[]),
        cast(:account as text[]), cast(:team as text[]), cast(:rule as text[]),
        cast(:reason as text[]), cast(:decision as text[]), cast(:kind as text[]),
        cast(:abusive as boolean[]), cast(:urgent as boolean[]), cast(:language as text[]),
        cast(:detected_at as timestamptz[]), cast(:due_at as timestamptz[]),
        cast(:rings_at as timestamptz[]), cast(:customer_id as text[]),
        cast(:linked_case_id as uuid[]), cast(:topics as text[]), cast(:priority as text[]),
        cast(:skills as text[])
    ) as new (
        case_id, conversation_id, network, account, team, rule, reason, decision, kind, abusive,
        urgent, language, detected_at, due_at, rings_at, customer_id, linked_case_id, topics,
        priority, skills
    )
    order by conversation_id
    on conflict (conversation_id) where state <> 'closed' do nothing
    """
)
_CONTINUE = text(
    """
    update cases set
        mentions = cases.mentions + more.mentions,
        last_mention_at = greatest(cases.last_mention_at, more.last_mention_at),
        decision = coalesce(more.decision, cases.decision),
        abusive = cases.abusive or more.abusive,
        urgent = cases.urgent or more.urgent,
        next_due_at = least(cases.next_due_at, more.due_at),
        bystander_mentions = cases.bystander_mentions + more.bystanders,
        version = cases.version + 1
    from unnest(
        cast(:case_id as uuid[]), cast(:mentions as integer[]),
        cast(:last_mention_at as timestamptz[]), cast(:decision as text[]),
        cast(:abusive as boolean[]), cast(:urgent as boolean[]), cast(:due_at as timestamptz[]),
        cast(:bystanders as integer[])
    ) as more (case_id, mentions, last_mention_at, decision, abusive, urgent, due_at, bystanders)
    where cases.case_id = more.case_id
    """
)

_TAKE_OUT = text(
    "update cases set mentions = mentions - 1, version = version + 1 where case_id = :case_id"
)
_RELABEL = text(
    """
    update cases set decision = :decision, kind = coalesce(:kind, kind),
        abusive = coalesce(:abusive, abusive), urgent = coalesce(:urgent, urgent),
        version = version + 1
    where case_id = :case_id
    """
)


@dataclass(slots=True, kw_only=True)
class OpenCase:
    """The case that a conversation's posts go to.

    `home` is the conversation's own case, which counts them: another one only after a merge.
    `locked` is the row as found; None for a case that was opened in the same batch.
    """

    case_id: UUID
    home: UUID
    team: str
    decision: str
    has_first_reaction: bool
    customer_id: str | None
    locked: LockedCase | None


@dataclass(slots=True, kw_only=True)
class Conversation:
    """What the router knows of a conversation: its open case, or the one that was closed last."""

    open: OpenCase | None = None
    closed: OpenCase | None = None


@dataclass(slots=True, kw_only=True)
class NewCase:
    """A case that begins; `due_at` is the deadline of its first clock (of a follow-up: its date),
    `rings_at` when that clock warns.

    Rows of the hot path are not frozen: that alone would make them four times as slow to build.
    `topics` are those of its concerns, parted by blanks.
    """

    case_id: UUID
    conversation_id: UUID
    network: str
    account: str | None
    team: str
    rule: str
    reason: str
    decision: str
    kind: str
    abusive: bool
    urgent: bool
    language: str
    detected_at: datetime
    due_at: datetime | None
    rings_at: datetime | None
    customer_id: str
    linked_case_id: UUID | None
    topics: str
    priority: str
    skills: str


@dataclass(slots=True, kw_only=True)
class Continuation:
    """What the mentions of one batch add to a case; `decision` None leaves it as it is."""

    case_id: UUID
    last_mention_at: datetime
    mentions: int = 0
    decision: str | None = None
    abusive: bool = False
    urgent: bool = False
    due_at: datetime | None = None
    bystanders: int = 0


async def lock_conversations(
    connection: AsyncConnection, conversations: Collection[UUID]
) -> dict[UUID, Conversation]:
    """What is known of these conversations, by id; their cases are locked."""
    rows = await connection.execute(_LOCK, {"conversations": list(conversations)})
    found: dict[UUID, OpenCase] = {}
    for row in rows:
        case = locked_case(row)
        found[case.case_id] = OpenCase(
            case_id=case.case_id,
            home=case.case_id,
            team=case.team,
            decision=case.decision,
            has_first_reaction=row.has_first_reaction,
            customer_id=row.customer_id,
            locked=case,
        )
    return _by_conversation(found)


def _by_conversation(found: Mapping[UUID, OpenCase]) -> dict[UUID, Conversation]:
    known: dict[UUID, Conversation] = {}
    for case in found.values():
        row = case.locked
        if row is None:
            continue
        conversation = known.setdefault(row.conversation_id, Conversation())
        if row.closed_at is None:
            conversation.open = case
        elif row.merged_into is not None:
            survivor = found.get(row.merged_into)
            if survivor is not None and survivor.locked is not None:
                conversation = _merged(conversation, case, survivor)
        else:
            conversation.closed = _later(conversation.closed, case)
    return known


def _merged(conversation: Conversation, home: OpenCase, survivor: OpenCase) -> Conversation:
    """Posts of a merged case's conversation go to the survivor, open or closed by now."""
    shared = OpenCase(
        case_id=survivor.case_id,
        home=home.case_id,
        team=survivor.team,
        decision=survivor.decision,
        has_first_reaction=survivor.has_first_reaction,
        customer_id=survivor.customer_id,
        locked=survivor.locked,
    )
    is_open = survivor.locked is not None and survivor.locked.closed_at is None
    if is_open and conversation.open is None:
        conversation.open = shared
    elif not is_open:
        conversation.closed = _later(conversation.closed, shared)
    return conversation


def _later(one: OpenCase | None, other: OpenCase) -> OpenCase:
    """Whichever was closed later."""
    if one is None or one.locked is None or other.locked is None:
        return other
    closed = (one.locked.closed_at, other.locked.closed_at)
    if closed[0] is None or closed[1] is None:
        return other
    return other if closed[0] < closed[1] else one


async def open_cases(
    connection: AsyncConnection,
    cases: Sequence[NewCase],
    *,
    configuration_version: int,
    now: datetime,
) -> int:
    """Open these; how many were.

    One is left out where the conversation got an open case from somebody else since it was locked.
    """
    if not cases:
        return 0
    result = await connection.execute(
        _OPEN,
        {
            **_columns(cases, NewCase.__slots__),
            "configuration_version": configuration_version,
            "now": now,
        },
    )
    return result.rowcount


async def continue_cases(connection: AsyncConnection, additions: Sequence[Continuation]) -> None:
    """Add these mentions to their cases, which this transaction has locked or opened."""
    if additions:
        await connection.execute(_CONTINUE, _columns(additions, Continuation.__slots__))


async def take_out(connection: AsyncConnection, case_id: UUID) -> None:
    """One mention less; a case without any must be closed in the same transaction, before."""
    await connection.execute(_TAKE_OUT, {"case_id": case_id})


async def relabel(
    connection: AsyncConnection, case_id: UUID, decision: str, *, alone: Facts | None
) -> None:
    """Store what the case is about now; `alone` are the facts of its only mention."""
    await connection.execute(
        _RELABEL,
        {
            "case_id": case_id,
            "decision": decision,
            "kind": alone.kind if alone else None,
            "abusive": alone.abusive if alone else None,
            "urgent": alone.urgent if alone else None,
        },
    )


def _columns(rows: Sequence[object], names: Sequence[str]) -> Mapping[str, list[object]]:
    return {name: [getattr(row, name) for row in rows] for name in names}
