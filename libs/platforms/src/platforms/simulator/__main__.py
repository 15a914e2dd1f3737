"""`python -m platforms.simulator --port 0 --seed 7 --log posts.jsonl --fault effect_then_5xx=0.03`.

Prints its address as the first line and runs until it is told to end.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from platforms.simulator.faults import FaultPlan, parse_rates
from platforms.simulator.posts import PostLog
from platforms.simulator.server import Keys, Simulator


async def _run(arguments: argparse.Namespace) -> int:
    simulator = Simulator(
        PostLog(arguments.log),
        FaultPlan(parse_rates(arguments.fault), seed=arguments.seed),
        keys=Keys.HONOURED if arguments.honour_keys else Keys.IGNORED,
    )
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    await simulator.start(arguments.host, arguments.port)
    sys.stdout.write(simulator.address + "\n")
    sys.stdout.flush()
    await stop.wait()
    await simulator.aclose()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="platforms.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, default=None, help="JSON lines, one per effect")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME=RATE", help="may be given again"
    )
    parser.add_argument(
        "--honour-keys", action="store_true", help="a repeated Idempotency-Key posts once"
    )
    return asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
