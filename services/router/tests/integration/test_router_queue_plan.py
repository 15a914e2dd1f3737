"""The queue's questions walk their indexes in due order; no question of a page reads them all.

Nor does what is asked for every batch of mentions.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import event

from common.db.unit_of_work import UnitOfWorkFactory
from router.storage import escalations, queue
from router.storage.queue import Filters, Worker

pytestmark = pytest.mark.postgres

FILL = """
    insert into router.cases (
        case_id, conversation_id, network, team, rule, reason, configuration_version, decision,
        kind, abusive, urgent, language, detected_at, opened_at, mentions, last_mention_at,
        next_due_at
    )
    select gen_random_uuid(), gen_random_uuid(), 'bluesky',
        (array['community_management', 'social_support'])[1 + n % 2], 'r', 'r', 1,
        (array['service', 'triage', 'non_service'])[1 + n % 3], 'problem', false, false, 'de',
        now(), now(), 1, now(),
        case when n % 3 = 2 then 'infinity' else now() + n * interval '1 s' end
    from generate_series(1, 20000) as n
"""
LAST = (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), UUID(int=7))


QUESTIONS: list[tuple[Any, Filters, str]] = [
    (None, Filters(), "cases_queue"),
    (None, Filters(team="social_support"), "cases_queue_of_team"),
    (["social_support"], Filters(), "cases_queue_of_team"),
    (["community_management", "social_support"], Filters(), "cases_queue"),
    (None, Filters(state="open"), "cases_queue"),
    (None, Filters(decision="triage", team="social_support"), "cases_queue_of_team"),
]


async def plan_of(units: UnitOfWorkFactory, question: Any) -> str:
    """The plan of the one statement that `question` sends."""
    sent: list[tuple[str, Any]] = []
    async with units.read() as connection:
        engine = connection.sync_connection

        def remember(_c: Any, _cur: Any, statement: str, parameters: Any, *_: Any) -> None:
            sent.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", remember)
        await question(connection)
        event.remove(engine, "before_cursor_execute", remember)
        ((statement, parameters),) = sent
        rows = await connection.exec_driver_sql(f"explain (format json) {statement}", parameters)
        (plan,) = rows.scalars()
    return json.dumps(plan)


async def test_pages_of_the_queue_and_the_next_case_walk_an_index_in_due_order(
    units: UnitOfWorkFactory, admin_dsn: str
) -> None:
    connection = await asyncpg.connect(admin_dsn)
    await connection.execute(FILL)
    await connection.execute("analyze router.cases")
    await connection.close()
    for teams, filters, index in QUESTIONS:
        for after in (None, LAST):
            plan = await plan_of(
                units,
                lambda c, t=teams, f=filters, a=after: queue.waiting(c, t, f, after=a, limit=51),
            )
            assert f'"Index Name": "{index}"' in plan, (teams, filters)
            assert "Sort" not in plan, (teams, filters)
            assert "Seq Scan" not in plan, (teams, filters)
    plan = await plan_of(
        units, lambda c: queue.next_free(c, ["social_support"], Worker(person_id="dev|mia"))
    )
    assert '"Index Name": "cases_queue' in plan
    assert "Sort" not in plan


async def test_contacts_are_counted_case_by_case_also_where_tables_were_small_when_it_was_planned(
    units: UnitOfWorkFactory,
) -> None:
    plan = await plan_of(
        units,
        lambda c: escalations.unanswered_contacts(
            c,
            {UUID(int=number): "u" for number in range(50)},
            now=LAST[0],
            within=timedelta(days=7),
        ),
    )
    assert '"Parent Relationship": "SubPlan"' in plan
    assert '"Index Name": "disposition_of_case"' in plan
