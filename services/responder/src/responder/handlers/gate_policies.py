"""How an account wants to sound, and how seriously it takes each rule: read and changed (S93)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from common.db.unit_of_work import UnitOfWork
from common.errors import PreconditionFailedError
from common.events import responder as facts
from common.events.envelope import new_event
from common.ids import IdFactory
from responder.domain.gates.findings import Address, Level, Policy
from responder.domain.persons import Person
from responder.handlers.actors import actor_of
from responder.storage import gates
from responder.storage.gates import StoredPolicy

STREAM = uuid5(NAMESPACE_URL, "ombud:gate-policies")
"""The key of what belongs to no conversation, so that its changes stay in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """What the policy is to be; `version` is the one the person read, 0 for none."""

    account: str
    version: int
    document: Mapping[str, Any]
    reason: str


def policy_from(document: Mapping[str, Any]) -> Policy:
    """The policy of a stored document; what it does not say has its default."""
    usual = Policy()
    return Policy(
        levels={rule: Level(level) for rule, level in document.get("levels", {}).items()},
        similar_confirm=document.get("similar_confirm", usual.similar_confirm),
        similar_block=document.get("similar_block", usual.similar_block),
        address=Address(document.get("address", usual.address)),
        order_formats=tuple(document.get("order_formats", ())),
        customer_formats=tuple(document.get("customer_formats", ())),
        own_contacts=tuple(document.get("own_contacts", ())),
        boilerplate=tuple(document.get("boilerplate", ())),
    )


async def change_policy(
    uow: UnitOfWork, change: PolicyChange, *, actor: Person, ids: IdFactory
) -> StoredPolicy:
    """Put a new version in force for what is checked from now on.

    Raises PreconditionFailedError where another version than the one read is in force.
    """
    before = await gates.policy_of(uow.connection, change.account)
    current = before.version if before else 0
    if current != change.version:
        raise PreconditionFailedError(
            f"the policy is at version {current}, not {change.version}", code="stale_policy"
        )
    policy = StoredPolicy(
        account=change.account,
        version=current + 1,
        document=change.document,
        reason=change.reason,
        actor=actor,
        changed_at=uow.now,
    )
    await gates.insert_policy(uow.connection, policy)
    fact = facts.GatePolicyChanged(
        stream_id=STREAM,
        account=change.account,
        version=policy.version,
        levels=dict(change.document.get("levels", {})),
        reason=change.reason,
        actor=actor_of(actor),
    )
    uow.publish(new_event(fact, id=ids(), subject=STREAM, time=uow.now))
    return policy
