"""`ombud config`: the company's configuration (teams, rota, clocks, rules) as a YAML file.

The router keeps it, versioned; each decision names the version it was taken under (S119).
"""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import ValidationError

from ombud.output import NO, WRONG_USE, CommandError, console, emit, speaks_plainly
from ombud.people import OPS
from ombud.target import Target, answer, load_target
from router.storage.configuration_document import ConfigurationDocument, problems_in

config = typer.Typer(help="Validate, compare and apply the configuration.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The configuration as YAML.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead.")]


@config.command()
@speaks_plainly
def validate(file: File, json: Json = False) -> None:
    """Say whether the file is right, naming each wrong place. Exit code 1 if it is not."""
    problems = _problems(read(file))
    if json:
        emit({"valid": not problems, "problems": problems})
    else:
        for problem in problems:
            console.print(problem, style="red", markup=False)
        console.print("[red]not valid" if problems else "[green]valid")
    raise typer.Exit(NO if problems else 0)


@config.command()
@speaks_plainly
def show() -> None:
    """Print the configuration in force as YAML, or the shipped default if nothing runs."""
    try:
        target = load_target()
    except CommandError:
        current = yaml.safe_load((files("router") / "default_configuration.yaml").read_text())
    else:
        current, _ = _in_force(target)
    print(_yaml(current), end="")


@config.command()
@speaks_plainly
def diff(file: File) -> None:
    """Compare the configuration in force with the file. Exit code 1 if they differ."""
    current, version = _in_force(load_target())
    lines = list(
        difflib.unified_diff(
            _yaml(_complete(current)).splitlines(),
            _yaml(_complete(read(file))).splitlines(),
            f"version {version}",
            str(file),
            lineterm="",
        )
    )
    print(*lines, sep="\n", end="\n" if lines else "")
    raise typer.Exit(NO if lines else 0)


@config.command(name="apply")
@speaks_plainly
def apply_file(file: File, json: Json = False) -> None:
    """Make the file the configuration in force; the same content makes no new version."""
    document = read(file)
    with load_target().client("router", OPS) as router:
        current = router.get("/configuration")
        in_force = answer(current)
        result = answer(
            router.put(
                "/configuration", json=document, headers={"if-match": current.headers["etag"]}
            )
        )
    if json:
        emit({**result, "changed": result["version"] != in_force["version"]})
    else:
        console.print(f"version {result['version']} is in force")


def read(file: Path) -> Any:
    """The document of a YAML file; CommandError where there is none."""
    try:
        return yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise CommandError(f"{file}: {error}", exit_code=WRONG_USE) from error


def _problems(document: Any) -> list[str]:
    """What the router would refuse; its own check, without a server."""
    return [str(problem) for problem in problems_in(document)]


def _complete(document: Any) -> Any:
    """The document as the router reads it: defaults filled in, so that only differences differ.

    One that the router would refuse stays as it is.
    """
    try:
        return ConfigurationDocument.model_validate(document).dumped()
    except ValidationError:
        return document


def _in_force(target: Target) -> tuple[Any, int]:
    with target.client("router", OPS) as router:
        current = answer(router.get("/configuration"))
    return current["document"], current["version"]


def _yaml(document: Any) -> str:
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=True, width=100)
