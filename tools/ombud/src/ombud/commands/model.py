"""`ombud model`: learn from corrections, examine, promote, roll back; and the operator's rules.

Training and examining happen on this machine, in a checkout (they need scikit-learn and the
labelled posts); who decides is the service's matter, asked over its API.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table

import classifier
from classifier.domain.promotion import Evaluation, Figures
from classifier.gateways.model import ShippedModel
from classifier.gateways.port import Model
from common.errors import ConfigurationError
from ombud.commands.rules import rules
from ombud.learning import LANGUAGES, SPLIT, Material, examine, read_material, write_data
from ombud.output import NO, WRONG_USE, CommandError, console, emit, speaks_plainly
from ombud.people import OPS
from ombud.target import LOCAL_MODELS, answer, load_target

model = typer.Typer(
    help="Models: retrain, evaluate, promote, roll back, list, shadow; operator's rules.",
    no_args_is_help=True,
)
model.add_typer(rules, name="rules")

SHIPPED = "shipped"
_RECORD = "training.json"
_STAND_INS = ".stand-ins"

Models = Annotated[
    Path,
    typer.Option(
        "--models",
        envvar="OMBUD_CLASSIFIER_MODELS",
        help="The models folder, the same that the service reads.",
    ),
]
Data = Annotated[Path, typer.Option(help="Folder of de_labelled.jsonl and en_labelled.jsonl.")]
Corrections = Annotated[
    Path | None, typer.Option(help="JSON lines of corrections; else the service is asked.")
]
Reason = Annotated[str, typer.Option(help="Why; it stands in the history.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead.")]
DATA = Path("../shared/data/mentions")


@model.command(name="list")
@speaks_plainly
def list_models(json: Json = False) -> None:
    """List registered models, who decides, and every change."""
    with load_target().client("classifier", OPS) as client:
        found = answer(client.get("/models"))
    if json:
        emit(found)
        return
    table = Table("model", "role", "registered", "evaluated", "note")
    table.add_row(
        SHIPPED, "champion" if found["champion"] == SHIPPED else "", "", "", "inside the package"
    )
    for entry in found["models"]:
        table.add_row(
            entry["version"],
            entry["role"] or "",
            entry["registered_at"],
            entry["evaluated_at"] or "never",
            entry["note"],
        )
    console.print(table)
    for change in found["changes"]:
        console.print(
            f"{change['at']} {change['what']} {change['champion']} by {change['actor_name']}: "
            f"{change['reason']}",
            markup=False,
        )


@model.command()
@speaks_plainly
def retrain(
    models: Models = LOCAL_MODELS,
    data: Data = DATA,
    corrections: Corrections = None,
    note: Annotated[str, typer.Option(help="What is new about it.")] = "retrained",
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not register it with the service.")
    ] = False,
    stand_in: Annotated[
        bool,
        typer.Option(
            "--stand-in/--no-stand-in",
            help="Also train without corrections what the shipped model is examined by.",
        ),
    ] = True,
) -> None:
    """Train a challenger from labelled posts and corrections, without the held-out fifth."""
    material = read_material(data, _corrections(corrections))
    learned = sum(len(material.corrections[language]) for language in LANGUAGES)
    console.print(f"{learned} corrections beside the labelled posts")
    with tempfile.TemporaryDirectory(prefix="ombud-train-") as scratch:
        version = _train(material, data, Path(scratch), models)
        place = _stand_in(models, material)
        if stand_in and not place.exists():
            console.print("training the stand-in of the shipped model (once for these posts)")
            folder = Path(scratch) / "stand-in"
            _run_training(material, data, folder, with_corrections=False)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / "artefact", place)
    if not offline:
        with load_target().client("classifier", OPS) as client:
            answer(client.post("/models", json={"version": version, "note": note}))
    console.print(f"[green]{version}[/] lies in {models / version}; evaluate it next")
    emit({"version": version, "folder": str(models / version), "corrections": learned})


@model.command()
@speaks_plainly
def evaluate(
    version: Annotated[str, typer.Argument(help="The challenger.")],
    models: Models = LOCAL_MODELS,
    data: Data = DATA,
    corrections: Corrections = None,
    champion: Annotated[
        str | None, typer.Option(help="Measure against this model instead of who decides.")
    ] = None,
    json: Json = False,
) -> None:
    """Examine a challenger and the champion on posts that neither learned from.

    Exit code 1 if it may not be promoted.
    """
    material = read_material(data, _corrections(corrections))
    if champion is None:
        with load_target().client("classifier", OPS) as client:
            champion = str(answer(client.get("/models"))["champion"])
    parts = _examination(material, models, champion=champion, challenger=version)
    if not parts:
        raise CommandError("there is nothing to examine them on: no held-out posts", exit_code=NO)
    evaluation = Evaluation(
        champion=champion, challenger=version, data=material.digest(), parts=tuple(parts)
    )
    with load_target().client("classifier", OPS) as client:
        verdict = answer(client.put(f"/models/{version}/evaluation", json=_as_json(evaluation)))
    if json:
        emit({**_as_json(evaluation), **verdict})
    else:
        console.print(_table(parts))
        for objection in verdict["objections"]:
            console.print(objection, style="red", markup=False)
        may = verdict["may_be_promoted"]
        console.print("[green]may be promoted" if may else "[red]may not be promoted")
    raise typer.Exit(0 if verdict["may_be_promoted"] else NO)


@model.command()
@speaks_plainly
def promote(
    version: Annotated[str, typer.Argument(help="The challenger.")], reason: Reason
) -> None:
    """Let a model decide. Refused, with exit code 1, where it is worse than the champion."""
    _choose("promote", {"version": version, "reason": reason})


@model.command()
@speaks_plainly
def rollback(reason: Reason) -> None:
    """Let the champion before decide again."""
    _choose("rollback", {"reason": reason})


@model.command()
@speaks_plainly
def shadow(
    version: Annotated[str, typer.Argument(help="The challenger, or none.")], reason: Reason
) -> None:
    """Let a model answer beside the champion; both answers are kept, the champion decides."""
    chosen = None if version == "none" else version
    _choose("shadow", {"version": chosen, "reason": reason})


def _choose(what: str, body: dict[str, Any]) -> None:
    with load_target().client("classifier", OPS) as client:
        now = answer(client.post(f"/models/{what}", json=body))
    console.print(f"{now['champion']} decides, {now['challenger'] or 'nobody'} beside it")
    emit(now)


def _corrections(file: Path | None) -> list[bytes]:
    if file is not None:
        try:
            return file.read_bytes().splitlines()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", exit_code=WRONG_USE) from error
    with load_target().client("classifier", OPS) as client:
        response = client.get("/corrections", timeout=300)
        if not response.is_success:
            answer(response)
        return response.content.splitlines()


def _train(material: Material, data: Path, scratch: Path, models: Path) -> str:
    """Train the challenger into the models folder; its version."""
    folder = scratch / "challenger"
    _run_training(material, data, folder, with_corrections=True)
    artefact = folder / "artefact"
    version = ShippedModel.load(artefact).version
    record = {
        "data": material.digest(),
        "held_out": SPLIT,
        "posts": {language: len(material.posts[language]) for language in LANGUAGES},
        "corrections": {language: len(material.corrections[language]) for language in LANGUAGES},
    }
    (artefact / _RECORD).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2))
    models.mkdir(parents=True, exist_ok=True)
    if not (models / version).exists():
        # Moved under its name as a whole: the service never sees half a model.
        partly = models / f".{version}"
        shutil.rmtree(partly, ignore_errors=True)
        shutil.move(artefact, partly)
        partly.rename(models / version)
    return version


def _run_training(material: Material, data: Path, folder: Path, *, with_corrections: bool) -> None:
    """Run the training program of this checkout and show what it says."""
    script = Path(classifier.__file__).parents[2] / "training/train.py"
    if not script.is_file():
        raise CommandError(f"{script} is missing: training needs a checkout of the project")
    inside = write_data(material, data, folder / "data", with_corrections=with_corrections)
    command = [
        *(sys.executable, str(script)),
        *("--data", str(inside), "--out", str(folder / "artefact")),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as training:
        said = [""]
        for line in training.stdout or ():
            said.append(line.rstrip())
            console.print(said[-1], markup=False)
    if training.returncode != 0:
        raise CommandError(f"the training failed: {said[-1]}", exit_code=NO)


def _examination(
    material: Material, models: Path, *, champion: str, challenger: str
) -> list[Figures]:
    """The parts on which both can be compared fairly."""
    theirs, its = _loaded(models, champion), _loaded(models, challenger)
    _check_held_out(models, challenger)
    parts = []
    for part in ("corrections", *LANGUAGES):
        posts = material.held_out(part)
        if not posts:
            continue
        judged: Model | None = theirs
        if part != "corrections" and not _has_record(models, champion):
            # The shipped model learned from all labelled posts, these included.
            place = _stand_in(models, material)
            judged = ShippedModel.load(place) if place.exists() else None
            if judged is None:
                console.print(f"{part}: {champion} has seen these posts and has no stand-in")
                continue
        if judged is not None:
            parts.append(examine(part, posts, champion=judged, challenger=its))
    return parts


def _loaded(models: Path, version: str) -> Model:
    try:
        return ShippedModel.load(None if version == SHIPPED else models / version)
    except ConfigurationError as error:
        raise CommandError(str(error), exit_code=WRONG_USE) from error


def _has_record(models: Path, version: str) -> bool:
    return version != SHIPPED and (models / version / _RECORD).exists()


def _check_held_out(models: Path, version: str) -> None:
    """Figures are worth nothing where the challenger learned what it is examined on."""
    record: dict[str, Any] = {}
    with contextlib.suppress(OSError):
        record = orjson.loads((models / version / _RECORD).read_bytes())
    if record.get("held_out") != SPLIT:
        raise CommandError(
            f"{version} was not trained by `ombud model retrain`: nobody knows what it has seen",
            exit_code=NO,
        )


def _stand_in(models: Path, material: Material) -> Path:
    """Where the model lies that learned like the shipped one, but not the held-out fifth."""
    return models / _STAND_INS / Material(material.posts, {x: [] for x in LANGUAGES}).digest()


def _as_json(evaluation: Evaluation) -> dict[str, Any]:
    return {**asdict(evaluation), "parts": [asdict(part) for part in evaluation.parts]}


def _table(parts: list[Figures]) -> Table:
    table = Table("posts", "number", "champion right", "challenger right", "F1 before", "F1")
    for part in parts:
        table.add_row(
            part.part,
            str(part.posts),
            str(part.champion_right),
            str(part.challenger_right),
            f"{part.champion_f1:.3f}",
            f"{part.challenger_f1:.3f}",
        )
    return table
