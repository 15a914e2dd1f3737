"""Four eyes against the service's own role: what SQL may not do, whatever the code wanted (R3).

Every attack runs on a connection of the role that the service uses, after a set-up with the same
role; each must be refused by the database, and none may change the ledger.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from responder.domain.content import Content
from responder.domain.words import Audience, Kind

pytestmark = pytest.mark.postgres
REFUSED = (
    asyncpg.CheckViolationError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
)


def content(text: str, *, visibility: Audience = Audience.PUBLIC) -> Content:
    return Content(
        network="simulated",
        account="motorrad_ag",
        in_reply_to="p1",
        visibility=visibility,
        kind=Kind.ANSWER,
        text=text,
    )


R1, R2 = content("Wir melden uns gleich."), content("Wir melden uns morgen.")


class FourEyesDesk:
    """The steps of a reply as plain SQL, without any of the service's code."""

    def __init__(self, connection: asyncpg.Connection[Any], draft_id: UUID) -> None:
        self.sql = connection
        self.draft_id = draft_id

    async def write(self, number: int, what: Content, *, author: str = "dev|anna") -> None:
        await self.sql.execute(
            "insert into revision(draft_id, revision, network, account, in_reply_to, visibility,"
            " kind, text, content_hash, author_id, author_name)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'X')",
            self.draft_id,
            number,
            what.network,
            what.account,
            what.in_reply_to,
            what.visibility.value,
            what.kind.value,
            what.text,
            what.hash,
            author,
        )

    async def submit(self, number: int, what: Content, *, review: str = "required") -> None:
        await self.sql.execute(
            "insert into submission(draft_id, revision, content_hash, review, actor_id, actor_name)"
            " values ($1, $2, $3, $4, 'dev|anna', 'X')",
            self.draft_id,
            number,
            what.hash,
            review,
        )

    async def approve(self, number: int, what: Content, *, reader: str = "dev|ben") -> None:
        await self.sql.execute(
            "insert into approval(draft_id, revision, content_hash, actor_id, actor_name)"
            " values ($1, $2, $3, $4, 'X')",
            self.draft_id,
            number,
            what.hash,
            reader,
        )

    async def dispatch(self, number: int, what: Content, *, network: str = "simulated") -> UUID:
        dispatch_id = uuid4()
        await self.sql.execute(
            "insert into dispatch(dispatch_id, draft_id, revision, content_hash, network,"
            " idempotency_key) values ($1, $2, $3, $4, $5, $6)",
            dispatch_id,
            self.draft_id,
            number,
            what.hash,
            network,
            str(dispatch_id),
        )
        return dispatch_id

    async def move(self, dispatch_id: UUID, assignments: str) -> None:
        """Update the dispatch; it must be there."""
        done = await self.sql.execute(
            f"update dispatch set {assignments} where dispatch_id = $1", dispatch_id
        )
        assert done == "UPDATE 1"

    async def approved(self) -> None:
        """Revision 1 by Anna, submitted, approved by Ben."""
        await self.write(1, R1)
        await self.submit(1, R1)
        await self.approve(1, R1)

    async def in_state(self, state: str) -> UUID:
        """A dispatch of revision 1 in this state of the ledger."""
        await self.approved()
        dispatch_id = await self.dispatch(1, R1)
        if state != "pending":
            await self.move(dispatch_id, CLAIM)
        if state not in ("pending", "sending"):
            await self.move(dispatch_id, ENDINGS[state])
        return dispatch_id


CLAIM = (
    "state = 'sending', fence = fence + 1, attempt = attempt + 1,"
    " lease_until = now() + interval '1 min', sending_at = now()"
)
ENDINGS = {
    "sent": "state = 'sent', platform_id = idempotency_key, lease_until = null",
    "failed": "state = 'failed', last_error = 'http_422', lease_until = null",
    "unknown": "state = 'unknown', last_error = 'timed_out', lease_until = null",
}


@pytest.fixture
async def desk(admin_dsn: str, service_dsn: str) -> AsyncIterator[FourEyesDesk]:
    connection = await asyncpg.connect(service_dsn)
    case_id, draft_id = uuid4(), uuid4()
    await connection.execute(
        "insert into case_context(case_id, conversation_id, network, in_reply_to, visibility,"
        " customer_id, customer_handle, mention_texts, team)"
        " values ($1, $1, 'simulated', 'p1', 'public', 'a1', '@karla', '{}', 'social_support')",
        case_id,
    )
    await connection.execute(
        "insert into draft(draft_id, case_id, conversation_id) values ($1, $2, $2)",
        draft_id,
        case_id,
    )
    yield FourEyesDesk(connection, draft_id)
    await connection.close()
    owner = await asyncpg.connect(admin_dsn)
    assert await owner.fetchval("select count(*) from responder.four_eyes_violation") == 0
    await owner.close()


async def test_the_straight_way_is_open(desk: FourEyesDesk) -> None:
    dispatch_id = await desk.in_state("sent")
    row = await desk.sql.fetchrow("select * from dispatch where dispatch_id = $1", dispatch_id)
    assert row is not None
    assert (row["state"], row["platform_id"]) == ("sent", str(dispatch_id))


async def test_an_approval_of_own_text(desk: FourEyesDesk) -> None:
    await desk.write(1, R1)
    await desk.submit(1, R1)
    with pytest.raises(REFUSED, match="own text"):
        await desk.approve(1, R1, reader="dev|anna")


async def test_an_approval_by_the_author_of_an_earlier_revision(desk: FourEyesDesk) -> None:
    await desk.write(1, R1)
    await desk.write(2, R2, author="dev|ben")
    await desk.submit(2, R2)
    with pytest.raises(REFUSED, match="own text"):
        await desk.approve(2, R2, reader="dev|anna")


async def test_an_approval_by_the_editor_of_an_approved_text(desk: FourEyesDesk) -> None:
    await desk.approved()
    await desk.write(2, R2, author="dev|ben")
    await desk.submit(2, R2)
    with pytest.raises(REFUSED, match="own text"):
        await desk.approve(2, R2, reader="dev|ben")


@pytest.mark.parametrize("reader", ["dev|service:bot", "https://x|service-account-a", "ben", "|"])
async def test_an_approval_by_no_person(desk: FourEyesDesk, reader: str) -> None:
    await desk.write(1, R1)
    await desk.submit(1, R1)
    with pytest.raises(REFUSED):
        await desk.approve(1, R1, reader=reader)


async def test_a_revision_by_a_service_account(desk: FourEyesDesk) -> None:
    with pytest.raises(REFUSED):
        await desk.write(1, R1, author="dev|service:bot")


async def test_an_approval_of_another_hash(desk: FourEyesDesk) -> None:
    await desk.write(1, R1)
    await desk.submit(1, R1)
    with pytest.raises(REFUSED):
        await desk.approve(1, R2)


async def test_an_approval_before_submission(desk: FourEyesDesk) -> None:
    await desk.write(1, R1)
    with pytest.raises(REFUSED):
        await desk.approve(1, R1)


async def test_an_approval_of_an_older_revision(desk: FourEyesDesk) -> None:
    await desk.write(1, R1)
    await desk.submit(1, R1)
    await desk.write(2, R2)
    with pytest.raises(REFUSED, match="not the latest"):
        await desk.approve(1, R1)


async def test_a_hash_that_is_not_that_of_the_text(desk: FourEyesDesk) -> None:
    with pytest.raises(REFUSED, match="hash"):
        await desk.sql.execute(
            "insert into revision(draft_id, revision, network, account, in_reply_to, visibility,"
            " kind, text, content_hash, author_id, author_name) values ($1, 1, 'simulated',"
            " 'motorrad_ag', 'p1', 'public', 'answer', 'other words', $2, 'dev|anna', 'X')",
            desk.draft_id,
            R1.hash,
        )


async def test_a_public_text_handed_in_without_a_reader(desk: FourEyesDesk) -> None:
    await desk.write(1, R1)
    with pytest.raises(REFUSED, match="need a reader"):
        await desk.submit(1, R1, review="optional")


async def test_a_dispatch_without_an_approval(desk: FourEyesDesk) -> None:
    await desk.write(1, R1)
    with pytest.raises(REFUSED):
        await desk.dispatch(1, R1)
    await desk.submit(1, R1)
    with pytest.raises(REFUSED):
        await desk.dispatch(1, R1)


async def test_a_private_dispatch_that_was_to_be_read(desk: FourEyesDesk) -> None:
    private = content("Ihre Rahmennummer bitte.", visibility=Audience.PRIVATE)
    await desk.write(1, private)
    await desk.submit(1, private, review="required")
    with pytest.raises(REFUSED):
        await desk.dispatch(1, private)


async def test_a_private_dispatch_turned_public_by_an_edit(desk: FourEyesDesk) -> None:
    private = content("Wir melden uns gleich.", visibility=Audience.PRIVATE)
    await desk.write(1, private)
    await desk.submit(1, private, review="optional")
    await desk.write(2, R1)
    with pytest.raises(REFUSED):
        await desk.dispatch(2, R1)


async def test_a_dispatch_of_r2_with_the_approval_of_r1(desk: FourEyesDesk) -> None:
    await desk.approved()
    await desk.write(2, R2)
    for number, what in ((2, R2), (2, R1), (1, R1), (1, R2)):
        with pytest.raises(REFUSED):
            await desk.dispatch(number, what)
    await desk.submit(2, R2)
    with pytest.raises(REFUSED):
        await desk.dispatch(2, R2)


async def test_the_same_text_written_again_needs_a_reader_again(desk: FourEyesDesk) -> None:
    await desk.approved()
    await desk.write(2, R1, author="dev|cleo")
    await desk.submit(2, R1)
    with pytest.raises(REFUSED):
        await desk.dispatch(2, R1)


async def test_an_edit_voids_what_still_waits(desk: FourEyesDesk) -> None:
    dispatch_id = await desk.in_state("pending")
    await desk.write(2, R2)
    state = await desk.sql.fetchrow(
        "select state, last_error from dispatch where dispatch_id = $1", dispatch_id
    )
    assert state is not None
    assert tuple(state) == ("failed", "voided_by_revision")
    with pytest.raises(REFUSED):
        await desk.move(dispatch_id, CLAIM)


@pytest.mark.parametrize("state", ["sending", "sent", "unknown"])
async def test_an_edit_or_withdrawal_of_what_may_have_left(desk: FourEyesDesk, state: str) -> None:
    await desk.in_state(state)
    with pytest.raises(REFUSED):
        await desk.write(2, R2)
    with pytest.raises(REFUSED):
        await desk.sql.execute(
            "insert into withdrawal(draft_id, revision, reason, actor_id, actor_name)"
            " values ($1, 1, 'too late', 'dev|anna', 'X')",
            desk.draft_id,
        )


async def test_a_second_dispatch_beside_the_first(desk: FourEyesDesk) -> None:
    await desk.in_state("unknown")
    with pytest.raises(REFUSED):
        await desk.dispatch(1, R1)


async def test_a_dispatch_that_begins_as_sent_or_on_another_network(desk: FourEyesDesk) -> None:
    await desk.approved()
    with pytest.raises(REFUSED):
        await desk.sql.execute(
            "insert into dispatch(dispatch_id, draft_id, revision, content_hash, network,"
            " idempotency_key, state, platform_id) values ($1, $2, 1, $3, 'simulated', 'k',"
            " 'sent', 'post-9')",
            uuid4(),
            desk.draft_id,
            R1.hash,
        )
    with pytest.raises(REFUSED):
        await desk.dispatch(1, R1, network="other")


MOVES = (
    ("pending", "state = 'sent', platform_id = 'post-1'"),
    ("pending", "state = 'unknown', last_error = 'x'"),
    ("pending", "fence = 7"),
    ("pending", "state = 'sending', lease_until = now() + interval '1 min'"),
    (
        "pending",
        "state = 'sending', fence = 1, attempt = 1, lease_until = now() - interval '1 s'",
    ),
    ("sending", "state = 'pending', lease_until = null"),
    ("sending", "state = 'sent', platform_id = 'post-1', lease_until = null, fence = fence + 1"),
    ("sending", "state = 'sent', lease_until = null"),
    ("sending", "state = 'failed', lease_until = null"),
    ("sending", "lease_until = now() + interval '1 day'"),
    ("sent", "state = 'pending', platform_id = null"),
    ("sent", "platform_id = 'post-2'"),
    ("sent", "state = 'unknown', platform_id = null, last_error = 'x'"),
    ("failed", "state = 'pending'"),
    ("failed", "state = 'sent', platform_id = 'post-2'"),
    ("unknown", "state = 'pending'"),
    ("unknown", "state = 'pending', not_before = now() + interval '1 s', last_error = 'x'"),
    ("unknown", ("state = 'sending', fence = fence + 1, attempt = attempt + 1,"
     " lease_until = now() + interval '1 min'")),
    ("unknown", "state = 'sent', platform_id = 'post-2'"),
    ("unknown", "state = 'failed'"),
    ("unknown", "state = 'failed', resolution = 'x', resolved_by_id = 'read_back'"),
    ("unknown", "state = 'failed', resolution = 'x', resolved_by_id = 'dev|service:bot'"),
    ("unknown", "last_error = 'nothing to see here'"),
)  # fmt: skip


@pytest.mark.parametrize(("state", "assignments"), MOVES)
async def test_a_move_that_the_ledger_does_not_know(
    desk: FourEyesDesk, state: str, assignments: str
) -> None:
    dispatch_id = await desk.in_state(state)
    before = await desk.sql.fetchrow("select * from dispatch where dispatch_id = $1", dispatch_id)
    with pytest.raises(REFUSED):
        await desk.move(dispatch_id, assignments)
    after = await desk.sql.fetchrow("select * from dispatch where dispatch_id = $1", dispatch_id)
    assert after == before


async def test_a_person_settles_what_is_unknown(desk: FourEyesDesk) -> None:
    dispatch_id = await desk.in_state("unknown")
    await desk.move(
        dispatch_id,
        "state = 'failed', resolution = 'not there', resolved_by_id = 'dev|lea'",
    )


STATEMENTS = (
    "update revision set text = 'other words'",
    "update revision set author_id = 'dev|cleo'",
    "delete from revision",
    "truncate revision cascade",
    "update submission set review = 'optional'",
    "delete from submission",
    "update approval set actor_id = 'dev|cleo'",
    "update approval set content_hash = '\\x00'",
    "delete from approval",
    "truncate approval",
    "delete from rejection",
    "delete from withdrawal",
    "update draft set state = 'approved'",
    "update draft set latest_revision = 1",
    "delete from draft",
    "delete from dispatch",
    "truncate dispatch",
    "update dispatch set content_hash = '\\x00'",
    "update dispatch set revision = 2",
    "update dispatch set draft_id = gen_random_uuid()",
    "update dispatch set network = 'other'",
    "update dispatch set idempotency_key = 'other'",
    "alter table approval disable trigger all",
    "drop trigger approval_1_guard on approval",
    "drop table approval",
    (
        "create or replace function content_hash_of(text, text, text, text, text, text)"
        " returns bytea language sql as 'select null::bytea'"
    ),
    (
        "create or replace function require_cleared(uuid, int, bytea) returns void"
        " language sql as 'select'"
    ),
    "create table responder.anything(id int)",
    "set session_replication_role = replica",
    "set role postgres",
    "insert into revision(draft_id, revision, written_at) values (gen_random_uuid(), 1, now())",
    (
        "insert into draft(draft_id, case_id, conversation_id, state)"
        " select gen_random_uuid(), case_id, case_id, 'approved' from case_context"
    ),
)


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_a_statement_that_the_role_may_not_run(desk: FourEyesDesk, statement: str) -> None:
    await desk.in_state("sent")
    with pytest.raises((*REFUSED, asyncpg.PostgresError)) as refused:
        await desk.sql.execute(statement)
    assert not isinstance(refused.value, asyncpg.PostgresSyntaxError | asyncpg.UndefinedTableError)
    facts = await desk.sql.fetch(
        "select r.text, a.actor_id, d.state from revision r join approval a using (draft_id)"
        " join dispatch d using (draft_id) where draft_id = $1",
        desk.draft_id,
    )
    assert [tuple(fact) for fact in facts] == [(R1.text, "dev|ben", "sent")]


async def test_a_temporary_table_in_the_place_of_ours(desk: FourEyesDesk) -> None:
    await desk.write(1, R1)
    await desk.submit(1, R1)
    try:
        await desk.sql.execute(
            "create temporary table approval as select draft_id, revision, content_hash,"
            " 'dev|ben' as actor_id from submission"
        )
    except asyncpg.InsufficientPrivilegeError:
        return
    with pytest.raises(REFUSED):
        await desk.dispatch(1, R1)


async def test_the_database_computes_the_same_hash(desk: FourEyesDesk) -> None:
    for text in ("Grüße 🏍", "a\u0301", "x" * 5000, "mehr\nZeilen\t"):
        what = content(text)
        computed = await desk.sql.fetchval(
            "select content_hash_of($1, $2, $3, $4, $5, $6)",
            what.network,
            what.account,
            what.in_reply_to,
            what.visibility.value,
            what.kind.value,
            what.text,
        )
        assert computed == what.hash
