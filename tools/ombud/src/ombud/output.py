"""What the commands say: words for people on standard error or a terminal, JSON on standard output.

Exit codes: 0 done, 1 the answer is no (broken history, invalid file), 2 wrong use, 3 something
that is needed is missing or does not answer, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import httpx
import orjson
import typer
from rich.console import Console
from rich.markup import escape

from common.errors import OmbudError
from common.kafka.port import BrokerError
from common.testing.stack import StackError

NO = 1
WRONG_USE = 2
MISSING = 3

P = ParamSpec("P")
R = TypeVar("R")

_UNCUT_COLUMNS = 200  # where no terminal gives a width, tables must not be cut
console = Console(
    stderr=True, highlight=False, width=None if sys.stderr.isatty() else _UNCUT_COLUMNS
)
"""For people; standard output stays free for what programs read."""


class CommandError(OmbudError):
    """A command cannot go on; the text tells what to do, `exit_code` what kind it is."""

    def __init__(self, message: str, *, exit_code: int = MISSING) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def fail(message: str, *, exit_code: int = MISSING) -> NoReturn:
    """Say why and end."""
    # Escaped: what a file or a service says may look like markup.
    console.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(exit_code)


def emit(document: Any) -> None:
    """One JSON document on one line of standard output."""
    print(orjson.dumps(document, default=str).decode(), flush=True)


def speaks_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what may go wrong into one clear line and an exit code; no traceback for a user."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except CommandError as error:
            fail(str(error), exit_code=error.exit_code)
        except StackError as error:
            fail(str(error))
        except BrokerError as error:
            fail(f"the broker does not answer: {error}")
        except httpx.TransportError as error:
            fail(f"{error.request.url.copy_with(query=None)} does not answer; is `ombud dev` up?")
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run
