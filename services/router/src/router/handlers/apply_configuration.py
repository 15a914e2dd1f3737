"""Put a new version of the configuration in force, if it was made from the one in force (S119)."""

from __future__ import annotations

from common.db.unit_of_work import UnitOfWork
from common.errors import PreconditionFailedError
from router.domain.claims import Person
from router.storage import configurations
from router.storage.configuration_document import ConfigurationDocument, parse


async def apply_configuration(
    uow: UnitOfWork, document: ConfigurationDocument, *, by: Person, expected_version: int
) -> int:
    """The new version's number. The same document again changes nothing and keeps the number.

    Raises PreconditionFailedError when another version is in force than the person saw.
    """
    current = await configurations.stored(uow.connection)
    version = current.version if current else 0
    if version != expected_version:
        raise PreconditionFailedError(
            f"version {version} is in force, not {expected_version}", details={"version": version}
        )
    if current and parse(current.document) == document:
        return version
    await configurations.add(uow.connection, document, version=version + 1, actor=by, at=uow.now)
    return version + 1
