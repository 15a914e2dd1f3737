"""Changes of department queries: asked, reminded, answered, withdrawn, and what comes next (S68).

Their cases are locked by the caller; reading them is department_queries.py.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from router.domain.claims import Person
from router.domain.departments import NextStep, Question

_ADD = text(
    """
    insert into department_query (
        query_id, case_id, conversation_id, issue_id, department, question, origin,
        is_free_wording_allowed, link, reach, priority, configuration_version, asked_by_id,
        asked_by_name, asked_at, remind_at, due_at, reply_token
    ) values (
        :query_id, :case_id, :conversation_id, :issue_id, :department, :question, 'social',
        :is_free_wording_allowed, :link, :reach, :priority, :configuration_version, :asked_by_id,
        :asked_by_name, :asked_at, :remind_at, :due_at, :reply_token
    )
    """
)


_ADD_TO_ANSWER = text(
    """
    update department_query set answer = answer || chr(10) || chr(10) || :answer
    where query_id = :query_id
    """
)


_ANSWER = text(
    """
    update department_query set state = 'answered', answer = :answer, answered_by = :answered_by,
        answered_via = :via, answered_at = :at
    where query_id = :query_id
    """
)


_WITHDRAW = text("update department_query set state = 'withdrawn' where query_id = :query_id")


_NEXT_STEP = text(
    """
    update department_query set next_step = :step, next_step_by_id = :by_id,
        next_step_by_name = :by_name, next_step_at = :at
    where query_id = :query_id
    """
)


_REMINDED = text(
    """
    update department_query set reminded_at = :at
    where query_id = any(cast(:query_ids as uuid[]))
    """
)


_SEEN = text(
    """
    insert into department_answer_seen (message_key, query_id, seen_at)
    values (:message_key, :query_id, :at) on conflict do nothing
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQuery:
    """A query that begins."""

    query_id: UUID
    case_id: UUID
    conversation_id: UUID
    issue_id: UUID | None
    department: str
    question: Question
    is_free_wording_allowed: bool
    configuration_version: int
    asked_by: Person
    asked_at: datetime
    remind_at: datetime
    due_at: datetime
    reply_token: str


async def add(connection: AsyncConnection, query: NewQuery) -> None:
    """Store a query that begins."""
    await connection.execute(
        _ADD,
        {
            "query_id": query.query_id,
            "case_id": query.case_id,
            "conversation_id": query.conversation_id,
            "issue_id": query.issue_id,
            "department": query.department,
            "question": query.question.text,
            "is_free_wording_allowed": query.is_free_wording_allowed,
            "link": query.question.link,
            "reach": query.question.reach,
            "priority": query.question.priority.value,
            "configuration_version": query.configuration_version,
            "asked_by_id": query.asked_by.id,
            "asked_by_name": query.asked_by.name,
            "asked_at": query.asked_at,
            "remind_at": query.remind_at,
            "due_at": query.due_at,
            "reply_token": query.reply_token,
        },
    )


async def answer(
    connection: AsyncConnection,
    query_id: UUID,
    text_: str,
    *,
    answered_by: str,
    via: str,
    at: datetime,
) -> None:
    """Store the department's answer."""
    await connection.execute(
        _ANSWER,
        {"query_id": query_id, "answer": text_, "answered_by": answered_by, "via": via, "at": at},
    )


async def add_to_answer(connection: AsyncConnection, query_id: UUID, text_: str) -> None:
    """The department wrote once more: nothing of it is lost."""
    await connection.execute(_ADD_TO_ANSWER, {"query_id": query_id, "answer": text_})


async def withdraw(connection: AsyncConnection, query_id: UUID) -> None:
    """Nobody waits any more."""
    await connection.execute(_WITHDRAW, {"query_id": query_id})


async def choose(
    connection: AsyncConnection, query_id: UUID, step: NextStep, *, by: Person, at: datetime
) -> None:
    """Store what the asker does with the answer."""
    await connection.execute(
        _NEXT_STEP,
        {"query_id": query_id, "step": step.value, "by_id": by.id, "by_name": by.name, "at": at},
    )


async def reminded(
    connection: AsyncConnection, query_ids: Collection[UUID], *, at: datetime
) -> None:
    """The departments were reminded."""
    await connection.execute(_REMINDED, {"query_ids": list(query_ids), "at": at})


async def first_seen(
    connection: AsyncConnection, message_key: str, query_id: UUID | None, *, at: datetime
) -> bool:
    """Whether this mail or webhook comes for the first time; from now on it does not."""
    result = await connection.execute(
        _SEEN, {"message_key": message_key, "query_id": query_id, "at": at}
    )
    return result.rowcount == 1
