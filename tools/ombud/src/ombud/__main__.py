"""The list of the `ombud` command's parts."""

from __future__ import annotations

import typer

from ombud.commands.audit import audit
from ombud.commands.classify import classify
from ombud.commands.config import config
from ombud.commands.demo import demo
from ombud.commands.dev import dev
from ombud.commands.dlq import dlq
from ombud.commands.doctor import doctor
from ombud.commands.gate import gate
from ombud.commands.model import model
from ombud.commands.replay import replay
from ombud.commands.token import token
from ombud.commands.topics import topics

app = typer.Typer(
    name="ombud",
    help="Customer service on social networks: run it, replay posts, operate it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (demo, dev, replay, classify, gate, topics, token, doctor):
    app.command()(command)
app.add_typer(config, name="config")
app.add_typer(dlq, name="dlq")
app.add_typer(audit, name="audit")
app.add_typer(model, name="model")


def main() -> None:
    """Entry point of the `ombud` script."""
    app()


if __name__ == "__main__":
    main()
