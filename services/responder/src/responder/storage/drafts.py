"""Drafts, their wordings, and what readers decided. Rows are only ever added (migration 0001).

The guards in the database move a draft's state; this module never does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.content import Content
from responder.domain.drafts import Draft, Review, Revision
from responder.domain.persons import Person
from responder.domain.words import DispatchState, DraftState
from responder.storage.rows import approver_of, authors_of, content_of

_SELECT = """
    select d.*, r.revision, r.network, r.account, r.in_reply_to, r.visibility, r.kind, r.text,
           r.details,
           r.content_hash, r.author_id, r.author_name, r.written_at,
           a.actor_id as approver_id, a.actor_name as approver_name,
           (select array_agg(array[w.author_id, w.author_name] order by w.revision)
              from revision w where w.draft_id = d.draft_id) as authors,
           (select p.state from dispatch p where p.draft_id = d.draft_id
             order by p.revision desc limit 1) as dispatch
      from draft d
      join case_context c on c.case_id = d.case_id
      join revision r on r.draft_id = d.draft_id and r.revision = d.latest_revision
      left join approval a on a.draft_id = d.draft_id and a.revision = d.latest_revision
"""
_GET = text(_SELECT + " where d.draft_id = :draft_id")
_LOCK = text("select draft_id from lock_draft(:draft_id)")
_LOCK_DISPATCH = text(
    "select dispatch_id from dispatch where draft_id = :draft_id and state <> 'failed' for update"
)
_FIND = text(
    _SELECT
    + """
     where (cast(:state as text) is null or d.state = :state)
       and (cast(:case_id as uuid) is null or d.case_id = :case_id)
       and (cast(:teams as text[]) is null or c.team = any(cast(:teams as text[])))
       and (cast(:after_at as timestamptz) is null
            or (d.created_at, d.draft_id) > (:after_at, cast(:after_id as uuid)))
     order by d.created_at, d.draft_id limit :limit
    """
)
_WAITING = text(
    _SELECT
    + """
     where d.state = 'submitted'
       and not exists (select from revision w
                        where w.draft_id = d.draft_id and w.author_id = :reader)
       and (cast(:teams as text[]) is null or c.team = any(cast(:teams as text[])))
       and (cast(:after_at as timestamptz) is null
            or (d.submitted_at, d.draft_id) > (:after_at, cast(:after_id as uuid)))
     order by d.submitted_at, d.draft_id limit :limit
    """
)
_REVISIONS = text("select * from revision where draft_id = :draft_id order by revision")
_INSERT_DRAFT = text(
    "insert into draft(draft_id, case_id, conversation_id, lead_in_draft_id)"
    " values (:draft_id, :case_id, :key, :lead_in)"
)
_INSERT_REVISION = text(
    """
    insert into revision(draft_id, revision, network, account, in_reply_to, visibility, kind, text,
                         details, content_hash, author_id, author_name)
    values (:draft_id, :revision, :network, :account, :in_reply_to, :visibility, :kind, :text,
            :details, :content_hash, :author_id, :author_name)
    """
)
_SUBMIT = text(
    """
    insert into submission(draft_id, revision, content_hash, review, actor_id, actor_name)
    values (:draft_id, :revision, :content_hash, :review, :actor_id, :actor_name)
    """
)
_APPROVE = text(
    """
    insert into approval(draft_id, revision, content_hash, actor_id, actor_name)
    values (:draft_id, :revision, :content_hash, :actor_id, :actor_name)
    """
)
_REJECT = text(
    """
    insert into rejection(draft_id, revision, reason, reasons, actor_id, actor_name)
    values (:draft_id, :revision, :reason, :reasons, :actor_id, :actor_name)
    """
)
_WITHDRAW = text(
    """
    insert into withdrawal(draft_id, revision, reason, actor_id, actor_name)
    values (:draft_id, :revision, :reason, :actor_id, :actor_name)
    """
)

Place = tuple[Any, UUID] | None
"""Where a page begins: the last row's time and draft id."""


async def insert_draft(
    connection: AsyncConnection,
    draft_id: UUID,
    *,
    case_id: UUID,
    conversation_id: UUID,
    lead_in_draft_id: UUID | None = None,
) -> None:
    """Begin a draft, alone or as the private half of a pair; nothing before its first revision."""
    await connection.execute(
        _INSERT_DRAFT,
        {
            "draft_id": draft_id,
            "case_id": case_id,
            "key": conversation_id,
            "lead_in": lead_in_draft_id,
        },
    )


async def insert_revision(
    connection: AsyncConnection, draft_id: UUID, *, number: int, content: Content, author: Person
) -> None:
    """Add a wording. The database voids what was approved or pending before (guards)."""
    await connection.execute(
        _INSERT_REVISION,
        {
            "draft_id": draft_id,
            "revision": number,
            "network": content.network,
            "account": content.account,
            "in_reply_to": content.in_reply_to,
            "visibility": content.visibility.value,
            "kind": content.kind.value,
            "text": content.text,
            "details": content.details,
            "content_hash": content.hash,
            "author_id": author.id,
            "author_name": author.name,
        },
    )


async def insert_submission(
    connection: AsyncConnection, draft: Draft, *, actor: Person, review: Review
) -> None:
    """Hand the latest wording in."""
    await connection.execute(_SUBMIT, {**_step(draft, actor), "review": review.value})


async def insert_approval(connection: AsyncConnection, draft: Draft, *, actor: Person) -> None:
    """Approve the latest wording; refused by the guard unless all of S58 holds."""
    await connection.execute(_APPROVE, _step(draft, actor))


async def insert_rejection(
    connection: AsyncConnection, draft: Draft, *, actor: Person, reasons: Sequence[str]
) -> None:
    """Send the latest wording back, for these reasons."""
    said = {"reason": "\n".join(reasons), "reasons": list(reasons)}
    await connection.execute(_REJECT, {**_step(draft, actor), **said})


async def insert_withdrawal(
    connection: AsyncConnection, draft: Draft, *, actor: Person, reason: str
) -> None:
    """Take the draft back for good; a dispatch that still waits is void (guards)."""
    await connection.execute(_WITHDRAW, {**_step(draft, actor), "reason": reason})


async def lock_draft(connection: AsyncConnection, draft_id: UUID) -> Draft | None:
    """The draft, locked until the transaction ends: edits, approvals and dispatches queue here.

    A dispatch that waits is locked too, so that no dispatcher claims it while its text is judged.
    """
    # One statement after the other: each sees what those it waited for have committed.
    await connection.execute(_LOCK, {"draft_id": draft_id})
    await connection.execute(_LOCK_DISPATCH, {"draft_id": draft_id})
    return await get_draft(connection, draft_id)


async def get_draft(connection: AsyncConnection, draft_id: UUID) -> Draft | None:
    row = (await connection.execute(_GET, {"draft_id": draft_id})).one_or_none()
    return _draft(row) if row else None


async def find_drafts(
    connection: AsyncConnection,
    *,
    state: DraftState | None,
    case_id: UUID | None,
    teams: Collection[str] | None,
    after: Place,
    limit: int,
) -> Sequence[Draft]:
    """Drafts of these teams' cases (None: all) in order of creation, after `after`."""
    parameters = {
        "state": state.value if state else None,
        "case_id": case_id,
        "teams": _sorted(teams),
        "limit": limit,
    }
    rows = await connection.execute(_FIND, parameters | _place(after))
    return [_draft(row) for row in rows]


async def waiting_for_reader(
    connection: AsyncConnection,
    reader_id: str,
    *,
    teams: Collection[str] | None,
    after: Place,
    limit: int,
) -> Sequence[Draft]:
    """Submitted drafts of which this reader wrote nothing, longest waiting first."""
    wanted = {"reader": reader_id, "teams": _sorted(teams), "limit": limit}
    rows = await connection.execute(_WAITING, wanted | _place(after))
    return [_draft(row) for row in rows]


async def revisions_of(connection: AsyncConnection, draft_id: UUID) -> Sequence[Revision]:
    """Every wording of the draft, the first one first."""
    rows = await connection.execute(_REVISIONS, {"draft_id": draft_id})
    return [_revision(row) for row in rows]


def _sorted(teams: Collection[str] | None) -> list[str] | None:
    return None if teams is None else sorted(teams)


def _place(after: Place) -> dict[str, Any]:
    return {"after_at": after[0] if after else None, "after_id": after[1] if after else None}


def _step(draft: Draft, actor: Person) -> dict[str, Any]:
    return {
        "draft_id": draft.draft_id,
        "revision": draft.latest.number,
        "content_hash": draft.latest.content_hash,
        "actor_id": actor.id,
        "actor_name": actor.name,
    }


def _draft(row: Row[Any]) -> Draft:
    return Draft(
        draft_id=row.draft_id,
        case_id=row.case_id,
        conversation_id=row.conversation_id,
        state=DraftState(row.state),
        version=row.version,
        latest=_revision(row),
        authors=authors_of(row.authors),
        approver=approver_of(row),
        dispatch=DispatchState(row.dispatch) if row.dispatch else None,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        lead_in_draft_id=row.lead_in_draft_id,
    )


def _revision(row: Row[Any]) -> Revision:
    return Revision(
        number=row.revision,
        content=replace(content_of(row), details=row.details),
        content_hash=bytes(row.content_hash),
        author=Person(row.author_id, row.author_name),
        written_at=row.written_at,
    )
