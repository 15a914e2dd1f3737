"""The one place where tests, demo, bench and dev get a real PostgreSQL and a real Kafka.

Three ways, chosen by the environment in `settings`: addresses that were given, containers, or
local processes (the default). Nothing here knows our schema, topics or services.

    with open_stack(want=("postgres", "kafka")) as stack:
        connect(stack.postgres_dsn, stack.kafka_bootstrap)
"""

from common.testing.stack.errors import BrokerUnavailableError, StackError
from common.testing.stack.opening import Stack, StackOpening, open_stack
from common.testing.stack.parts import BrokerKind, Durability, KafkaPart, PartName, PostgresPart
from common.testing.stack.settings import StackSettings

__all__ = [
    "BrokerKind",
    "BrokerUnavailableError",
    "Durability",
    "KafkaPart",
    "PartName",
    "PostgresPart",
    "Stack",
    "StackError",
    "StackOpening",
    "StackSettings",
    "open_stack",
]
