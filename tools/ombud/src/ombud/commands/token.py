"""`ombud token`: a development token for one of the invented staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from ombud.output import WRONG_USE, emit, fail, speaks_plainly
from ombud.people import STAFF
from ombud.target import load_target


@speaks_plainly
def token(
    person: Annotated[str, typer.Argument(help=f"One of: {', '.join(STAFF)}.")] = "mia",
    hours: Annotated[float, typer.Option(min=0.01, max=24, help="How long it is valid.")] = 8.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead.")] = False,
) -> None:
    """Print a bearer token of the development issuer (a stack of `ombud dev`)."""
    if person not in STAFF:
        fail(f"nobody is called {person}; there are: {', '.join(STAFF)}", exit_code=WRONG_USE)
    signed = load_target().token_for(STAFF[person], lifetime=timedelta(hours=hours))
    if json:
        emit({"token": signed, "person": person, "roles": STAFF[person].roles})
    else:
        print(signed)
