"""Solved cases, references and suggestions: what helps to write, and is never text by itself (S80).

Found by full text (German, English, and the words as they stand) and by trigrams, so that a
misspelt or a compound word finds its case too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.persons import Person

# Any of the words, not all of them: the rank decides what comes first.
_WANTED = """
    with wanted as (
        select replace(cast(plainto_tsquery('german', :query) as text), '&', '|')::tsquery
            || replace(cast(plainto_tsquery('english', :query) as text), '&', '|')::tsquery
            || replace(cast(plainto_tsquery('simple', :query) as text), '&', '|')::tsquery as q)
"""
_LEARN = text(
    """
    insert into solved_case(case_id, network, language, question, answer, outcome, cause, closed_at)
    select c.case_id, c.network, c.language, array_to_string(c.mention_texts, E'\\n'), a.answer,
           s.outcome, s.cause, s.closed_at
      from unnest(cast(:cases as uuid[]), cast(:outcomes as text[]), cast(:causes as text[]),
                  cast(:closed as timestamptz[])) as s(case_id, outcome, cause, closed_at)
      join case_context c using (case_id)
      join lateral (
          select string_agg(r.text, E'\\n' order by p.finished_at) as answer
            from draft d
            join dispatch p on p.draft_id = d.draft_id and p.state = 'sent'
            join revision r on r.draft_id = p.draft_id and r.revision = p.revision
           where d.case_id = c.case_id and r.visibility = 'public' and r.kind <> 'holding') a
        on a.answer is not null
     where cardinality(c.mention_texts) > 0
     order by c.case_id
        on conflict (case_id) do update
       set question = excluded.question, answer = excluded.answer, outcome = excluded.outcome,
           cause = excluded.cause, closed_at = excluded.closed_at
    """
)
_SIMILAR = text(
    _WANTED  # noqa: S608  (no input)
    + """
    select s.*, ts_rank_cd(s.words, wanted.q, 1)
                + public.similarity(s.question, :query) as score
      from solved_case s join case_context c using (case_id), wanted
     where s.case_id <> :but
       and (cast(:teams as text[]) is null or c.team = any(cast(:teams as text[])))
       and (s.words @@ wanted.q or s.question operator(public.%) :query)
     order by score desc, s.closed_at desc limit :limit
    """
)
_SEARCH = text(
    _WANTED  # noqa: S608  (no input)
    + """
    select r.*, ts_rank_cd(r.words, wanted.q, 1) + public.word_similarity(r.title, :query) as score
      from knowledge_reference r, wanted
     where not r.is_retired
       and (cast(:language as text) is null or r.language = :language)
       and (r.words @@ wanted.q or r.title operator(public.%) :query
            or r.title operator(public.<%) :query or :query operator(public.<%) r.title)
     order by score desc, r.created_at desc limit :limit
    """
)
_INSERT_REFERENCE = text(
    """
    insert into knowledge_reference(reference_id, title, url, body, language, actor_id, actor_name)
    values (:reference_id, :title, :url, :body, :language, :actor_id, :actor_name)
    """
)
_RETIRE = text(
    """
    update knowledge_reference set is_retired = true
     where reference_id = :reference_id and not is_retired returning *
    """
)
_GET = text("select * from knowledge_reference where reference_id = :reference_id")
_ATTACH = text(
    """
    insert into draft_reference(draft_id, reference_id, actor_id, actor_name)
    values (:draft_id, :reference_id, :actor_id, :actor_name) on conflict do nothing
    """
)
_OF_DRAFT = text(
    """
    select r.* from draft_reference d join knowledge_reference r using (reference_id)
     where d.draft_id = :draft_id order by d.attached_at, r.reference_id
    """
)
_SUGGEST = text(
    """
    insert into suggestion(suggestion_id, case_id, model, text, actor_id, actor_name)
    values (:suggestion_id, :case_id, :model, :text, :actor_id, :actor_name)
    """
)
_SUGGESTIONS = text(
    "select * from suggestion where case_id = :case_id"
    " order by made_at desc, suggestion_id limit 50"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """How a case ended."""

    case_id: UUID
    outcome: str
    cause: str
    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedCase:
    """A case as others can learn from it: public words only, without the customer."""

    case_id: UUID
    network: str
    language: str
    question: str
    answer: str
    outcome: str
    cause: str
    closed_at: datetime
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A piece of knowledge; `language` is de or en."""

    reference_id: UUID
    title: str
    url: str | None
    body: str
    language: str
    is_retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Words that a model proposed."""

    suggestion_id: UUID
    case_id: UUID
    model: str
    text: str
    made_at: datetime


async def learn_solved(connection: AsyncConnection, closed: Sequence[Closed]) -> None:
    """Keep the public question and our public answers of these cases, at most one entry each.

    A case to which nothing was said in public teaches nothing and is left out.
    """
    await connection.execute(
        _LEARN,
        {
            "cases": [case.case_id for case in closed],
            "outcomes": [case.outcome for case in closed],
            "causes": [case.cause for case in closed],
            "closed": [case.closed_at for case in closed],
        },
    )


async def similar_cases(
    connection: AsyncConnection,
    question: str,
    *,
    but: UUID,
    teams: Sequence[str] | None,
    limit: int,
) -> Sequence[SolvedCase]:
    """Solved cases like this question, the likest first; `teams` None means all (SEC4)."""
    wanted = {"query": question, "but": but, "teams": teams, "limit": limit}
    rows = await connection.execute(_SIMILAR, wanted)
    return [
        SolvedCase(
            case_id=row.case_id,
            network=row.network,
            language=row.language,
            question=row.question,
            answer=row.answer,
            outcome=row.outcome,
            cause=row.cause,
            closed_at=row.closed_at,
            score=round(row.score, 4),
        )
        for row in rows
    ]


async def search_references(
    connection: AsyncConnection, query: str, *, language: str | None, limit: int
) -> Sequence[Reference]:
    """References that are in force, the best first."""
    wanted = {"query": query, "language": language, "limit": limit}
    return [_reference(row) for row in await connection.execute(_SEARCH, wanted)]


async def insert_reference(
    connection: AsyncConnection, reference: Reference, *, actor: Person
) -> None:
    await connection.execute(
        _INSERT_REFERENCE,
        {
            "reference_id": reference.reference_id,
            "title": reference.title,
            "url": reference.url,
            "body": reference.body,
            "language": reference.language,
            "actor_id": actor.id,
            "actor_name": actor.name,
        },
    )


async def retire_reference(connection: AsyncConnection, reference_id: UUID) -> Reference | None:
    """Take it out of the search; None where there is none in force. Drafts keep theirs."""
    row = (await connection.execute(_RETIRE, {"reference_id": reference_id})).one_or_none()
    return _reference(row) if row else None


async def get_reference(connection: AsyncConnection, reference_id: UUID) -> Reference | None:
    row = (await connection.execute(_GET, {"reference_id": reference_id})).one_or_none()
    return _reference(row) if row else None


async def attach_reference(
    connection: AsyncConnection, draft_id: UUID, *, reference_id: UUID, actor: Person
) -> bool:
    """Put a reference beside a draft; False where it lay there already."""
    result = await connection.execute(
        _ATTACH,
        {
            "draft_id": draft_id,
            "reference_id": reference_id,
            "actor_id": actor.id,
            "actor_name": actor.name,
        },
    )
    return bool(result.rowcount)


async def references_of(connection: AsyncConnection, draft_id: UUID) -> Sequence[Reference]:
    """The references beside a draft, in the order in which they were attached."""
    return [_reference(row) for row in await connection.execute(_OF_DRAFT, {"draft_id": draft_id})]


async def insert_suggestion(
    connection: AsyncConnection, suggestion: Suggestion, *, actor: Person
) -> None:
    await connection.execute(
        _SUGGEST,
        {
            "suggestion_id": suggestion.suggestion_id,
            "case_id": suggestion.case_id,
            "model": suggestion.model,
            "text": suggestion.text,
            "actor_id": actor.id,
            "actor_name": actor.name,
        },
    )


async def suggestions_of(connection: AsyncConnection, case_id: UUID) -> Sequence[Suggestion]:
    """What was suggested in the case, the latest first; at most 50."""
    rows = await connection.execute(_SUGGESTIONS, {"case_id": case_id})
    return [
        Suggestion(
            suggestion_id=row.suggestion_id,
            case_id=row.case_id,
            model=row.model,
            text=row.text,
            made_at=row.made_at,
        )
        for row in rows
    ]


def _reference(row: Row[Any]) -> Reference:
    return Reference(
        reference_id=row.reference_id,
        title=row.title,
        url=row.url,
        body=row.body,
        language=row.language,
        is_retired=row.is_retired,
    )
