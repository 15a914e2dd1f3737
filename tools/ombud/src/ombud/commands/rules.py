"""`ombud model rules`: the operator's rules as a YAML file: check, try, put in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.table import Table

from ombud.commands.classify import read_rules
from ombud.output import console, emit, speaks_plainly
from ombud.people import OPS
from ombud.target import answer, load_target

rules = typer.Typer(help="The operator's rules: show, validate, dry-run, apply.")

File = Annotated[Path, typer.Argument(help="The rules as YAML.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead.")]


@rules.command()
@speaks_plainly
def show() -> None:
    """Print the rules in force as YAML."""
    with load_target().client("classifier", OPS) as client:
        found = answer(client.get("/rules"))
    print(yaml.safe_dump(_tidy(found["document"]), allow_unicode=True, sort_keys=False), end="")


@rules.command()
@speaks_plainly
def validate(file: File) -> None:
    """Say whether the file is right, naming each wrong place. Exit code 1 if it is not."""
    found = read_rules(file)
    console.print(f"[green]valid[/]: {len(found.rules)} rules")


@rules.command(name="dry-run")
@speaks_plainly
def dry_run(
    file: File,
    mentions: Annotated[int, typer.Option(min=1, max=5000, help="On how many, newest.")] = 1000,
    json: Json = False,
) -> None:
    """Show what the rules would change about recent mentions; nothing is changed."""
    document = read_rules(file).model_dump(mode="json", exclude_defaults=True)
    with load_target().client("classifier", OPS) as client:
        found = answer(
            client.post(
                "/rules/dry-run", json={"document": document, "mentions": mentions}, timeout=120
            )
        )
    if json:
        emit(found)
        return
    console.print(f"{found['changed']} of {found['mentions']} mentions would change")
    fired = Table("rule", "fires on")
    for name, count in sorted(found["fired"].items()):
        fired.add_row(name, str(count))
    moves = Table("decided", "would be", "mentions")
    for move in found["moves"]:
        moves.add_row(move["before"], move["after"], str(move["mentions"]))
    console.print(fired)
    console.print(moves)


@rules.command(name="apply")
@speaks_plainly
def apply_file(
    file: File, reason: Annotated[str, typer.Option(help="Why; it stands in the history.")]
) -> None:
    """Put the file in force; running services take it up within seconds."""
    document = read_rules(file).model_dump(mode="json", exclude_defaults=True)
    with load_target().client("classifier", OPS) as client:
        current = client.get("/rules")
        answer(current)
        done = answer(
            client.put(
                "/rules",
                json={"document": document, "reason": reason},
                headers={"if-match": current.headers["etag"]},
            )
        )
    console.print(f"version {done['version']} is in force")


def _tidy(document: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {
        "rules": [
            {
                name: {k: v for k, v in value.items() if v not in (None, [], False)}
                if isinstance(value, dict)
                else value
                for name, value in rule.items()
                if value is not None
            }
            for rule in document["rules"]
        ]
    }
