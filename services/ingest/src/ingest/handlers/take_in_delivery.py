"""Take in a webhook delivery: who signed it, what is in it, durable before anybody says thanks.

Authentication is the signature over the raw bytes and nothing else (SEC7). One transaction per
delivery, and a bounded time for it: a sender that waits too long sends again anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConflictError
from common.observability import metrics
from ingest.gateways import signatures
from ingest.gateways.signatures import UnsignedDeliveryError
from ingest.handlers.post_found import read_body
from ingest.handlers.take_in_posts import Origin, count_in_metrics, take_in_posts
from ingest.storage import sources
from ingest.storage.intake import IntakeCount


class DeliveryTakeIn:
    """The use case with what it needs. `within` bounds the whole transaction."""

    def __init__(self, units: UnitOfWorkFactory, *, within: timedelta) -> None:
        self._units = units
        self._within = within.total_seconds()

    async def __call__(
        self, source_id: UUID, headers: Mapping[str, str], body: bytes
    ) -> IntakeCount:
        """What became of the posts of one delivery; they are durable when this returns.

        Raises UnsignedDeliveryError (also where there is no such source: an unknown sender is
        told nothing), ConflictError while the source is switched off, TimeoutError or a database
        error when the posts could not be made durable in time. Idempotent.
        """
        try:
            async with asyncio.timeout(self._within):
                network, count = await self._take_in(source_id, headers, body)
        except UnsignedDeliveryError as error:
            metrics.INGEST_WEBHOOKS_REFUSED_TOTAL.labels(error.reason).inc()
            raise
        except ConflictError as error:
            metrics.INGEST_WEBHOOKS_REFUSED_TOTAL.labels(error.code).inc()
            raise
        count_in_metrics(network, count)
        return count

    async def _take_in(
        self, source_id: UUID, headers: Mapping[str, str], body: bytes
    ) -> tuple[str, IntakeCount]:
        async with self._units.begin() as uow:
            source = await sources.for_delivery(uow.connection, source_id)
            if source is None:
                raise UnsignedDeliveryError("unknown_source")
            delivery = signatures.check(headers, body, secrets=source.secrets, now=uow.now)
            if not source.is_enabled:
                raise ConflictError("this source is switched off", code="source_disabled")
            origin = Origin(
                source_id=source_id,
                network=source.network,
                account=source.account,
                reference=delivery.id,
            )
            return source.network, await take_in_posts(uow, origin, read_body(body))
