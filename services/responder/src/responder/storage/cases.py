"""What the responder must know of a case to answer it: kept from the router's events, set-based."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.words import Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseContext:
    """A case as replies see it. `in_reply_to` is the native id of the customer's latest post."""

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


# Only the last ten posts: the whole thread is the audit's, a reply needs what it answers.
_RECORD = text(
    """
    insert into case_context(case_id, conversation_id, network, account, in_reply_to, visibility,
                             customer_id, customer_handle, mention_texts, team)
    select c.case_id, c.conversation_id, c.network, c.account, c.in_reply_to, c.visibility,
           c.customer_id, c.customer_handle,
           array(select jsonb_array_elements_text(cast(c.mention_texts as jsonb))), c.team
      from unnest(cast(:case_ids as uuid[]), cast(:conversation_ids as uuid[]),
                  cast(:networks as text[]), cast(:accounts as text[]), cast(:targets as text[]),
                  cast(:visibilities as text[]), cast(:customer_ids as text[]),
                  cast(:handles as text[]), cast(:texts as text[]), cast(:teams as text[]))
           as c(case_id, conversation_id, network, account, in_reply_to, visibility, customer_id,
                customer_handle, mention_texts, team)
     order by c.case_id
        on conflict (case_id) do update
       set account = coalesce(excluded.account, case_context.account),
           in_reply_to = excluded.in_reply_to, visibility = excluded.visibility,
           customer_id = excluded.customer_id, customer_handle = excluded.customer_handle,
           mention_texts = (case_context.mention_texts || excluded.mention_texts)
               [greatest(1, cardinality(case_context.mention_texts
                                        || excluded.mention_texts) - 9):],
           team = excluded.team, updated_at = now()
    """
)

_CLOSE = text(
    """
    update case_context set state = 'closed', updated_at = now()
     where case_id = any(cast(:case_ids as uuid[]))
    """
)

_GET = text("select * from case_context where case_id = :case_id")


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
        },
    )


async def close_cases(connection: AsyncConnection, case_ids: Sequence[UUID]) -> None:
    """Mark the cases as closed; ids that are not known change nothing."""
    await connection.execute(_CLOSE, {"case_ids": list(case_ids)})


async def get_case(connection: AsyncConnection, case_id: UUID) -> CaseContext | None:
    """The case, or None where no event of it has arrived."""
    row = (await connection.execute(_GET, {"case_id": case_id})).one_or_none()
    if row is None:
        return None
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
    )
