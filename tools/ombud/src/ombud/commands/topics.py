"""`ombud topics`: what the catalogue asks for and what the broker has; creates what is missing."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from common.events.catalog import all_topics
from common.kafka.aiokafka_client import describe_topics, ensure_topics
from common.settings import KafkaSettings
from ombud.output import NO, WRONG_USE, console, emit, fail, speaks_plainly
from ombud.target import load_target


@speaks_plainly
def topics(
    create: Annotated[bool, typer.Option("--create", help="Create what is missing.")] = False,
    replication: Annotated[int, typer.Option(min=1, max=9, help="For new topics.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead.")] = False,
) -> None:
    """List the topics of the catalogue and what the broker has. Exit code 1 if one is missing."""
    bootstrap = load_target().kafka_bootstrap
    if not bootstrap:
        fail("no broker: set OMBUD_KAFKA_BOOTSTRAP", exit_code=WRONG_USE)
    settings = KafkaSettings(kafka_bootstrap=bootstrap)
    if create:
        asyncio.run(ensure_topics(settings, all_topics(), replication_factor=replication))
    there = asyncio.run(describe_topics(settings))
    missing = [topic.name for topic in all_topics() if topic.name not in there]
    if json:
        emit({"partitions": there, "missing": missing})
    else:
        _show(there)
    raise typer.Exit(NO if missing else 0)


def _show(there: dict[str, int]) -> None:
    table = Table("topic", "owner", "wanted", "there")
    for topic in all_topics():
        found = there.get(topic.name)
        table.add_row(
            topic.name, topic.owner, str(topic.partitions), str(found) if found else "[red]missing"
        )
    console.print(table)
