"""Under which case, mention and person a fact is filed: read from its body, guessed nowhere.

Finding aids, and part of what is hashed, so that nobody can file an entry under another case. A
body that cannot be read is kept all the same and filed under its conversation only.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID


class Filing(NamedTuple):
    """Where an entry is found. `actor` is the acting person's id (issuer|subject)."""

    case_id: UUID | None = None
    mention_id: UUID | None = None
    actor: str | None = None


NOWHERE = Filing()
