"""What the responder must know of a case to answer it: kept from the router's events, set-based."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.words import Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseContext:
    """A case as replies see it. `in_reply_to` is the native id of the customer's latest post.

    `mention_texts` are public words only: private ones lie in the restricted store (S66). `kind`,
    `label`, `language` and `is_abusive` are what the classifier says of the latest post, `topics`
    and `already_tried` of all of them; `audience` is the most followers an author here has (S100).
    `merged_into` is the case that goes on with its matter, where another one does.
    """

    case_id: UUID
    conversation_id: UUID
    network: str
    account: str | None
    in_reply_to: str
    visibility: Audience
    customer_id: str
    customer_handle: str
    mention_texts: tuple[str, ...]
    team: str
    state: str
    topics: tuple[str, ...] = ()
    kind: str = "other"
    label: str = "service"
    language: str = ""
    is_abusive: bool = False
    already_tried: tuple[str, ...] = ()
    audience: int | None = None
    opened_at: datetime | None = None
    merged_into: UUID | None = None


# Only the last ten posts: the whole thread is the audit's, a reply needs what it answers.
_RECORD = text(
    """
    insert into case_context(case_id, conversation_id, network, account, in_reply_to, visibility,
                             customer_id, customer_handle, mention_texts, team, topics, kind,
                             label, language, is_abusive, already_tried, audience, opened_at,
                             taken_up_at, has_private_thread, merged_into)
    select c.case_id, c.conversation_id, c.network, c.account, c.in_reply_to, c.visibility,
           c.customer_id, c.customer_handle,
           array(select jsonb_array_elements_text(cast(c.mention_texts as jsonb))), c.team,
           array(select jsonb_array_elements_text(cast(c.topics as jsonb))), c.kind, c.label,
           c.language, c.is_abusive,
           array(select jsonb_array_elements_text(cast(c.tried as jsonb))), c.audience, c.opened_at,
           case when c.label = 'service' and not c.is_abusive then now() end,
           c.visibility = 'private', c.merged_into
      from unnest(cast(:case_ids as uuid[]), cast(:conversation_ids as uuid[]),
                  cast(:networks as text[]), cast(:accounts as text[]), cast(:targets as text[]),
                  cast(:visibilities as text[]), cast(:customer_ids as text[]),
                  cast(:handles as text[]), cast(:texts as text[]), cast(:teams as text[]),
                  cast(:topics as text[]), cast(:kinds as text[]), cast(:labels as text[]),
                  cast(:languages as text[]), cast(:abusive as boolean[]), cast(:tried as text[]),
                  cast(:audiences as int[]), cast(:opened_ats as timestamptz[]),
                  cast(:merged_intos as uuid[]))
           as c(case_id, conversation_id, network, account, in_reply_to, visibility, customer_id,
                customer_handle, mention_texts, team, topics, kind, label, language, is_abusive,
                tried, audience, opened_at, merged_into)
     order by c.case_id
        on conflict (case_id) do update
       set account = coalesce(excluded.account, case_context.account),
           in_reply_to = excluded.in_reply_to, visibility = excluded.visibility,
           customer_id = excluded.customer_id, customer_handle = excluded.customer_handle,
           mention_texts = (case_context.mention_texts || excluded.mention_texts)
               [greatest(1, cardinality(case_context.mention_texts
                                        || excluded.mention_texts) - 9):],
           team = excluded.team, state = 'open', merged_into = excluded.merged_into,
           topics = array(select distinct unnest(case_context.topics || excluded.topics)
                           order by 1),
           kind = excluded.kind,
           label = case when case_context.label = 'service' then 'service'
                        else excluded.label end,
           language = excluded.language, is_abusive = excluded.is_abusive,
           already_tried = array(
               select distinct unnest(case_context.already_tried || excluded.already_tried)
                order by 1),
           audience = greatest(case_context.audience, excluded.audience),
           opened_at = coalesce(case_context.opened_at, excluded.opened_at),
           taken_up_at = coalesce(excluded.taken_up_at, case_context.taken_up_at),
           has_private_thread = case_context.has_private_thread or excluded.has_private_thread,
           updated_at = now()
    """
)

_CLOSE = text(
    """
    update case_context set state = 'closed', updated_at = now()
     where case_id = any(cast(:case_ids as uuid[]))
        or merged_into = any(cast(:case_ids as uuid[]))
    """
)

_STAND = text(
    """
    update case_context c set state = s.state, updated_at = now()
      from unnest(cast(:case_ids as uuid[]), cast(:states as text[])) as s(case_id, state)
     where c.case_id = s.case_id and c.state <> s.state
    """
)

_MERGE = text(
    """
    update case_context c set merged_into = m.target, updated_at = now()
      from unnest(cast(:case_ids as uuid[]), cast(:targets as uuid[])) as m(case_id, target)
     where c.case_id = m.case_id
    """
)

_GET = text(
    """
    select * from case_context
     where case_id = :case_id
       and (cast(:teams as text[]) is null or team = any(cast(:teams as text[])))
    """
)


async def record_mentions(connection: AsyncConnection, cases: Sequence[CaseContext]) -> None:
    """Insert or bring up to date; at most one entry per case, texts are added to those kept."""
    await connection.execute(
        _RECORD,
        {
            "case_ids": [case.case_id for case in cases],
            "conversation_ids": [case.conversation_id for case in cases],
            "networks": [case.network for case in cases],
            "accounts": [case.account for case in cases],
            "targets": [case.in_reply_to for case in cases],
            "visibilities": [case.visibility.value for case in cases],
            "customer_ids": [case.customer_id for case in cases],
            "handles": [case.customer_handle for case in cases],
            "texts": [json.dumps(case.mention_texts) for case in cases],
            "teams": [case.team for case in cases],
            "topics": [json.dumps(case.topics) for case in cases],
            "kinds": [case.kind for case in cases],
            "labels": [case.label for case in cases],
            "languages": [case.language for case in cases],
            "abusive": [case.is_abusive for case in cases],
            "tried": [json.dumps(case.already_tried) for case in cases],
            "audiences": [case.audience for case in cases],
            "opened_ats": [case.opened_at for case in cases],
            "merged_intos": [case.merged_into for case in cases],
        },
    )


async def close_cases(connection: AsyncConnection, case_ids: Sequence[UUID]) -> None:
    """Mark the cases as closed, and what was merged into them; unknown ids change nothing."""
    await connection.execute(_CLOSE, {"case_ids": list(case_ids)})


async def set_states(connection: AsyncConnection, states: Mapping[UUID, str]) -> None:
    """Say of each case whether it is `open` or `closed`; unknown ids change nothing."""
    await connection.execute(_STAND, {"case_ids": list(states), "states": list(states.values())})


async def set_merged(connection: AsyncConnection, targets: Mapping[UUID, UUID | None]) -> None:
    """Point each case to the one that goes on, None for a life of its own again."""
    await connection.execute(_MERGE, {"case_ids": list(targets), "targets": list(targets.values())})


async def get_case(
    connection: AsyncConnection, case_id: UUID, *, teams: Collection[str] | None = None
) -> CaseContext | None:
    """The case, or None where no event of it has arrived, or it is another team's (SEC4).

    `teams` None means all.
    """
    wanted = {"case_id": case_id, "teams": None if teams is None else sorted(teams)}
    row = (await connection.execute(_GET, wanted)).one_or_none()
    return _case(row) if row else None


def _case(row: Row[Any]) -> CaseContext:
    return CaseContext(
        case_id=row.case_id,
        conversation_id=row.conversation_id,
        network=row.network,
        account=row.account,
        in_reply_to=row.in_reply_to,
        visibility=Audience(row.visibility),
        customer_id=row.customer_id,
        customer_handle=row.customer_handle,
        mention_texts=tuple(row.mention_texts),
        team=row.team,
        state=row.state,
        topics=tuple(row.topics),
        kind=row.kind,
        label=row.label,
        language=row.language,
        is_abusive=row.is_abusive,
        already_tried=tuple(row.already_tried),
        audience=row.audience,
        opened_at=row.opened_at,
        merged_into=row.merged_into,
    )
