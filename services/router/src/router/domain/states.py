"""The life of a case as one table of allowed transitions (HOUSE section 5).

Who may take a step is not decided here (claims, closing); only which step leads where.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from common.errors import ConflictError


class CaseState(enum.StrEnum):
    """`open`: waits in its team's queue; `claimed`: a person holds it; `closed`: final."""

    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"


class CaseStep(enum.StrEnum):
    """What can be done to a case."""

    CLAIM = "claim"
    RENEW = "renew"
    RELEASE = "release"
    EXPIRE = "expire"
    CLOSE = "close"


TRANSITIONS: Mapping[tuple[CaseState, CaseStep], CaseState] = {
    (CaseState.OPEN, CaseStep.CLAIM): CaseState.CLAIMED,
    (CaseState.OPEN, CaseStep.CLOSE): CaseState.CLOSED,
    (CaseState.CLAIMED, CaseStep.RENEW): CaseState.CLAIMED,
    (CaseState.CLAIMED, CaseStep.RELEASE): CaseState.OPEN,
    (CaseState.CLAIMED, CaseStep.EXPIRE): CaseState.OPEN,
    (CaseState.CLAIMED, CaseStep.CLOSE): CaseState.CLOSED,
}


def after(state: CaseState, step: CaseStep) -> CaseState:
    """The state that `step` leads to; ConflictError where the table does not allow it."""
    following = TRANSITIONS.get((state, step))
    if following is None:
        raise ConflictError(
            f"a case that is {state} does not allow: {step}",
            code=f"case_is_{state}",
            details={"state": state.value, "step": step.value},
        )
    return following
