"""What must be true after everything that went wrong: counted in the services' own tables.

In the style of a Jepsen checker: the client's acknowledged ids against the final state.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import asyncpg

PLACED = (
    "router.case.opened.v1",
    "router.case.continued.v1",
    "router.mention.parked.v1",
    "router.own_post.recorded.v1",
)
STAGES = ("ingest.mention.received.v1", "classifier.mention.classified.v1", *PLACED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The counts that must all be zero, and how many mentions they were counted over."""

    mentions: int
    lost: int
    unasked: int
    in_two_places: int
    duplicate_cases: int
    history_missing: int
    history_twice: int
    inversions: int

    @property
    def is_clean(self) -> bool:
        return not any(
            (
                self.lost,
                self.unasked,
                self.in_two_places,
                self.duplicate_cases,
                self.history_missing,
                self.history_twice,
                self.inversions,
            )
        )


async def wait_until_settled(admin_url: str, expected: int, *, within_s: float) -> None:
    """Wait until every mention is placed and in the history; the verdict says what is missing."""
    deadline = time.monotonic() + within_s
    connection = await asyncpg.connect(admin_url)
    try:
        while time.monotonic() < deadline:
            placed = await connection.fetchval("select count(*) from router.disposition")
            kept = await connection.fetchval(
                "select coalesce(sum(entries), 0) from audit.type_count where type = any($1)",
                list(PLACED),
            )
            waiting = await connection.fetchval("select count(*) from router.outbox")
            if placed >= expected and kept >= expected and not waiting:
                return
            await asyncio.sleep(0.5)
    finally:
        await connection.close()


async def judge(admin_url: str, network: str, acknowledged: Collection[str]) -> Verdict:
    """Count everything that must not be."""
    connection = await asyncpg.connect(admin_url)
    try:
        return await _judge(connection, network, acknowledged)
    finally:
        await connection.close()


async def _judge(
    connection: asyncpg.Connection[Any], network: str, acknowledged: Collection[str]
) -> Verdict:
    async def count(query: str, *arguments: Any) -> int:
        return int(await connection.fetchval(query, *arguments))

    stored = await connection.fetch(
        "select m.native_id from ingest.mention m "
        "join router.disposition d on d.mention_id = m.mention_id where m.network = $1",
        network,
    )
    found = {row["native_id"] for row in stored}
    return Verdict(
        mentions=len(acknowledged),
        lost=len(set(acknowledged) - found),
        unasked=len(found - set(acknowledged)),
        in_two_places=await count(
            "select count(*) from (select mention_id from router.disposition "
            "group by mention_id having count(*) > 1) twice"
        ),
        duplicate_cases=await count(
            "select count(*) from (select conversation_id from router.cases "
            "where state <> 'closed' group by conversation_id having count(*) > 1) twice"
        ),
        history_missing=await count(
            "select count(*) from ingest.mention m left join ("
            "  select mention_id, bool_or(type = $1) and bool_or(type = $2)"
            "  and bool_or(type = any($3::text[])) as is_whole"
            "  from audit.entry where mention_id is not null group by mention_id"
            ") e using (mention_id) where e.is_whole is not true",
            *STAGES[:2],
            list(PLACED),
        ),
        history_twice=await count(
            "select count(*) from (select mention_id, "
            "case when type = any($1::text[]) then 'placed' else type end as stage "
            "from audit.entry where mention_id is not null and type = any($2::text[]) "
            "group by 1, 2 having count(*) > 1) twice",
            list(PLACED),
            list(STAGES),
        ),
        inversions=await _inversions(connection),
    )


async def _inversions(connection: asyncpg.Connection[Any]) -> int:
    """How often, within a conversation and a stage, a later post stands before an earlier one.

    The feed numbers the posts of a conversation in their native ids.
    """
    return int(
        await connection.fetchval(
            "select count(*) from (select native_id, lag(native_id) over "
            "(partition by e.conversation_id, stage order by e.seq) as before from ("
            "  select conversation_id, seq, mention_id, "
            "  case when type = any($1::text[]) then 'placed' else type end as stage "
            "  from audit.entry where type = any($2::text[])) e "
            "join ingest.mention m on m.mention_id = e.mention_id) numbered "
            "where before > native_id",
            list(PLACED),
            list(STAGES),
        )
    )
