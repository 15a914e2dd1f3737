"""Offers of reviews and the rota behind them (S57). The draft's row is locked before these."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.domain.persons import Person
from responder.domain.reviews import Offer, OfferState
from responder.domain.rota import RotaState

_INSERT = text(
    """
    insert into review_offer(offer_id, draft_id, revision, round, reviewer_id, reviewer_name,
                             offered_at, expires_at)
    values (:offer_id, :draft_id, :revision, :round, :reviewer_id, :reviewer_name,
            :offered_at, :expires_at)
    """
)
_ALIVE = text("select * from review_offer where draft_id = any(:ids) and ended_at is null")
_ASKED = text(
    "select reviewer_id from review_offer where draft_id = :draft_id and revision = :revision"
    " and reviewer_id is not null"
)
_CLAIM = text(
    """
    update review_offer
       set state = 'claimed', reviewer_id = :reviewer_id, reviewer_name = :reviewer_name,
           expires_at = :expires_at
     where offer_id = :offer_id and ended_at is null
    """
)
_END = text(
    """
    update review_offer set state = :state, ended_at = now()
     where draft_id = :draft_id and ended_at is null
    """
)
_ENSURE_ROTA = text("insert into review_rota(name) values (:name) on conflict (name) do nothing")
_LOCK_ROTA = text("select credit, turns from review_rota where name = :name for update")
_SAVE_ROTA = text(
    """
    update review_rota set credit = cast(:credit as jsonb), turns = cast(:turns as jsonb)
     where name = :name
    """
)


async def insert_offer(connection: AsyncConnection, offer: Offer) -> None:
    """A further round; the one before has ended. Refused by the guard for an author."""
    await connection.execute(
        _INSERT,
        {
            "offer_id": offer.offer_id,
            "draft_id": offer.draft_id,
            "revision": offer.revision,
            "round": offer.round,
            "reviewer_id": offer.reviewer.id if offer.reviewer else None,
            "reviewer_name": offer.reviewer.name if offer.reviewer else None,
            "offered_at": offer.offered_at,
            "expires_at": offer.expires_at,
        },
    )


async def alive_offer(connection: AsyncConnection, draft_id: UUID) -> Offer | None:
    """The round that runs, if any."""
    return (await alive_offers(connection, [draft_id])).get(draft_id)


async def alive_offers(
    connection: AsyncConnection, draft_ids: Collection[UUID]
) -> Mapping[UUID, Offer]:
    """The running rounds of these drafts, by draft."""
    rows = await connection.execute(_ALIVE, {"ids": list(draft_ids)})
    return {row.draft_id: _offer(row) for row in rows}


async def asked_so_far(connection: AsyncConnection, draft_id: UUID, revision: int) -> Sequence[str]:
    """Who was asked to read this wording, one entry per round."""
    rows = await connection.execute(_ASKED, {"draft_id": draft_id, "revision": revision})
    return [row.reviewer_id for row in rows]


async def claim_offer(connection: AsyncConnection, offer: Offer, reader: Person) -> None:
    """The reader holds it until `offer.expires_at`; refused by the guard for an author."""
    await connection.execute(
        _CLAIM,
        {
            "offer_id": offer.offer_id,
            "reviewer_id": reader.id,
            "reviewer_name": reader.name,
            "expires_at": offer.expires_at,
        },
    )


async def end_offer(connection: AsyncConnection, draft_id: UUID, *, state: OfferState) -> None:
    """The running round of the draft, if any, has ended so."""
    await connection.execute(_END, {"draft_id": draft_id, "state": state.value})


async def lock_rota(connection: AsyncConnection, name: str) -> RotaState:
    """The rota of this name, locked until the transaction ends; new ones begin empty."""
    await connection.execute(_ENSURE_ROTA, {"name": name})
    row = (await connection.execute(_LOCK_ROTA, {"name": name})).one()
    return RotaState(row.credit, row.turns)


async def save_rota(connection: AsyncConnection, name: str, state: RotaState) -> None:
    await connection.execute(
        _SAVE_ROTA,
        {
            "name": name,
            "credit": json.dumps(dict(state.credit)),
            "turns": json.dumps(dict(state.turns)),
        },
    )


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        offer_id=row.offer_id,
        draft_id=row.draft_id,
        revision=row.revision,
        round=row.round,
        reviewer=Person(row.reviewer_id, row.reviewer_name) if row.reviewer_id else None,
        state=OfferState(row.state),
        offered_at=row.offered_at,
        expires_at=row.expires_at,
    )
