"""Everything is killed, stopped and restarted while mentions stream in; then it is counted.

A small run in CI, 20,000 mentions with five kills per service as `make faults` (OMBUD_FULL=1).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
from chaos import Chaos, schedule
from checking import judge, wait_until_settled
from feeding import NETWORK, Feeder, posts

from common.events.catalog import SERVICES
from common.testing.pipeline import SOON_MISSED, Pipeline, PipelineOptions
from common.testing.stack import StackSettings, open_stack

pytestmark = [pytest.mark.faults, pytest.mark.kafka, pytest.mark.postgres]
SEED = int(os.environ.get("OMBUD_SEED", "20261121"))


@dataclass(frozen=True, slots=True)
class Size:
    mentions: int
    kills_each: int
    broker_outages: tuple[float, ...]
    settle_s: float


SMALL = Size(2_000, 1, (3.0,), 120.0)
FULL = Size(20_000, 5, (3.0, 15.0), 300.0)


@pytest.mark.timeout(1500)
def test_nothing_is_lost_doubled_or_reordered_whatever_is_killed(tmp_path):
    size = FULL if os.environ.get("OMBUD_FULL") else SMALL
    with (
        open_stack(settings=StackSettings(broker="jvm")) as stack,
        Pipeline(stack, tmp_path, PipelineOptions(environment=SOON_MISSED)) as pipeline,
    ):
        pipeline.prepare()
        pipeline.start()
        acknowledged = feed_under_faults(pipeline, size)
        for process in pipeline:
            process.wait_ready(60)
        asyncio.run(
            wait_until_settled(pipeline.admin_url, len(acknowledged), within_s=size.settle_s)
        )
        verdict = asyncio.run(judge(pipeline.admin_url, NETWORK, acknowledged))
        print(f"seed {SEED}: {verdict}")
        assert verdict.is_clean, verdict
        assert verify_history(pipeline) == 0


def feed_under_faults(pipeline: Pipeline, size: Size) -> set[str]:
    faults = schedule(
        SEED, SERVICES, kills_each=size.kills_each, broker_outages=size.broker_outages
    )
    items = posts(size.mentions, SEED)
    chaos = Chaos(pipeline, faults)
    acknowledged: set[str] = set()
    began = time.monotonic()
    with Feeder(pipeline) as feeder:
        source = feeder.make_source()
        chaos.start()
        for ids in feeder.feed(source, items):
            acknowledged |= ids
            chaos.progress(len(acknowledged) / len(items))
    chaos.finish(within_s=240)
    assert all(chaos.happened[service] >= size.kills_each for service in SERVICES)
    assert chaos.happened["broker"] == len(size.broker_outages)
    assert chaos.happened["postgres"] == 1
    print(f"{dict(chaos.happened)} within {time.monotonic() - began:.0f} s of feeding")
    return acknowledged


def verify_history(pipeline: Pipeline) -> int:
    """The exit code of audit's own verification, run as an operator would."""
    replica = pipeline.replicas["audit"][0]
    done = subprocess.run(
        [sys.executable, "-m", "audit", "verify", "--json"],
        env=dict(replica.env),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    print(done.stdout[-500:], done.stderr[-500:])
    return done.returncode
