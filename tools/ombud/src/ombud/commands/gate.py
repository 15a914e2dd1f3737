"""`ombud gate`: the gates over JSON lines, without a draft and without any server."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import typer

from common.errors import InvalidInputError
from ombud.files import demand_file, text_of
from ombud.output import NO, WRONG_USE, CommandError, console, speaks_plainly
from responder.handlers.check_gates import check_alone, read_reply, show_findings
from responder.handlers.measure_gates import table_of

_BEGIN, _END = "<!-- measured -->", "<!-- /measured -->"


@speaks_plainly
def gate(
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines with text; standard input without.")
    ] = None,
    zone: Annotated[
        str, typer.Option(help="Where promises are due: the end of which day.")
    ] = "Europe/Berlin",
    measure: Annotated[
        Path | None,
        typer.Option(help="Instead: hold the gates against the sets of sentences in this folder."),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="With --measure: write the table into this document.")
    ] = None,
) -> None:
    """Check replies: JSON lines in, JSON lines out, one for each, in the same order.

    In: text, and as far as known visibility (public), kind (answer), account, customer_text,
    known_values, recent_replies, max_length. Out: findings of rule, level (note, confirm, block),
    start and end (code points), message, way_out; for a line that cannot be read an error, and
    then the command ends with 1.
    """
    if measure is not None:
        _measure(measure, into)
        return
    if into is not None:
        raise CommandError("--into goes with --measure", exit_code=WRONG_USE)
    _demand_zone(zone)
    if file is None:
        _check(sys.stdin.buffer, zone)
        return
    demand_file(file)
    with file.open("rb") as lines:
        _check(lines, zone)


def _demand_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CommandError(
            f"{zone} is no time zone, Europe/Berlin is", exit_code=WRONG_USE
        ) from error


def _measure(folder: Path, into: Path | None) -> None:
    if not folder.is_dir():
        raise CommandError(f"{folder} is no folder", exit_code=WRONG_USE)
    table = table_of(folder)
    if into is None:
        print(table)
        return
    before, begin, rest = text_of(into).partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise CommandError(f"{into} has no place for the table", exit_code=WRONG_USE)
    into.write_text(f"{before}{begin}\n{table}\n{end}{after}", "utf-8")


def _check(lines: IO[bytes], zone: str) -> None:
    failed = 0
    now = datetime.now(UTC)
    for number, line in enumerate(lines, 1):
        answer = _answer(line, number, now=now, zone=zone)
        failed += "error" in answer
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()
    if failed:
        console.print(f"{failed} lines could not be read; each has its error in its place")
        raise typer.Exit(NO)


def _answer(line: bytes, number: int, *, now: datetime, zone: str) -> dict[str, Any]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return _error(number, "not_json", str(error))
    try:
        reply = read_reply(document)
    except InvalidInputError as error:
        return _error(number, error.code, error.message)
    return {"findings": show_findings(check_alone(reply, now=now, zone=zone))}


def _error(number: int, code: str, message: str) -> dict[str, Any]:
    return {"error": {"line": number, "code": code, "message": message}}
