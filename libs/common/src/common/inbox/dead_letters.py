"""What operators ask of the dead letters: list, look, replay, discard.

Every decision names who took it. Replaying puts the original record on trial like any other event
of its key (see `parking`): the same handlers, in order, and twice is once. The body of a record
is personal data and only shown when asked for by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import ConflictError, InvalidInputError, NotFoundError
from common.inbox.put_away import append_parked, open_parked_key, record_of

_COLUMNS = (
    'id, consumer, topic, part, "offset", timestamp_ms, event_id, type, error_class, error_hash,'
    " problem, attempts, first_failed_at, failed_at, parked_key is not null as is_parked, state,"
    " actor, reason, decided_at"
)
_LIST = text(
    f"select {_COLUMNS} from dead_letter where consumer = :consumer "  # noqa: S608  (constants)
    "and state = :state and id > :after order by id limit :most"
)
_SHOW = text(
    f"select {_COLUMNS} from dead_letter where consumer = :consumer and id = :id"  # noqa: S608
)
_CONTENT = text("select payload from dead_letter where consumer = :consumer and id = :id")
_LOCK = text(
    'select id, state, event_id, parked_key, topic, part, "offset", timestamp_ms,'
    " key as raw_key, payload, headers from dead_letter "
    "where consumer = :consumer and id = :id for update"
)
_DECIDE = text(
    "update dead_letter set state = :state, actor = :actor, reason = :reason, decided_at = now() "
    "where id = :id"
)
_TRY_NOW = text(
    "update parked_key set attempts = 0, first_failed_at = now(), next_try_at = now(), "
    "given_up_at = null where consumer = :consumer and key = :key"
)
_DROP_EVENT = text("delete from parked_event where consumer = :consumer and dead_letter_id = :id")
_FREE_KEY = text(
    "delete from parked_key where consumer = :consumer and key = :key and not exists ("
    "select from parked_event where consumer = :consumer and key = :key)"
)
MAX_PAGE = 201
"""A page of 200 and one more, to know whether others follow."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter without what it says: origin, cause, and what was decided about it."""

    id: int
    consumer: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    event_id: UUID | None
    type: str | None
    error_class: str
    error_hash: str
    problem: str
    attempts: int
    first_failed_at: datetime
    failed_at: datetime
    is_parked: bool
    state: str
    actor: str | None
    reason: str | None
    decided_at: datetime | None


async def list_dead_letters(
    connection: AsyncConnection,
    consumer: str,
    *,
    state: str = "open",
    after: int = 0,
    limit: int = 50,
) -> Sequence[DeadLetter]:
    """Dead letters in the order of their ids, from the one after `after`; at most MAX_PAGE."""
    most = max(1, min(limit, MAX_PAGE))
    rows = await connection.execute(
        _LIST, {"consumer": consumer, "state": state, "after": after, "most": most}
    )
    return [DeadLetter(*row) for row in rows]


async def show_dead_letter(
    connection: AsyncConnection, consumer: str, *, letter_id: int
) -> DeadLetter:
    """One dead letter, without its body. Raises NotFoundError."""
    row = (await connection.execute(_SHOW, {"consumer": consumer, "id": letter_id})).one_or_none()
    if row is None:
        raise _not_found()
    return DeadLetter(*row)


async def read_content(
    connection: AsyncConnection, consumer: str, *, letter_id: int
) -> bytes | None:
    """The original body: personal data, for whoever may see it. Raises NotFoundError."""
    row = (
        await connection.execute(_CONTENT, {"consumer": consumer, "id": letter_id})
    ).one_or_none()
    if row is None:
        raise _not_found()
    content: bytes | None = row.payload
    return content


async def replay(units: UnitOfWorkFactory, consumer: str, *, letter_id: int, actor: str) -> None:
    """Have the original record handled again, in order with its key, within about a second.

    Asking twice changes nothing, nor does replaying what was replayed. Raises NotFoundError, and
    ConflictError for one that was discarded or that no handler can ever be found for.
    """
    async with units.begin() as uow:
        letter = await _locked(uow, consumer, letter_id)
        if letter.state in ("replaying", "replayed"):
            return
        if letter.state == "discarded":
            raise ConflictError("this dead letter was discarded", code="dead_letter_discarded")
        key = letter.parked_key or _text_key(letter.raw_key)
        if letter.event_id is None or key is None:
            raise ConflictError(
                "this record has no readable envelope or key; it can only be discarded",
                code="dead_letter_unreadable",
            )
        if letter.parked_key is None:
            await open_parked_key(
                uow.connection, key, consumer=consumer, attempts=0, delay=timedelta(0)
            )
            await append_parked(
                uow.connection,
                [(letter.event_id, key, record_of(letter))],
                consumer=consumer,
                dead_letter_id=letter_id,
            )
        else:
            await uow.connection.execute(_TRY_NOW, {"consumer": consumer, "key": key})
        await _decide(uow, letter_id, state="replaying", actor=actor, reason=None)


async def discard(
    units: UnitOfWorkFactory, consumer: str, *, letter_id: int, actor: str, reason: str
) -> None:
    """Give the record up for good; events parked behind it go on without it.

    Raises NotFoundError, InvalidInputError without a reason, ConflictError if it was replayed.
    """
    if not reason.strip():
        raise InvalidInputError("discarding needs a reason", code="reason_missing")
    async with units.begin() as uow:
        letter = await _locked(uow, consumer, letter_id)
        if letter.state == "discarded":
            return
        if letter.state != "open":
            raise ConflictError("this dead letter is being replayed", code="dead_letter_replayed")
        if letter.parked_key is not None:
            where = {"consumer": consumer, "key": letter.parked_key}
            await uow.connection.execute(_DROP_EVENT, {"consumer": consumer, "id": letter_id})
            await uow.connection.execute(_FREE_KEY, where)
            await uow.connection.execute(_TRY_NOW, where)
        await _decide(uow, letter_id, state="discarded", actor=actor, reason=reason)


async def _locked(uow: UnitOfWork, consumer: str, letter_id: int) -> Any:
    found = await uow.connection.execute(_LOCK, {"consumer": consumer, "id": letter_id})
    letter = found.one_or_none()
    if letter is None:
        raise _not_found()
    return letter


async def _decide(
    uow: UnitOfWork, letter_id: int, *, state: str, actor: str, reason: str | None
) -> None:
    await uow.connection.execute(
        _DECIDE, {"id": letter_id, "state": state, "actor": actor, "reason": reason}
    )


def _text_key(raw: bytes | None) -> str | None:
    try:
        key = raw.decode() if raw is not None else None
    except UnicodeDecodeError:
        return None
    return None if key is None or "\x00" in key else key


def _not_found() -> NotFoundError:
    return NotFoundError("there is no such dead letter", code="dead_letter_not_found")
