"""`ombud audit verify`: recompute every hash of the history through audit's API."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from ombud.output import NO, console, emit, speaks_plainly
from ombud.people import LEA
from ombud.target import answer, load_target

audit = typer.Typer(help="Prove the history.", no_args_is_help=True)


@audit.command()
@speaks_plainly
def verify(
    conversation: Annotated[
        UUID | None, typer.Option(help="Only the chain of this conversation id.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead.")] = False,
) -> None:
    """Verify the hash chains. Exit code 1 if anything was changed, dropped or reordered."""
    wanted = {"conversation_id": str(conversation)} if conversation else {}
    with load_target().client("audit", LEA) as client:
        result = answer(client.get("/verify", params=wanted, timeout=600))
    if json:
        emit(result)
    elif result["verified"]:
        console.print(f"[green]verified[/]: {result['entries']} entries, {result['chains']} chains")
    else:
        console.print(f"[red]broken[/]: {result['breaks'][:10]}")
    raise typer.Exit(0 if result["verified"] else NO)
