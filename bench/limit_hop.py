"""One hop of the limit: a bare loop with the rows and records of a real hop, and no logic at all.

    python -m bench.limit_hop SPEC   (JSON: a hop of bench/limit.py with its addresses)

No decoding, no model, no decisions, no framework: what is left is what PostgreSQL, Kafka and
Python's shortest way between them cost. It keeps what the promise needs: one transaction per
batch with inbox and outbox rows, produce acknowledged by all, offsets committed afterwards.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from uuid import uuid4

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.partitioner import murmur2

ROW_OVERHEAD = 50
"""Of a row's bytes: tuple header, line pointer, id and kind."""


class Hop:
    def __init__(self, spec: dict) -> None:
        self.spec = spec
        self.per_record: dict[str, float] = spec["per_record"]
        self.owed = dict.fromkeys(self.per_record, 0.0)
        self.row = b"x" * (spec["row_bytes"] - ROW_OVERHEAD)
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stopped.set)
        self.connection = await asyncpg.connect(self.spec["dsn"])
        await self.make_tables()
        self.producer = AIOKafkaProducer(
            bootstrap_servers=self.spec["bootstrap"],
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
        )
        self.consumer = AIOKafkaConsumer(
            *self.spec["consume"],
            bootstrap_servers=self.spec["bootstrap"],
            group_id=self.spec["group"],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await self.producer.start()
        await self.consumer.start()
        print("ready", flush=True)
        while not self.stopped.is_set():
            batches = await self.consumer.getmany(timeout_ms=50, max_records=500)
            records = [record for batch in batches.values() for record in batch]
            if records:
                await self.handle(records)
        await self.consumer.stop()
        await self.producer.stop()
        await self.connection.close()

    async def make_tables(self) -> None:
        schema = self.spec["schema"]
        await self.connection.execute(f"create schema if not exists {schema}")
        await self.connection.execute(f"set search_path = {schema}")
        await self.connection.execute(
            "create table if not exists inbox (id uuid primary key);"
            "create table if not exists business (id uuid primary key, kind text, payload bytea);"
            "create table if not exists outbox (id bigint generated always as identity primary key,"
            " event_id uuid, topic text, key text, payload bytea);"
            "create table if not exists place (part text primary key, next bigint)"
        )

    async def handle(self, records: list[ConsumerRecord]) -> None:
        out = self.due("outbox", len(records))
        sent = [records[number % len(records)] for number in range(out)]
        async with self.connection.transaction():
            await self.connection.execute(
                "insert into inbox select unnest($1::uuid[]) on conflict do nothing",
                [uuid4() for _ in range(self.due("inbox", len(records)))],
            )
            business = self.due("rows", len(records))
            if business:
                await self.connection.execute(
                    "insert into business select i, 'k', p from unnest($1::uuid[], $2::bytea[]) "
                    "as u(i, p)",
                    [uuid4() for _ in range(business)],
                    [self.row] * business,
                )
            if sent:
                await self.connection.execute(
                    "insert into outbox (event_id, topic, key, payload) select * from "
                    "unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[])",
                    [uuid4() for _ in sent],
                    [self.spec["produce"]] * len(sent),
                    [record.key.decode() for record in sent],
                    [self.grown(record.value) for record in sent],
                )
            await self.connection.execute(
                "insert into place values ($1, $2) on conflict (part) do update set next = $2",
                self.spec["group"],
                records[-1].offset,
            )
        if sent:
            await self.publish()
        await self.consumer.commit()

    def due(self, kind: str, records: int) -> int:
        """Rows of that kind for so many records; fractions are carried to the next batch."""
        self.owed[kind] = self.owed.get(kind, 0.0) + self.per_record.get(kind, 0.0) * records
        whole = int(self.owed[kind])
        self.owed[kind] -= whole
        return whole

    def grown(self, value: bytes) -> bytes:
        """The consumed body as many times as it takes: a record of the size that is due."""
        size: int = self.spec["record_bytes"]
        return (value * (size // len(value) + 1))[:size]

    async def publish(self) -> None:
        topic = self.spec["produce"]
        partitions = sorted(await self.producer.partitions_for(topic))
        async with self.connection.transaction():
            rows = await self.connection.fetch("select id, key, payload from outbox order by id")
            by_partition: dict[int, list] = {}
            for row in rows:
                key = row["key"].encode()
                by_partition.setdefault((murmur2(key) & 0x7FFFFFFF) % len(partitions), []).append(
                    (key, row["payload"])
                )
            waiting = []
            for partition, pairs in by_partition.items():
                batch = self.producer.create_batch()
                for key, value in pairs:
                    if batch.append(key=key, value=value, timestamp=None) is None:
                        waiting.append(
                            await self.producer.send_batch(batch, topic, partition=partition)
                        )
                        batch = self.producer.create_batch()
                        batch.append(key=key, value=value, timestamp=None)
                waiting.append(await self.producer.send_batch(batch, topic, partition=partition))
            await asyncio.gather(*waiting)
            await self.connection.execute(
                "delete from outbox where id = any($1::bigint[])", [row["id"] for row in rows]
            )


if __name__ == "__main__":
    uvloop.run(Hop(json.loads(sys.argv[1])).run())
