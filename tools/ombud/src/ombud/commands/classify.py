"""`ombud classify`: posts from JSON lines, classified without any server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
import typer
import yaml
from pydantic import ValidationError
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from classifier.api.answers import shown
from classifier.bootstrap import model_for_commands
from classifier.gateways.rules.document import RulesDocument, problems_of
from classifier.gateways.rules.matching import RuleBook
from classifier.handlers.deciding import Asked, Deciding, asked_about
from common.errors import ConfigurationError
from ombud.files import demand_file, text_of
from ombud.output import NO, WRONG_USE, CommandError, console, speaks_plainly

BATCH = 512


@speaks_plainly
def classify(
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines with id and text; standard input without.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Operator's rules (YAML) to apply as the service would.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A model's folder, or shipped, onnx, http; else as the service has it."),
    ] = None,
) -> None:
    """Classify posts: JSON lines in, JSON lines out, one for each, in the same order.

    In: id, text, and optionally account (ours), network, author (handle or id).

    Out: id, then what POST /classify answers: service, label, decision (service, non_service,
    triage), confidence (0..1, of the label), kind, abusive, urgent, own_post, signals, needs,
    concerns, already_tried, language, evidence, rules, model.

    A line that is no post comes out as line and error, is named on standard error, and the exit
    code is 1; all others are classified.
    """
    deciding = _deciding(model, rules)
    if file is not None:
        demand_file(file)
    with _opened(file) as (lines, advance):
        bad = _classify(deciding, lines, advance)
    if bad:
        raise CommandError(f"{bad} lines are no posts; the others were classified", exit_code=NO)


def _deciding(model: str | None, rules: Path | None) -> Deciding:
    if model is not None and model not in ("shipped", "onnx", "http") and not Path(model).is_dir():
        raise CommandError(f"{model} is no folder of a model", exit_code=WRONG_USE)
    try:
        chosen = model_for_commands(model)
    except ConfigurationError as error:
        raise CommandError(str(error), exit_code=WRONG_USE) from error
    book = RuleBook(read_rules(rules), 1) if rules else RuleBook.empty()
    return Deciding(chosen, chosen, None, book)


def read_rules(file: Path) -> RulesDocument:
    """The rules of a YAML file. CommandError names each wrong place."""
    try:
        document = yaml.safe_load(text_of(file))
    except yaml.YAMLError as error:
        raise CommandError(f"{file}: {error}", exit_code=WRONG_USE) from error
    try:
        return RulesDocument.model_validate(document)
    except ValidationError as error:
        told = "\n".join(problems_of(error))
        raise CommandError(f"{file} is not valid:\n{told}", exit_code=NO) from error


@contextmanager
def _opened(file: Path | None) -> Iterator[tuple[IO[bytes], Callable[[int], None]]]:
    """The lines and what to tell how many bytes were done; a bar where somebody watches."""
    if file is None:
        yield sys.stdin.buffer, lambda _: None
        return
    with (
        file.open("rb") as lines,
        Progress(
            TextColumn("classifying"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        ) as progress,
    ):
        bar = progress.add_task("", total=os.fstat(lines.fileno()).st_size)
        yield lines, lambda count: progress.advance(bar, count)


def _classify(deciding: Deciding, lines: IO[bytes], advance: Callable[[int], None]) -> int:
    """Write an answer for each line; how many lines were none."""
    numbered = enumerate(lines, 1)
    bad = 0
    while batch := list(islice(numbered, BATCH)):
        read = [_read(line, number) for number, line in batch if line.strip()]
        decided = iter(deciding.decide([given for _, given in read if isinstance(given, Asked)]))
        for id_, given in read:
            if isinstance(given, Asked):
                view = shown(next(decided).answer)
                answer: dict[str, Any] = {"id": id_, **view.model_dump(mode="json")}
            else:
                bad += 1
                answer = given
                console.print(f"line {given['line']} {given['error']}", markup=False)
            sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()
        advance(sum(len(line) for _, line in batch))
    return bad


def _read(line: bytes, number: int) -> tuple[Any, Asked | dict[str, Any]]:
    """The id and the post of a line, or what is wrong with it."""
    try:
        post = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return None, _wrong(number, f"is no JSON: {error}")
    if not isinstance(post, dict) or "id" not in post or not isinstance(post.get("text"), str):
        return None, _wrong(number, "is no JSON object with id and text")
    for name in ("account", "network"):
        if not isinstance(post.get(name), str | None):
            return None, _wrong(number, f"has a {name} that is no text")
    asked = asked_about(
        post["text"],
        account=post.get("account"),
        network=post.get("network"),
        authors=_authors(post.get("author")),
    )
    return post["id"], asked


def _authors(given: Any) -> tuple[str, ...]:
    """Id and handle, or the one text that was given."""
    if isinstance(given, dict):
        return tuple(v for v in (given.get("id"), given.get("handle")) if isinstance(v, str))
    return (given,) if isinstance(given, str) else ()


def _wrong(number: int, why: str) -> dict[str, Any]:
    return {"line": number, "error": why}
