"""`python -m common.kafka.create_topics REPLICAS`: makes the topics of the catalogue, once.

For docker compose and small clusters; in production Strimzi makes them from the same catalogue
(deploy/k8s/generate.py). Reads `OMBUD_KAFKA_*`. Exit code 1 when the brokers cannot be asked.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from common.errors import OmbudError
from common.events.catalog import all_topics
from common.kafka.aiokafka_client import ensure_topics
from common.settings import KafkaSettings


def main() -> int:
    """Create what is missing; what exists is never changed."""
    parser = argparse.ArgumentParser(prog="python -m common.kafka.create_topics")
    parser.add_argument("replicas", type=int, help="copies of each partition: 3, or 1 for play")
    replicas: int = parser.parse_args().replicas
    settings = KafkaSettings()
    try:
        made = asyncio.run(ensure_topics(settings, all_topics(), replication_factor=replicas))
    except (OmbudError, OSError, TimeoutError) as error:
        print(f"topics: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(f"topics: {len(made)} made, {len(all_topics()) - len(made)} there already")
    return 0


if __name__ == "__main__":
    sys.exit(main())
