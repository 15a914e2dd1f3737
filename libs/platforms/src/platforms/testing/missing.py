"""What a machine lacks for a far end, said once and loudly."""

from __future__ import annotations

import shutil

from common.testing.stack.errors import StackError


class PartMissingError(StackError):
    """A program or package is not here; the text names it and how to get it."""


def require_program(name: str, *, package: str, folder: str = "/usr/sbin:/usr/bin") -> str:
    """The program's path. Raises PartMissingError that names the Debian package."""
    found = shutil.which(name) or shutil.which(name, path=folder)
    if found is None:
        raise PartMissingError(
            f"`{name}` is missing: apt-get install --no-install-recommends {package}"
        )
    return found
