"""`python -m router {run,api,worker,relay,migrate}`: picks a part, runs it, exits with its code."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from types import FrameType
from typing import NoReturn

import uvloop
from pydantic import ValidationError

from common.errors import ConfigurationError
from common.observability.logging import get_logger
from common.runtime.life import EXIT_CONFIGURATION, EXIT_CRASHED, EXIT_OK, leave

_CLEARING_UP_S = 0.5
Part = Callable[[], Awaitable[int]]
_log = get_logger("common.runtime")


def main(parts: Mapping[str, Part], *, argv: list[str] | None = None) -> NoReturn:
    """Run the part that the command line names, on uvloop; raises SystemExit with its exit code.

    The first line of a part's docstring is its help. Exit codes: see `common.runtime.life`.
    """
    name = _parse(parts, sys.argv[1:] if argv is None else argv)
    # Until run_service listens there is nothing to drain. Without a handler of our own a process
    # that is PID 1 of a container would not even notice SIGTERM.
    signal.signal(signal.SIGTERM, _leave_quietly)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(_run(parts[name]))
    except ConfigurationError as error:
        code = _complain(str(error))
    except ValidationError as error:
        code = _complain(_wrong_settings(error))
    except KeyboardInterrupt:
        code = EXIT_OK
    except Exception as error:  # noqa: BLE001  (the last place that can say why we end)
        _log.critical("start_failed", part=name, error=error, exc_info=error)
        code = EXIT_CRASHED
    raise SystemExit(code)


async def _run(part: Part) -> int:
    code = await part()
    # What is left now is Python's own clearing up. It waits for ever for a task that ignores its
    # cancellation and for a thread that hangs; nothing of ours is lost by not waiting.
    end = threading.Timer(_CLEARING_UP_S, leave, args=(code,))
    end.daemon = True
    end.start()
    return code


def _parse(parts: Mapping[str, Part], argv: list[str]) -> str:
    program = (sys.modules["__main__"].__package__ or "service").partition(".")[0]
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(f"  {name:<10} {_about(part)}" for name, part in parts.items()),
        epilog="exit codes: 0 ended as asked, 1 crashed, 2 wrong configuration, "
        "3 drain deadline passed, 4 second signal",
    )
    parser.add_argument("part", choices=list(parts), help="what this process does")
    chosen: str = parser.parse_args(argv).part
    return chosen


def _about(part: Part) -> str:
    return (inspect.getdoc(part) or "").partition("\n")[0]


def _leave_quietly(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(EXIT_OK)


def _complain(message: str) -> int:
    print(f"configuration: {' '.join(message.split())}", file=sys.stderr)
    return EXIT_CONFIGURATION


def _wrong_settings(error: ValidationError) -> str:
    """Names of the fields and what is wrong, never their values: they may be secrets."""
    return "; ".join(
        f"OMBUD_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
        for item in error.errors(include_input=False, include_url=False, include_context=False)
    )
