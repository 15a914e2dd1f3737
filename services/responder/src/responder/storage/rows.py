"""Pieces of rows that drafts and dispatches share, as the domain's values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from responder.domain.content import Content
from responder.domain.persons import Person
from responder.domain.words import Audience, Kind


def content_of(row: Row[Any]) -> Content:
    """What the row's revision says."""
    return Content(
        network=row.network,
        account=row.account,
        in_reply_to=row.in_reply_to,
        visibility=Audience(row.visibility),
        kind=Kind(row.kind),
        text=row.text,
    )


def authors_of(pairs: Iterable[tuple[str, str]]) -> tuple[Person, ...]:
    """Each author once, in the order in which they first wrote, under their latest name."""
    return tuple({id_: Person(id_, name) for id_, name in pairs}.values())


def approver_of(row: Row[Any]) -> Person | None:
    """Who approved the row's revision, if anybody."""
    return Person(row.approver_id, row.approver_name) if row.approver_id else None
