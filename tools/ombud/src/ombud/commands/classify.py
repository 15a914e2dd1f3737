"""`ombud classify`: the shipped model over JSON lines, without any server."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
import typer

from classifier.domain.labels import Classification, PostText
from classifier.gateways.model import ShippedModel
from ombud.output import NO, WRONG_USE, CommandError, speaks_plainly

BATCH = 512


@speaks_plainly
def classify(
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines with id and text; standard input without.")
    ] = None,
) -> None:
    """Classify posts: JSON lines in, JSON lines out, in the same order.

    Out: id, service, confidence (0..1, of the decision), decision (service, non_service, triage),
    kind, abusive, urgent, language, evidence, model.
    """
    if file is None:
        _classify(ShippedModel.load(), sys.stdin.buffer)
        return
    if not file.is_file():
        raise CommandError(f"{file} is no file", exit_code=WRONG_USE)
    with file.open("rb") as lines:
        _classify(ShippedModel.load(), lines)


def _classify(model: ShippedModel, lines: IO[bytes]) -> None:
    numbered = enumerate(lines, 1)
    while batch := list(islice(numbered, BATCH)):
        posts = [_read(line, number) for number, line in batch if line.strip()]
        results = model.classify([PostText(text=post["text"]) for post in posts])
        for line in _written(posts, results):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def _read(line: bytes, number: int) -> dict[str, Any]:
    try:
        post = orjson.loads(line)
        if isinstance(post["text"], str):
            return {"id": post["id"], "text": post["text"]}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass
    raise CommandError(f"line {number} is no JSON object with id and text", exit_code=NO)


def _written(posts: Sequence[dict[str, Any]], results: Sequence[Classification]) -> Iterator[bytes]:
    for post, result in zip(posts, results, strict=True):
        yield orjson.dumps(
            {
                "id": post["id"],
                "service": result.label == "service",
                "confidence": round(result.confidence, 4),
                "decision": result.decision,
                "kind": result.kind,
                "abusive": result.abusive,
                "urgent": result.urgent,
                "language": result.language,
                "evidence": result.evidence,
                "model": result.model,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
