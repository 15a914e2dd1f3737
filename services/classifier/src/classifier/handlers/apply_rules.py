"""Put a version of the operator's rules in force, if it was made from the one in force."""

from __future__ import annotations

from classifier.gateways.rules.document import (
    RulesDocument,
    changed_without_version,
    names_of,
)
from classifier.handlers.wire import RULES_STREAM
from classifier.storage import rule_sets
from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, PreconditionFailedError
from common.events.classifier import RulesApplied
from common.events.envelope import new_event
from common.events.parts import Actor
from common.ids import derived_id


async def apply_rules(
    uow: UnitOfWork, document: RulesDocument, *, by: Actor, reason: str, expected_version: int
) -> int:
    """The new version's number. The same document again changes nothing and keeps the number.

    Raises PreconditionFailedError when another version is in force than the person saw, and
    InvalidInputError for a rule that was changed and kept its version.
    """
    current = await rule_sets.stored(uow.connection)
    version = current.version if current else 0
    if version != expected_version:
        raise PreconditionFailedError(
            f"version {version} is in force, not {expected_version}",
            details={"current_version": version},
        )
    before = RulesDocument.model_validate(current.document) if current else RulesDocument()
    if before == document:
        return version
    if same := changed_without_version(before, document):
        raise InvalidInputError(
            f"changed under a known version: {', '.join(same)}; raise their version",
            code="rule_version",
            details={"rules": same},
        )
    added = await rule_sets.add(
        uow.connection,
        document.model_dump(mode="json", exclude_defaults=True),
        version=version + 1,
        actor=(by.id, by.name),
        reason=reason,
        at=uow.now,
    )
    if not added:
        raise PreconditionFailedError("the rules were changed by somebody else meanwhile")
    data = RulesApplied(
        stream_id=RULES_STREAM,
        version=version + 1,
        rules=tuple(names_of(document.rules)),
        actor=by,
        reason=reason,
    )
    uow.publish(
        new_event(data, id=derived_id("rules", version + 1), subject=RULES_STREAM, time=uow.now)
    )
    return version + 1
