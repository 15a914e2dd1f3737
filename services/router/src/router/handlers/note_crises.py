"""Know which crises are on: cases that begin meanwhile carry their mark (S26).

They are shown and filtered by it, and never closed in bulk. What else a crisis changes is the
responder's.
"""

from __future__ import annotations

from collections.abc import Sequence

from common.db.unit_of_work import UnitOfWork
from common.events.classifier import CrisisSwitched
from common.events.envelope import Event
from router.storage import crises
from router.storage.crises import Switch


async def note_crises(uow: UnitOfWork, events: Sequence[Event[CrisisSwitched]]) -> None:
    """Remember what was switched; hearing of it again changes nothing."""
    latest: dict[object, Switch] = {}
    for event in events:
        said = event.data
        known = latest.get(said.crisis_id)
        if known is None or known.switched_at <= said.switched_at:
            latest[said.crisis_id] = Switch(
                crisis_id=said.crisis_id,
                topic=said.topic,
                is_on=said.is_on,
                reason=said.reason,
                actor_id=said.actor.id,
                actor_name=said.actor.name,
                switched_at=said.switched_at,
            )
    await crises.switch(uow.connection, list(latest.values()))
