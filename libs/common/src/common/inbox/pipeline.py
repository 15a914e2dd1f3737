"""What a service's bootstrap calls to get its consumer: client, loop, guard and handlers as one.

The loop knows no inbox and the inbox no client; they meet here and nowhere else.
"""

from __future__ import annotations

from common.db.unit_of_work import UnitOfWorkFactory
from common.errors import ConfigurationError
from common.events.catalog import consumed_topics
from common.inbox.guard import InboxProcessor
from common.inbox.handling import (
    HandlerTable,
    Handling,
    Prepare,
    RawHandler,
    RawHandling,
    TypedHandling,
)
from common.kafka.aiokafka_client import AiokafkaConsumer
from common.kafka.consumer import ConsumerLoop
from common.settings import KafkaSettings


def build_consumer(
    kafka: KafkaSettings,
    units: UnitOfWorkFactory,
    *,
    service: str,
    handlers: HandlerTable | None = None,
    raw_handler: RawHandler | None = None,
    prepare: Prepare | None = None,
) -> ConsumerLoop:
    """The consumer of a service, in group `ombud.<service>`, on the topics the catalogue names.

    Exactly one of `handlers` and `raw_handler` (which sees every record) is given. `prepare`
    runs before the transaction, its result is `uow.prepared[event.id]`. `run(stop)` is its loop.
    Raises ConfigurationError.
    """
    handling: Handling
    if handlers is not None and raw_handler is None:
        handling = TypedHandling(handlers, service=service, prepare=prepare)
    elif raw_handler is not None and handlers is None:
        handling = RawHandling(raw_handler)
    else:
        raise ConfigurationError("a consumer has either handlers or one raw handler")
    group = f"ombud.{service}"
    return ConsumerLoop(
        lambda: AiokafkaConsumer(kafka, group=group, client_id=group),
        consumer=service,
        topics=[topic.name for topic in consumed_topics(service)],
        process=InboxProcessor(units, consumer=service, group=group, handling=handling),
        max_records=kafka.kafka_max_records,
    )
