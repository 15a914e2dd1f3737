"""What the gates said of each revision, what was lifted or confirmed, and the accounts' policies.

Rows are only added (migration "gates"); the last check of a revision is the one that counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.persons import Person

_INSERT_CHECK = text(
    """
    insert into gate_check(draft_id, revision, number, findings, individuality, takes_up_case,
                           redirects)
    select :draft_id, :revision, coalesce(max(number), 0) + 1, cast(:findings as jsonb),
           :individuality, :takes_up_case, :redirects
      from gate_check where draft_id = :draft_id and revision = :revision
    """
)
_LAST = text(
    """
    select * from gate_check where draft_id = :draft_id and revision = :revision
     order by number desc limit 1
    """
)
_LIFTS = text(
    "select * from gate_lift where draft_id = :draft_id and revision = :revision order by rule"
)
_LIFT = text(
    """
    insert into gate_lift(draft_id, revision, rule, reason, actor_id, actor_name)
    values (:draft_id, :revision, :rule, :reason, :actor_id, :actor_name)
        on conflict do nothing
    """
)
_CONFIRM = text(
    """
    insert into gate_confirmation(draft_id, revision, rule, actor_id, actor_name)
    select :draft_id, :revision, rule, :actor_id, :actor_name
      from unnest(cast(:rules as text[])) as r(rule)
        on conflict do nothing
    """
)
_CONFIRMED = text(
    """
    select rule from gate_confirmation
     where draft_id = :draft_id and revision = :revision
       and (cast(:actor_id as text) is null or actor_id = :actor_id)
    """
)
_POLICY = text("select * from gate_policy where account = :account order by version desc limit 1")
_POLICIES = text("select distinct on (account) * from gate_policy order by account, version desc")
_INSERT_POLICY = text(
    """
    insert into gate_policy(account, version, document, reason, actor_id, actor_name)
    values (:account, :version, cast(:document as jsonb), :reason, :actor_id, :actor_name)
    """
)
_RECENT = text(
    """
    select r.text from dispatch p
      join revision r on r.draft_id = p.draft_id and r.revision = p.revision
     where p.state = 'sent' and r.account = :account and r.visibility = 'public'
       and p.draft_id <> :draft_id
     order by p.finished_at desc nulls last limit :limit
    """
)
_REPEATED = text(
    """
    with sent as (
        select distinct on (p.draft_id) p.draft_id, r.text, p.finished_at
          from dispatch p join revision r on r.draft_id = p.draft_id and r.revision = p.revision
         where p.state = 'sent' and r.visibility = 'public'
           and (cast(:account as text) is null or r.account = :account)
         order by p.draft_id, p.finished_at desc)
    select min(text) as text, count(*) as times, max(finished_at) as last_at
      from sent
     group by regexp_replace(lower(text), '[^[:alpha:]]+', ' ', 'g')
    having count(*) > 1
     order by times desc, last_at desc limit :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The last check of a revision. `findings` are JSON objects as they were shown."""

    findings: Sequence[Mapping[str, Any]]
    individuality: float
    takes_up_case: bool
    redirects: int
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """Who let a wording pass a rule that blocked it, and why."""

    rule: str
    reason: str
    actor: Person
    lifted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A version of an account's policy; `document` has the members of the API."""

    account: str
    version: int
    document: Mapping[str, Any]
    reason: str
    actor: Person
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A wording that left more than once (S78)."""

    text: str
    times: int
    last_at: datetime


async def insert_check(
    connection: AsyncConnection, draft_id: UUID, *, revision: int, checked: Checked
) -> None:
    """Add a check; the draft's row is locked by the caller."""
    await connection.execute(
        _INSERT_CHECK,
        {
            "draft_id": draft_id,
            "revision": revision,
            "findings": json.dumps(list(checked.findings)),
            "individuality": checked.individuality,
            "takes_up_case": checked.takes_up_case,
            "redirects": checked.redirects,
        },
    )


async def last_check(
    connection: AsyncConnection, draft_id: UUID, *, revision: int
) -> Checked | None:
    """What was found last, or None where the revision was never checked."""
    row = (
        await connection.execute(_LAST, {"draft_id": draft_id, "revision": revision})
    ).one_or_none()
    if row is None:
        return None
    return Checked(
        findings=row.findings,
        individuality=round(row.individuality, 3),
        takes_up_case=row.takes_up_case,
        redirects=row.redirects,
        checked_at=row.checked_at,
    )


async def lifts_of(connection: AsyncConnection, draft_id: UUID, *, revision: int) -> Sequence[Lift]:
    """What was lifted for this revision."""
    rows = await connection.execute(_LIFTS, {"draft_id": draft_id, "revision": revision})
    return [
        Lift(
            rule=row.rule,
            reason=row.reason,
            actor=Person(row.actor_id, row.actor_name),
            lifted_at=row.lifted_at,
        )
        for row in rows
    ]


async def insert_lift(
    connection: AsyncConnection,
    draft_id: UUID,
    *,
    revision: int,
    rule: str,
    reason: str,
    actor: Person,
) -> bool:
    """Lift a rule; False where it was lifted before. Refused by the guard for authors."""
    result = await connection.execute(
        _LIFT,
        {
            "draft_id": draft_id,
            "revision": revision,
            "rule": rule,
            "reason": reason,
            "actor_id": actor.id,
            "actor_name": actor.name,
        },
    )
    return bool(result.rowcount)


async def insert_confirmations(
    connection: AsyncConnection,
    draft_id: UUID,
    *,
    revision: int,
    rules: Sequence[str],
    actor: Person,
) -> None:
    """Note that this person said yes to the findings of these rules."""
    await connection.execute(
        _CONFIRM,
        {
            "draft_id": draft_id,
            "revision": revision,
            "rules": list(rules),
            "actor_id": actor.id,
            "actor_name": actor.name,
        },
    )


async def confirmed_rules(
    connection: AsyncConnection, draft_id: UUID, *, revision: int, actor_id: str | None = None
) -> frozenset[str]:
    """The rules that this person, or anybody, confirmed for the revision."""
    wanted = {"draft_id": draft_id, "revision": revision, "actor_id": actor_id}
    return frozenset((await connection.execute(_CONFIRMED, wanted)).scalars())


async def policy_of(connection: AsyncConnection, account: str) -> StoredPolicy | None:
    """The account's policy in force, None where the defaults hold."""
    row = (await connection.execute(_POLICY, {"account": account})).one_or_none()
    return _policy(row) if row else None


async def all_policies(connection: AsyncConnection) -> Sequence[StoredPolicy]:
    """The policies in force, by account."""
    return [_policy(row) for row in await connection.execute(_POLICIES)]


async def insert_policy(connection: AsyncConnection, policy: StoredPolicy) -> None:
    """Put a version in force; a version that exists raises an integrity error."""
    await connection.execute(
        _INSERT_POLICY,
        {
            "account": policy.account,
            "version": policy.version,
            "document": json.dumps(policy.document),
            "reason": policy.reason,
            "actor_id": policy.actor.id,
            "actor_name": policy.actor.name,
        },
    )


async def recent_replies(
    connection: AsyncConnection, account: str, *, but: UUID, limit: int
) -> tuple[str, ...]:
    """The account's latest public replies, the newest first, those of one draft left out (S77)."""
    wanted = {"account": account, "draft_id": but, "limit": limit}
    return tuple((await connection.execute(_RECENT, wanted)).scalars())


async def most_repeated(
    connection: AsyncConnection, *, account: str | None, limit: int
) -> Sequence[Repeated]:
    """Wordings that left more than once, the most frequent first; numbers and signs aside."""
    rows = await connection.execute(_REPEATED, {"account": account, "limit": limit})
    return [Repeated(row.text, row.times, row.last_at) for row in rows]


def _policy(row: Row[Any]) -> StoredPolicy:
    return StoredPolicy(
        account=row.account,
        version=row.version,
        document=row.document,
        reason=row.reason,
        actor=Person(row.actor_id, row.actor_name),
        changed_at=row.changed_at,
    )
