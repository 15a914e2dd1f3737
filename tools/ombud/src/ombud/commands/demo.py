"""`ombud demo`: the whole pipeline on real parts, a stream of posts, one case played through."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from common.testing.pipeline import PipelineOptions
from ombud.commands.dev import Ending, show_addresses
from ombud.commands.replay import upload
from ombud.demo.story import StoryResult, play
from ombud.demo.summary import Summary, show, sum_up
from ombud.demo.watch import StreamWatch
from ombud.local import local_pipeline, target_of
from ombud.output import NO, console, emit, speaks_plainly
from ombud.people import MIA, TOM
from ombud.posts import REAL_HANDLE, REAL_POSTS, invented_posts, read_posts
from ombud.target import DEFAULT_STATE, Target

LEAST = 2_000


@speaks_plainly
def demo(
    posts: Annotated[int, typer.Option(min=200, help="How many posts to replay.")] = LEAST,
    file: Annotated[
        Path, typer.Option(help="JSON lines to replay; invented posts if it is missing.")
    ] = REAL_POSTS,
    leave: Annotated[bool, typer.Option("--exit", help="End after the summary.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Start everything, replay posts, play one case, sum up. Exit code 1 if a promise broke."""
    began = time.monotonic()
    ending = Ending()
    stream = _stream(file, posts)
    options = PipelineOptions(environment={"OMBUD_LOG_LEVEL": "WARNING"})
    with local_pipeline(options, say=console.print) as pipeline:
        target = target_of(pipeline)
        target.save()
        try:
            accepted = _replay(target, stream)
            story = play(target, lambda line: console.print(f"  {line}"))
            summary = sum_up(
                target,
                accepted,
                story,
                seconds=time.monotonic() - began,
                broker=pipeline.stack.broker,
            )
            _report(summary, story, as_json=json)
            if sys.stdin.isatty() and sys.stdout.isatty() and not leave:
                _stay(target, story)
                ending.wait()
        finally:
            DEFAULT_STATE.unlink(missing_ok=True)
    raise typer.Exit(0 if summary.is_good else NO)


def _stream(file: Path, count: int) -> Sequence[dict[str, Any]]:
    if file.is_file():
        console.print(f"replaying {count} real posts from {file}")
        return list(read_posts(file, limit=count, handle=REAL_HANDLE))
    console.print(f"{file} is not there: replaying {count} invented posts")
    return list(invented_posts(count))


def _replay(target: Target, stream: Sequence[dict[str, Any]]) -> int:
    watch = StreamWatch(target, len(stream))
    with watch.shown():
        result = upload(target, stream, advance=watch.uploaded)
        watch.until_placed(result["accepted"])
    return result["accepted"]


def _report(summary: Summary, story: StoryResult, *, as_json: bool) -> None:
    if as_json:
        emit(summary.as_json())
    else:
        show(summary, story)


def _stay(target: Target, story: StoryResult) -> None:
    show_addresses(target)
    console.print("Open next:")
    console.print(f"  {target.urls['audit']}/cases/{story.case_id}/history (what happened, proven)")
    console.print(f"  {target.urls['router']}/cases?state=open (the queue, by due time)")
    console.print(f"  {target.urls['responder']}/reviews (what waits for a second reader)")
    for person in (MIA, TOM):
        console.print(f"[dim]token of {person.name}:[/] {target.token_for(person)}", soft_wrap=True)
