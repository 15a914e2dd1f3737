"""`ombud config`: the company's configuration (teams, rota, clocks, rules) as a YAML file.

The router keeps it, versioned; each decision names the version it was taken under (S119). What a
document may hold stands in docs/configuration.md.
"""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import ValidationError

from ombud.files import text_of
from ombud.output import NO, WRONG_USE, CommandError, console, emit, speaks_plainly
from ombud.people import OPS
from ombud.target import Target, answer, load_target
from router.storage.configuration_document import ConfigurationDocument, problems_in

config = typer.Typer(help="Validate, compare and apply the configuration.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The configuration as YAML.")]
Version = Annotated[
    int | None, typer.Option("--version", min=1, help="An earlier version instead.")
]
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
def show(version: Version = None) -> None:
    """Print the configuration in force as YAML, or the shipped default if nothing runs."""
    try:
        target = load_target()
    except CommandError:
        if version is not None:
            raise
        current = yaml.safe_load((files("router") / "default_configuration.yaml").read_text())
    else:
        current, _ = _stored(target, version)
    print(_yaml(current), end="")


@config.command()
@speaks_plainly
def history(json: Json = False) -> None:
    """List the versions, the latest first: who put them in force, and when."""
    versions: list[dict[str, Any]] = []
    with load_target().client("router", OPS) as router:
        path: str | None = "/configuration/versions?limit=200"
        while path is not None:
            page = answer(router.get(path))
            versions += page["items"]
            path = page["next"]
    if json:
        emit({"versions": versions})
        return
    for each in versions:
        console.print(f"{each['version']:>5}  {each['at']}  {each['actor_name']}", markup=False)


@config.command()
@speaks_plainly
def diff(file: File, version: Version = None, json: Json = False) -> None:
    """Compare the configuration in force with the file. Exit code 1 if they differ.

    With --json every change by path, as the router tells them.
    """
    target = load_target()
    if json:
        told = _difference(target, read(file), version)
        emit(told)
        raise typer.Exit(NO if told["changes"] else 0)
    current, version = _stored(target, version)
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
def apply_file(
    file: Annotated[Path | None, typer.Argument(help="The configuration as YAML.")] = None,
    version: Version = None,
    json: Json = False,
) -> None:
    """Make the file, or an earlier version, the configuration in force (that is a rollback).

    The same content makes no new version.
    """
    if (file is None) == (version is None):
        raise CommandError("name either a file or --version", exit_code=WRONG_USE)
    target = load_target()
    document = read(file) if file is not None else _stored(target, version)[0]
    with target.client("router", OPS) as router:
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


class _DaysAreTexts(yaml.SafeLoader):
    """YAML as JSON knows it: `2026-05-01` stays a text, the router reads it as a day."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(file: Path) -> Any:
    """The document of a YAML file in JSON types; CommandError where there is none."""
    try:
        return yaml.load(text_of(file), Loader=_DaysAreTexts)  # noqa: S506  (a safe loader)
    except yaml.YAMLError as error:
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


def _stored(target: Target, version: int | None) -> tuple[Any, int]:
    """A version's document and its number; the one in force without `version`."""
    wanted = {} if version is None else {"version": version}
    with target.client("router", OPS) as router:
        current = answer(router.get("/configuration", params=wanted))
    return current["document"], current["version"]


def _difference(target: Target, document: Any, version: int | None) -> dict[str, Any]:
    wanted = {} if version is None else {"version": version}
    with target.client("router", OPS) as router:
        told = answer(router.post("/configuration/diff", json=document, params=wanted))
    return dict(told)


def _yaml(document: Any) -> str:
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=True, width=100)
