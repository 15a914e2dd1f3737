"""`python -m common.testing.stack`: one stack for many processes, until Ctrl-C or SIGTERM.

Prints two `export` lines; whoever evaluates them shares these servers (topics and databases have
random names). Everything else goes to standard error.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from common.testing.stack import StackError, open_stack


def main() -> int:
    """Run until told to end; 0 then, 1 if a part could not be had."""
    parser = argparse.ArgumentParser(prog="python -m common.testing.stack", description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="keep the data here (default: temporary)")
    parser.add_argument("--env-file", type=Path, help="write the export lines here as well")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with open_stack(data_dir=options.data_dir) as stack:
            lines = (
                f"export OMBUD_TEST_POSTGRES='{stack.postgres_dsn}'\n"
                f"export OMBUD_TEST_KAFKA='{stack.kafka_bootstrap}'\n"
            )
            print(lines, end="", flush=True)
            if options.env_file is not None:
                options.env_file.write_text(lines)
            ended.wait()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
