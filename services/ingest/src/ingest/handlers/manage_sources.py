"""Connect a source, switch it on and off, rotate its secrets.

A secret leaves this room once, in the answer to the call that made it. Every change holds the
source's row, so that two operators cannot make three secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, NotFoundError
from common.ids import IdFactory
from ingest.domain.sources import SecretInfo, Source, SourceKind
from ingest.gateways import signatures
from ingest.storage import sources


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """What an operator says about a source to connect."""

    network: str
    kind: SourceKind
    account: str | None


@dataclass(frozen=True, slots=True)
class FreshSecret:
    """A secret in the form the sender needs, to be shown once."""

    info: SecretInfo
    secret: str

    def __repr__(self) -> str:
        # A traceback or a log line that shows this object must not show the secret.
        return f"FreshSecret(id={self.info.id})"


async def connect_source(
    uow: UnitOfWork, wish: NewSource, *, ids: IdFactory, by: str
) -> tuple[Source, FreshSecret | None]:
    """A new source, with its first secret where deliveries are signed.

    Raises InvalidInputError `account_missing` for a source that is read: it is read as somebody.
    """
    if wish.kind.is_read and not wish.account:
        raise InvalidInputError("a source that is read needs an account", code="account_missing")
    source = Source(
        id=ids(),
        network=wish.network,
        kind=wish.kind,
        account=wish.account,
        is_enabled=True,
        created_at=uow.now,
        version=1,
    )
    await sources.add(uow.connection, source, created_by=by)
    if wish.kind is not SourceKind.WEBHOOK:
        return source, None
    secret = await _add_secret(uow, source.id, ids=ids, by=by)
    return await _held(uow, source.id), secret


async def rotate_secret(
    uow: UnitOfWork, source_id: UUID, *, ids: IdFactory, by: str
) -> FreshSecret:
    """A second active secret; both are accepted until the old one is deleted.

    Raises NotFoundError, or ConflictError when two are active already.
    """
    source = await _held(uow, source_id)
    source.demand_room_for_secret()
    return await _add_secret(uow, source_id, ids=ids, by=by)


async def delete_secret(uow: UnitOfWork, source_id: UUID, secret_id: UUID) -> None:
    """Forget a secret at once, the last one too: a leaked secret cannot wait for a successor."""
    await _held(uow, source_id)
    if not await sources.drop_secret(uow.connection, source_id, secret_id):
        raise NotFoundError("there is no such secret")


async def switch_source(uow: UnitOfWork, source: Source, *, is_enabled: bool) -> Source:
    """The source, on or off (S4). `source` is held by `hold_source`."""
    await sources.switch(uow.connection, source.id, is_enabled=is_enabled)
    return await _held(uow, source.id)


async def hold_source(uow: UnitOfWork, source_id: UUID) -> Source:
    """The source, locked until the transaction ends. Raises NotFoundError."""
    return await _held(uow, source_id)


async def _held(uow: UnitOfWork, source_id: UUID) -> Source:
    source = await sources.find_locked(uow.connection, source_id)
    if source is None:
        raise NotFoundError("there is no such source")
    return source


async def _add_secret(uow: UnitOfWork, source_id: UUID, *, ids: IdFactory, by: str) -> FreshSecret:
    fresh = FreshSecret(SecretInfo(id=ids(), created_at=uow.now), signatures.new_secret())
    await sources.add_secret(
        uow.connection, source_id, fresh.info, secret=fresh.secret, created_by=by
    )
    return fresh
