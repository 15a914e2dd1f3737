"""Stories end to end: five services as processes on a real Kafka and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest
from checking import judge, wait_until_settled
from feeding import NETWORK, Feeder, posts

from common.events.catalog import SERVICES
from common.testing.pipeline import SOON_MISSED, Pipeline, PipelineOptions
from common.testing.stack import StackSettings, open_stack
from ombud.demo.story import play
from ombud.demo.watch import history_counts
from ombud.local import target_of
from ombud.people import LEA
from ombud.target import Target, answer

pytestmark = [pytest.mark.system, pytest.mark.kafka, pytest.mark.postgres]
MENTIONS = 400
SHUTDOWN_S = 10.0


@pytest.fixture(scope="module")
def pipeline(own_stack, tmp_path_factory):
    options = PipelineOptions(environment=SOON_MISSED)
    with Pipeline(own_stack, tmp_path_factory.mktemp("pipeline"), options) as running:
        running.prepare()
        running.start()
        yield running


def feed(pipeline: Pipeline, count: int, seed: int, *, patience_s: float = 60.0) -> set[str]:
    acknowledged: set[str] = set()
    with Feeder(pipeline, patience_s=patience_s) as feeder:
        source = feeder.make_source()
        for ids in feeder.feed(source, posts(count, seed)):
            acknowledged |= ids
    return acknowledged


def told_of_mentions(target: Target) -> dict[str, int]:
    """How often each fact about mentions was told; clocks and offers go on meanwhile."""
    of_mentions = (
        "ingest.",
        "classifier.",
        "router.case.opened",
        "router.case.continued",
        "router.mention.",
        "router.own_post.",
    )
    return {
        type_: count
        for type_, count in history_counts(target).by_type.items()
        if type_.startswith(of_mentions)
    }


@pytest.mark.timeout(240)
def test_a_mention_lives_through_all_five_services_and_is_answered(pipeline):
    acknowledged = feed(pipeline, MENTIONS, seed=1)
    asyncio.run(wait_until_settled(pipeline.admin_url, len(acknowledged), within_s=60))
    assert asyncio.run(judge(pipeline.admin_url, NETWORK, acknowledged)).is_clean

    target = target_of(pipeline)
    told: list[str] = []
    story = play(target, told.append)
    assert story.self_approval_refused
    assert story.approved_by == "Tom Winter"
    assert story.clock_state == "met"
    on_the_network = [
        line
        for line in pipeline.simulator_log.read_text().splitlines()
        if story.platform_id in line
    ]
    assert len(on_the_network) == 1

    before = told_of_mentions(target)
    again = feed(pipeline, MENTIONS, seed=1)  # a replay: known posts change nothing (S1)
    assert again == acknowledged
    time.sleep(1.0)
    assert told_of_mentions(target) == before

    with target.client("audit", LEA) as audit:
        line = answer(audit.get(f"/cases/{story.case_id}/history"))["items"]
        types = [entry["type"] for entry in line]
        assert answer(audit.get("/verify"))["verified"]
    for expected in (
        "ingest.mention.received.v1",
        "classifier.mention.classified.v1",
        "router.case.opened.v1",
        "router.case.claimed.v1",
        "responder.draft.submitted.v1",
        "responder.approval.refused.v1",
        "responder.draft.approved.v1",
        "responder.reply.sent.v1",
        "router.clock.stopped.v1",
    ):
        assert expected in types, f"{expected} is not in the case's history"


@pytest.mark.timeout(240)
def test_two_replicas_of_each_service_share_the_work_and_end_in_order(tmp_path):
    options = PipelineOptions(replicas=dict.fromkeys(SERVICES, 2))
    with (
        open_stack(settings=StackSettings(broker="jvm")) as parts,  # its groups are its own
        Pipeline(parts, tmp_path, options) as pair,
    ):
        pair.prepare()
        pair.start(within_s=120)
        acknowledged = feed(pair, MENTIONS, seed=2)
        asyncio.run(wait_until_settled(pair.admin_url, len(acknowledged), within_s=90))
        assert asyncio.run(judge(pair.admin_url, NETWORK, acknowledged)).is_clean
        assert verified(pair)
        began = time.monotonic()
        codes = pair.terminate()
        assert set(codes.values()) == {0}, codes
        assert time.monotonic() - began < SHUTDOWN_S + 5  # ten processes on two cores


@pytest.mark.timeout(400)
@pytest.mark.parametrize("state", ["idle", "mid_batch", "joining", "no_broker", "no_database"])
def test_sigterm_ends_every_service_with_0_in_any_state(state, pipeline):
    for process in pipeline:
        if state == "joining":  # while the group still waits for those who died
            process.kill()
        process.start()
    wait_for(lambda: all(process.is_live() for process in pipeline))
    if state != "joining":
        for process in pipeline:
            process.wait_ready()
    stack = pipeline.stack
    feeding = None
    if state == "mid_batch":
        feeding = threading.Thread(target=lambda: quietly_feed(pipeline), daemon=True)
        feeding.start()
        time.sleep(0.5)
    elif state == "no_broker":
        stack.kafka.stop()
        time.sleep(2.0)
    elif state == "no_database":
        stack.postgres.stop()
        time.sleep(2.0)
    try:
        spans = {}
        for process in pipeline:
            began = time.monotonic()
            code = process.terminate()
            spans[process.name] = (code, round(time.monotonic() - began, 1))
    finally:
        stack.kafka.start()
        stack.postgres.start()
        if feeding:
            feeding.join(60)
    assert all(code == 0 and span <= SHUTDOWN_S for code, span in spans.values()), spans


def quietly_feed(pipeline: Pipeline) -> None:
    """Feed until ingest goes away, which is the point here."""
    try:
        feed(pipeline, 2_000, seed=3, patience_s=2.0)
    except (AssertionError, OSError):
        return


def wait_for(condition, within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def verified(pipeline: Pipeline) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "audit", "verify", "--json"],
        env=dict(pipeline.replicas["audit"][0].env),
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode == 0
