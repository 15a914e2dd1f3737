"""Files that people name: what is wrong with one is a sentence, not an error number."""

from __future__ import annotations

from pathlib import Path

from ombud.output import WRONG_USE, CommandError


def demand_file(file: Path) -> None:
    """Raises CommandError where there is none."""
    if not file.is_file():
        raise CommandError(f"{file} is no file", exit_code=WRONG_USE)


def text_of(file: Path) -> str:
    """What stands in it. Raises CommandError for what is no file, not ours to read or no text."""
    demand_file(file)
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", exit_code=WRONG_USE) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is no text in UTF-8", exit_code=WRONG_USE) from error
