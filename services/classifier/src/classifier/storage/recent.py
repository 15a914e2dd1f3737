"""Recent mentions with their labels: what rules are tried on, corrections begin with, drift counts.

Written once per batch with one statement. Bounded in age and number by `sweep`. What a body means
is not known here: it is the published event as bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A mention as S12 counts it; `is_contact`: a service matter, and not our own post."""

    mention_id: UUID
    network: str
    author_id: str
    posted_at: datetime
    is_contact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """What the challenger said of the same mention."""

    model: str
    label: str
    decision: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMention:
    """A mention to be kept, with its label in columns and the published event as it is."""

    contact: Contact
    conversation_id: UUID
    account: str | None
    label: str
    decision: str
    confidence: float
    kind: str
    model: str
    shadow: Shadow | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMention:
    """A kept mention; `version` counts its labels and is its ETag."""

    mention_id: UUID
    version: int
    classified_at: datetime
    body: bytes


_KEEP = text(
    """
    insert into mention (mention_id, conversation_id, network, account, author_id, posted_at,
        classified_at, label, decision, confidence, kind, is_contact, model, challenger,
        challenger_label, challenger_decision, challenger_confidence, body)
    select v.mention_id, v.conversation_id, v.network, v.account, v.author_id, v.posted_at,
        :now, v.label, v.decision, v.confidence, v.kind, v.is_contact, v.model, v.challenger,
        v.challenger_label, v.challenger_decision, v.challenger_confidence, v.body
    from unnest(cast(:mention_ids as uuid[]), cast(:conversation_ids as uuid[]),
        cast(:networks as text[]), cast(:accounts as text[]), cast(:author_ids as text[]),
        cast(:posted as timestamptz[]), cast(:labels as text[]), cast(:decisions as text[]),
        cast(:confidences as real[]), cast(:kinds as text[]), cast(:contacts as boolean[]),
        cast(:models as text[]), cast(:challengers as text[]), cast(:c_labels as text[]),
        cast(:c_decisions as text[]), cast(:c_confidences as real[]), cast(:bodies as bytea[]))
        as v (mention_id, conversation_id, network, account, author_id, posted_at, label,
        decision, confidence, kind, is_contact, model, challenger, challenger_label,
        challenger_decision, challenger_confidence, body)
    on conflict (mention_id) do nothing
    """
)

# The inner count is no join on purpose: each author is one probe of the index, whatever the
# planner believes about the size of the table.
_REPEATS = text(
    """
    with asked as (
        select * from unnest(cast(:mention_ids as uuid[]), cast(:networks as text[]),
            cast(:author_ids as text[]), cast(:posted as timestamptz[]),
            cast(:contacts as boolean[]))
            as v (mention_id, network, author_id, posted_at, is_contact)
    ), alias as (
        select mention_id, network, author_id, posted_at from asked
        union
        select a.mention_id, theirs.network, theirs.author_id, a.posted_at
        from asked a
        join identity mine on mine.network = a.network and mine.author_id = a.author_id
        join identity theirs on theirs.person_id = mine.person_id
    ), in_batch as (
        select a.mention_id, count(*) as earlier
        from alias a join asked b on b.network = a.network and b.author_id = a.author_id
        where b.is_contact and b.posted_at >= a.posted_at - cast(:span as interval)
          and (b.posted_at, b.mention_id) < (a.posted_at, a.mention_id)
        group by a.mention_id
    ), known as (
        select alias.mention_id,
            sum((
                select count(*) from mention m
                where m.network = alias.network and m.author_id = alias.author_id
                  and m.is_contact
                  and m.posted_at >= alias.posted_at - cast(:span as interval)
                  and (m.posted_at, m.mention_id) < (alias.posted_at, alias.mention_id)
            )) as earlier
        from alias group by alias.mention_id
    )
    select mention_id, known.earlier + coalesce(in_batch.earlier, 0) as earlier
    from known left join in_batch using (mention_id)
    """
)

_FIND = text("select mention_id, version, classified_at, body from mention where mention_id = :id")
_LOCK = text(
    "select mention_id, version, classified_at, body from mention where mention_id = :id for update"
)
_RELABEL = text(
    """
    update mention set label = :label, decision = :decision, confidence = :confidence,
        kind = :kind, is_contact = :is_contact, body = :body, version = version + 1
    where mention_id = :id returning version
    """
)
_NEWEST = text(
    "select mention_id, version, classified_at, body from mention "
    "order by classified_at desc, mention_id desc limit :most"
)
_SWEEP_OLD = text(
    """
    delete from mention where mention_id in (
        select mention_id from mention where classified_at < :before
        order by classified_at limit :most for update skip locked)
    """
)
_NTH_NEWEST = text(
    "select classified_at from mention order by classified_at desc, mention_id desc "
    "offset :most limit 1"
)


async def keep(
    connection: AsyncConnection, mentions: Sequence[KeptMention], *, now: datetime
) -> None:
    """Remember these mentions; one that is known already stays as it is."""
    shadows = [mention.shadow for mention in mentions]
    await connection.execute(
        _KEEP,
        {
            "now": now,
            "mention_ids": [m.contact.mention_id for m in mentions],
            "conversation_ids": [m.conversation_id for m in mentions],
            "networks": [m.contact.network for m in mentions],
            "accounts": [m.account for m in mentions],
            "author_ids": [m.contact.author_id for m in mentions],
            "posted": [m.contact.posted_at for m in mentions],
            "labels": [m.label for m in mentions],
            "decisions": [m.decision for m in mentions],
            "confidences": [m.confidence for m in mentions],
            "kinds": [m.kind for m in mentions],
            "contacts": [m.contact.is_contact for m in mentions],
            "models": [m.model for m in mentions],
            "challengers": [s.model if s else None for s in shadows],
            "c_labels": [s.label if s else None for s in shadows],
            "c_decisions": [s.decision if s else None for s in shadows],
            "c_confidences": [s.confidence if s else None for s in shadows],
            "bodies": [m.body for m in mentions],
        },
    )


async def repeat_contacts(
    connection: AsyncConnection, contacts: Sequence[Contact], *, span: timedelta
) -> dict[UUID, int]:
    """How many service mentions the same person wrote within `span` before each of these (S12).

    Known ones and those of this very batch; across networks where identities are linked.
    """
    rows = await connection.execute(
        _REPEATS,
        {
            "mention_ids": [c.mention_id for c in contacts],
            "networks": [c.network for c in contacts],
            "author_ids": [c.author_id for c in contacts],
            "posted": [c.posted_at for c in contacts],
            "contacts": [c.is_contact for c in contacts],
            "span": span,
        },
    )
    return {row.mention_id: int(row.earlier) for row in rows}


async def find(connection: AsyncConnection, mention_id: UUID) -> StoredMention | None:
    """A mention that is still kept."""
    row = (await connection.execute(_FIND, {"id": mention_id})).one_or_none()
    return None if row is None else StoredMention(**row._mapping)


async def lock(connection: AsyncConnection, mention_id: UUID) -> StoredMention | None:
    """The same, held until the transaction ends."""
    row = (await connection.execute(_LOCK, {"id": mention_id})).one_or_none()
    return None if row is None else StoredMention(**row._mapping)


async def newest(connection: AsyncConnection, most: int) -> list[StoredMention]:
    """The mentions classified last, the newest first."""
    rows = await connection.execute(_NEWEST, {"most": most})
    return [StoredMention(**row._mapping) for row in rows]


async def relabel(connection: AsyncConnection, mention_id: UUID, changed: KeptMention) -> int:
    """Write another label and body over a mention; its new version."""
    result = await connection.execute(
        _RELABEL,
        {
            "id": mention_id,
            "label": changed.label,
            "decision": changed.decision,
            "confidence": changed.confidence,
            "kind": changed.kind,
            "is_contact": changed.contact.is_contact,
            "body": changed.body,
        },
    )
    return int(result.scalar_one())


async def sweep(
    connection: AsyncConnection, *, before: datetime, most_rows: int, at_once: int = 5_000
) -> int:
    """Forget what is older than `before` or beyond the newest `most_rows`; how many rows."""
    row = (await connection.execute(_NTH_NEWEST, {"most": most_rows})).one_or_none()
    limit = before if row is None else max(before, row.classified_at)
    result = await connection.execute(_SWEEP_OLD, {"before": limit, "most": at_once})
    return int(result.rowcount)
