"""`ombud dlq`: what services could not handle: look, try again, or put away with a reason."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from common.events.catalog import SERVICES, consumed_topics
from ombud.output import WRONG_USE, console, emit, fail, speaks_plainly
from ombud.people import LEA, OPS
from ombud.target import answer, load_target

dlq = typer.Typer(help="Dead letters: list, show, replay, discard.", no_args_is_help=True)

CONSUMERS = tuple(service for service in SERVICES if consumed_topics(service))
Service = Annotated[str, typer.Argument(help=f"Whose: {', '.join(CONSUMERS)}.")]
Letter = Annotated[int, typer.Argument(help="The number that `list` shows.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead.")]


@dlq.command(name="list")
@speaks_plainly
def list_letters(
    service: Annotated[str | None, typer.Argument(help="Only this service's.")] = None,
    json: Json = False,
) -> None:
    """List open dead letters, of one service or of all."""
    if service is not None:
        _known(service)
    target = load_target()
    letters: list[dict[str, Any]] = []
    for name in [service] if service else CONSUMERS:
        with target.client(name, OPS) as client:
            page = answer(client.get("/dead-letters", params={"state": "open", "limit": 200}))
            letters += [{"service": name, **letter} for letter in page["items"]]
    if json:
        emit(letters)
        return
    table = Table("service", "number", "topic", "event", "error", "attempts", "since")
    for letter in letters:
        table.add_row(
            letter["service"],
            str(letter["id"]),
            letter["topic"],
            letter["type"] or "?",
            letter["error_class"],
            str(letter["attempts"]),
            letter["first_failed_at"],
        )
    console.print(table if letters else "[green]no dead letters")


@dlq.command()
@speaks_plainly
def show(service: Service, letter: Letter) -> None:
    """Show one dead letter without its content (personal data stays where it is)."""
    _known(service)
    with load_target().client(service, OPS) as client:
        emit(answer(client.get(f"/dead-letters/{letter}")))


@dlq.command()
@speaks_plainly
def replay(service: Service, letter: Letter) -> None:
    """Handle it again; an event that was handled meanwhile changes nothing."""
    _known(service)
    with load_target().client(service, OPS) as client:
        emit(answer(client.post(f"/dead-letters/{letter}/replay")))


@dlq.command()
@speaks_plainly
def discard(
    service: Service,
    letter: Letter,
    reason: Annotated[str, typer.Option(help="Why nothing is lost by it; kept for ever.")],
) -> None:
    """Put it away for good, with a reason (lead only)."""
    _known(service)
    with load_target().client(service, LEA) as client:
        emit(answer(client.post(f"/dead-letters/{letter}/discard", json={"reason": reason})))


def _known(service: str) -> None:
    if service not in CONSUMERS:
        fail(f"{service} consumes nothing; one of: {', '.join(CONSUMERS)}", exit_code=WRONG_USE)
