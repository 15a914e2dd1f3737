"""Attacks on the history: refused to the service's role, found where a superuser did it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from audit_builders import append, life_of, mention

from audit.domain.chain import Break
from audit.handlers.verify_history import verify_all, verify_conversation, verify_some
from common.db.unit_of_work import UnitOfWorkFactory

pytestmark = pytest.mark.postgres
VICTIM = mention("p2").conversation_id


@pytest.fixture(autouse=True)
async def history(units: UnitOfWorkFactory) -> None:
    for number in range(1, 4):
        await append(units, life_of(mention(f"p{number}")))


@pytest.fixture
async def service(service_dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """The service's own role, as somebody with its password would come."""
    connection = await asyncpg.connect(service_dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def superuser(admin_dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(admin_dsn)
    await connection.execute("set search_path = audit")
    yield connection
    await connection.close()


async def without_triggers(connection: asyncpg.Connection[Any], *statements: str) -> None:
    """What somebody can do who owns the tables."""
    for table in ("entry", "chain_head", "case_filing", "mention_filing"):
        await connection.execute(f"alter table {table} disable trigger user")
    for statement in statements:
        await connection.execute(statement)
    for table in ("entry", "chain_head", "case_filing", "mention_filing"):
        await connection.execute(f"alter table {table} enable trigger user")


REFUSED_TO_THE_SERVICE = (
    "update entry set body = '\\x00' where seq = 1",
    "update entry set actor = 'dev|tom'",
    "delete from entry",
    "delete from entry where false",
    "truncate entry",
    "truncate entry cascade",
    "delete from chain_head",
    "truncate chain_head",
    "update chain_head set seq = seq - 1",
    "update chain_head set seq = 0, hash = decode(repeat('00', 32), 'hex')",
    "update chain_head set hash = sha256(hash)",
    "update chain_head set seq = seq + 1",
    "update chain_head set conversation_id = gen_random_uuid()",
    "insert into chain_head values (gen_random_uuid(), 3, sha256('x'))",
    "update case_filing set conversation_id = gen_random_uuid()",
    "delete from mention_filing",
    "set session_replication_role = replica",
    "alter table entry disable trigger all",
    "alter table entry disable trigger user",
    "drop trigger entry_stays on entry",
    "drop table entry",
    "alter table entry owner to ombud_audit",
    """create or replace function refuse_change() returns trigger language plpgsql
       as 'begin return new; end'""",
    "create table entry2 (id int)",
)


async def test_the_role_of_the_service_cannot_change_the_past(
    service: asyncpg.Connection[Any], units: UnitOfWorkFactory
) -> None:
    for attack in REFUSED_TO_THE_SERVICE:
        try:
            await service.execute(attack)
        except (asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError):
            continue
        pytest.fail(f"not refused: {attack}")
    # PostgreSQL only warns here: what counts is that nothing was granted.
    await service.execute("grant delete on entry to ombud_audit")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("delete from entry")
    report = await verify_all(units)
    assert report.is_intact
    assert report.entries == 12


ADD = """
    insert into entry (conversation_id, seq, event_id, topic, type, subject, at, recorded_at, body,
                       prev, hash)
    select $1, $2, gen_random_uuid(), 't', 'x', 's', now(), now(), '', {prev}, sha256('x')
"""
LAST_HASH = "(select hash from entry where conversation_id = $1 and seq = 4)"


async def test_the_role_of_the_service_cannot_add_what_does_not_continue(
    service: asyncpg.Connection[Any], units: UnitOfWorkFactory
) -> None:
    for seq, prev in (
        (5, "sha256('not the last hash')"),
        (6, LAST_HASH),
        (4, LAST_HASH),
        (1, "decode(repeat('00', 32), 'hex')"),
        (0, LAST_HASH),
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await service.execute(ADD.format(prev=prev), VICTIM, seq)
    assert (await verify_all(units)).is_intact


async def test_an_entry_that_the_service_did_not_hash_right_is_found(
    service: asyncpg.Connection[Any], units: UnitOfWorkFactory
) -> None:
    await service.execute(ADD.format(prev=LAST_HASH), VICTIM, 5)
    found = {(finding.kind, finding.seq) for finding in (await verify_all(units)).findings}
    assert found == {(Break.CHANGED, 5), (Break.HEAD_BEHIND, 4), (Break.COUNT_DIFFERS, None)}


@pytest.mark.parametrize(
    "attack", ["delete from entry", "update entry set subject = 'x'", "truncate entry"]
)
async def test_a_superuser_in_replica_mode_still_meets_the_triggers(
    superuser: asyncpg.Connection[Any], attack: str
) -> None:
    await superuser.execute("set session_replication_role = replica")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await superuser.execute(attack)


DAMAGE: tuple[tuple[str, set[Break]], ...] = (
    (
        """update entry set body = overlay(body placing '\\x20' from 5)
           where conversation_id = '{victim}' and seq = 2""",
        {Break.CHANGED},
    ),
    (
        "update entry set actor = 'dev|tom' where conversation_id = '{victim}' and seq = 4",
        {Break.CHANGED},
    ),
    (
        """update entry set at = at + interval '1 microsecond'
           where conversation_id = '{victim}' and seq = 1""",
        {Break.CHANGED},
    ),
    (
        "delete from entry where conversation_id = '{victim}' and seq = 2",
        {Break.GAP, Break.COUNT_DIFFERS},
    ),
    (
        "delete from entry where conversation_id = '{victim}' and seq = 4",
        {Break.TRUNCATED, Break.COUNT_DIFFERS},
    ),
    (
        "delete from entry where conversation_id = '{victim}'",
        {Break.TRUNCATED, Break.COUNT_DIFFERS},
    ),
    (
        "delete from chain_head where conversation_id = '{victim}'",
        {Break.HEAD_MISSING, Break.UNPLACED},
    ),
    (
        """update entry set seq = case seq when 2 then 103 when 3 then 2 else seq end
           where conversation_id = '{victim}';
           update entry set seq = 3 where seq = 103""",
        {Break.CHANGED, Break.UNLINKED},
    ),
    (
        """update entry set conversation_id = '00000000-0000-0000-0000-000000000001'
           where conversation_id = '{victim}'""",
        {Break.TRUNCATED, Break.HEAD_MISSING, Break.CHANGED, Break.MISFILED},
    ),
    ("delete from case_filing where conversation_id = '{victim}'", {Break.MISFILED}),
    ("delete from mention_filing where conversation_id = '{victim}'", {Break.MISFILED}),
    (
        """update case_filing set conversation_id = (
               select h.conversation_id from chain_head h
               where h.conversation_id <> '{victim}' limit 1)
           where conversation_id = '{victim}'""",
        {Break.MISFILED},
    ),
    (
        """delete from entry where conversation_id = '{victim}' and seq = 4;
           update chain_head h set seq = 3, hash = e.hash from entry e
           where h.conversation_id = '{victim}' and e.conversation_id = '{victim}'
             and e.seq = 3""",
        {Break.COUNT_DIFFERS},
    ),
    (
        """delete from entry where conversation_id = '{victim}';
           delete from chain_head where conversation_id = '{victim}'""",
        {Break.COUNT_DIFFERS, Break.UNPLACED},
    ),
    (
        """delete from entry where conversation_id = '{victim}';
           delete from chain_head where conversation_id = '{victim}';
           delete from case_filing where conversation_id = '{victim}';
           delete from mention_filing where conversation_id = '{victim}'""",
        {Break.COUNT_DIFFERS},
    ),
)


@pytest.mark.parametrize(("attack", "expected"), DAMAGE)
async def test_what_the_owner_of_the_tables_did_is_found(
    superuser: asyncpg.Connection[Any],
    units: UnitOfWorkFactory,
    attack: str,
    expected: set[Break],
) -> None:
    await without_triggers(superuser, attack.format(victim=VICTIM))
    report = await verify_all(units)
    assert not report.is_intact
    assert {finding.kind for finding in report.findings} == expected
    untouched = {mention("p1").conversation_id, mention("p3").conversation_id}
    assert untouched.isdisjoint({finding.conversation_id for finding in report.findings})


async def test_one_chain_and_portions_can_be_verified(
    superuser: asyncpg.Connection[Any], units: UnitOfWorkFactory
) -> None:
    await without_triggers(
        superuser, f"update entry set subject = 'x' where conversation_id = '{VICTIM}' and seq = 1"
    )
    assert not (await verify_conversation(units, VICTIM)).is_intact
    assert (await verify_conversation(units, mention("p1").conversation_id)).is_intact
    after, chains, broken = None, 0, 0
    for _ in range(10):
        report = await verify_some(units, after=after, limit=1)
        chains, broken, after = (
            chains + report.chains,
            broken + report.broken_chains,
            report.next_after,
        )
        if after is None:
            break
    assert (chains, broken) == (3, 1)


async def test_the_api_and_the_command_say_what_is_broken(
    superuser: asyncpg.Connection[Any],
    client: httpx.AsyncClient,
    lead: dict[str, str],
    service_dsn: str,
) -> None:
    environment = {
        **os.environ,
        "OMBUD_DATABASE_URL": service_dsn,
        "OMBUD_KAFKA_BOOTSTRAP": "unused:1",
    }
    command = [sys.executable, "-m", "audit", "verify", "--json"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    fine = run()
    assert fine.returncode == 0, fine.stderr
    assert '"verified": true' in fine.stdout
    assert (await client.get("/verify", headers=lead)).json()["verified"] is True

    await without_triggers(
        superuser, f"delete from entry where conversation_id = '{VICTIM}' and seq = 2"
    )
    broken = run()
    assert broken.returncode == 1
    assert '"gap"' in broken.stdout
    answer = (await client.get("/verify", headers=lead)).json()
    assert answer["verified"] is False
    assert answer["broken_chains"] == 1
    assert {"kind": "gap", "conversation_id": str(VICTIM), "seq": 3, "about": None} in answer[
        "breaks"
    ]
    one = await client.get(f"/verify?conversation_id={VICTIM}", headers=lead)
    assert one.json()["verified"] is False
