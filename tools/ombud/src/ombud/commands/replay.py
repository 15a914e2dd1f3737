"""`ombud replay FILE`: hand posts of a JSONL file to ingest, as a source of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ombud.output import WRONG_USE, console, emit, fail, speaks_plainly
from ombud.people import OPS
from ombud.posts import ACCOUNT, NETWORK, read_posts
from ombud.target import Target, answer, load_target

CHUNK = 500


@speaks_plainly
def replay(
    file: Annotated[Path, typer.Argument(help="JSON lines with id and text, or PostFound lines.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    network: Annotated[str, typer.Option(help="The network the posts are from.")] = NETWORK,
    handle: Annotated[str, typer.Option(help="@HANDLE in a text addresses our account.")] = ACCOUNT,
    json: Annotated[bool, typer.Option("--json", help="One JSON object at the end.")] = False,
) -> None:
    """Replay a file of posts. Doing it twice changes nothing: a post is one mention (S1)."""
    if not file.is_file():
        fail(f"{file} is no file", exit_code=WRONG_USE)
    target = load_target()
    with file.open("rb") as lines:
        total = sum(1 for line in islice(lines, limit) if line.strip())
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as progress:
        bar = progress.add_task("replaying", total=total)
        result = upload(
            target,
            read_posts(file, limit=limit, handle=handle),
            network=network,
            advance=lambda count: progress.advance(bar, count),
        )
    if json:
        emit(result)
    else:
        console.print(
            f"{result['accepted']} new mentions, {result['duplicates']} already known, "
            f"{result['kept']} kept as dead letters"
        )


def upload(
    target: Target,
    posts: Iterable[dict[str, Any]],
    *,
    network: str = NETWORK,
    advance: Callable[[int], None] = lambda _: None,
) -> dict[str, int]:
    """Upload posts in chunks; each chunk is durable before the next is sent.

    The sum of what ingest answered: accepted, duplicates, kept (as dead letters).
    """
    totals = {"accepted": 0, "duplicates": 0, "kept": 0}
    with target.client("ingest", OPS) as ingest:
        source = ndjson_source(ingest, network)
        for chunk in _chunks(posts):
            body = b"\n".join(orjson.dumps(post) for post in chunk)
            result = answer(
                ingest.post(
                    f"/sources/{source}/uploads",
                    content=body,
                    headers={"content-type": "application/x-ndjson"},
                    timeout=120,
                )
            )
            for name in totals:
                totals[name] += result[name]
            advance(len(chunk))
    return totals


def ndjson_source(ingest: httpx.Client, network: str) -> str:
    """The id of the source that replays go through; made once per network."""
    for source in answer(ingest.get("/sources", params={"limit": 200}))["items"]:
        if source["kind"] == "ndjson" and source["network"] == network:
            return str(source["id"])
    made = answer(ingest.post("/sources", json={"kind": "ndjson", "network": network}))
    return str(made["id"])


def _chunks(posts: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(posts)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
