"""`make bench`: the pipeline, the limit and the peer on the same stack, and the timers, in one run.

The last line is one JSON object: mentions_per_s, limit_ratio, peer_ratio, p50_ms_at_20,
p99_ms_at_20, broker, and what bench/timers.py measures. Absolute figures are this machine's; the
ratios are what counts. `python -m bench timers [--full]` is the timers alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from bench import limit, ours, peer, timers
from common.testing.stack import PartName, StackSettings, open_stack

DATABASE_ONLY: tuple[PartName, ...] = ("postgres",)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def run_timers(options: argparse.Namespace) -> dict[str, float | str]:
    """The timers alone; they need no broker."""
    sizes = timers.Sizes.full() if options.full else timers.Sizes()
    async with open_stack(want=DATABASE_ONLY, log=say) as stack:
        found = await timers.measure(stack.postgres_dsn, say, sizes=sizes)
    for line in timers.verdict(found):
        say(line)
    return {name: round(value, 2) for name, value in found.items()}


async def run(options: argparse.Namespace) -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="ombud-bench-") as folder:
        async with open_stack(settings=StackSettings(broker="jvm"), log=say) as stack:
            bare = await limit.measure(stack, say, mentions=options.mentions)
            say(f"  {bare:.0f} mentions/s")
            result = await ours.measure(
                stack,
                Path(folder),
                say,
                mentions=options.mentions,
                seconds=options.latency_seconds,
            )
            say(f"  {result['mentions_per_s']:.0f} mentions/s")
            other = await peer.measure(stack, say, mentions=options.peer_mentions)
            say(f"  {other:.0f} mentions/s")
            clocks = await timers.measure(stack.postgres_dsn, say, sizes=timers.Sizes())
            return {
                **{name: round(value, 1) for name, value in result.items()},
                **{name: round(value, 2) for name, value in clocks.items()},
                "limit_ratio": round(result["mentions_per_s"] / bare, 3),
                "peer_ratio": round(result["mentions_per_s"] / other, 1),
                "limit_mentions_per_s": round(bare, 1),
                "peer_mentions_per_s": round(other, 1),
                "broker": stack.broker,
            }


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--mentions", type=int, default=20_000)
    parser.add_argument("--peer-mentions", type=int, default=1_000)
    parser.add_argument("--latency-seconds", type=int, default=30)
    parser.add_argument("part", nargs="?", choices=("all", "timers"), default="all")
    parser.add_argument("--full", action="store_true", help="the goal's sizes, for timers alone")
    options = parser.parse_args()
    result = asyncio.run(run_timers(options) if options.part == "timers" else run(options))
    say("")
    for name, value in result.items():
        say(f"{name:>22}  {value}")
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
