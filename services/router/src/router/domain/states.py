"""The life of a case as one table of allowed transitions (HOUSE section 5, S120).

Who may take a step, and when, is not decided here (claims, closing, offers); only which step leads
where. The database knows the same table (migration 0002), and docs/case-life.md is drawn
from it (`python -m router states`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from common.errors import ConflictError


class CaseState(enum.StrEnum):
    """Where a case stands; the words of SPEC."""

    OPEN = "open"
    CLAIMED = "claimed"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_DEPARTMENT = "waiting_department"
    TRANSFERRED = "transferred"
    FOLLOW_UP = "follow_up"
    OBSERVING = "observing"
    RESOLVED = "resolved"
    UNSOLVABLE = "unsolvable"
    CLOSED = "closed"


MEANING: Mapping[CaseState, str] = {
    CaseState.OPEN: "waits for us: in the queue of its team, or of the person it belongs to",
    CaseState.CLAIMED: "a person works on it and holds a lease",
    CaseState.WAITING_CUSTOMER: "we asked the customer something",
    CaseState.WAITING_DEPARTMENT: "a department owes its answer",
    CaseState.TRANSFERRED: "a classic helpdesk works on it; a follow-up brings it back",
    CaseState.FOLLOW_UP: "comes back on a date",
    CaseState.OBSERVING: "our offers stay unanswered, or nothing is to be said; we look at it",
    CaseState.RESOLVED: "done and accounted for; closes by itself unless the customer disagrees",
    CaseState.UNSOLVABLE: "cannot be done, the customer was told; closes by itself",
    CaseState.CLOSED: "final, unless the conversation goes on in time",
}

WORKING = (
    CaseState.OPEN,
    CaseState.CLAIMED,
    CaseState.WAITING_CUSTOMER,
    CaseState.WAITING_DEPARTMENT,
    CaseState.TRANSFERRED,
    CaseState.FOLLOW_UP,
    CaseState.OBSERVING,
)
WAITING = (
    CaseState.WAITING_CUSTOMER,
    CaseState.WAITING_DEPARTMENT,
    CaseState.TRANSFERRED,
    CaseState.FOLLOW_UP,
    CaseState.OBSERVING,
)
"""States in which somebody else, or a date, has the next word."""
SETTLED = (CaseState.RESOLVED, CaseState.UNSOLVABLE)
"""Accounted for, and not closed yet."""
ACCOUNTED = frozenset({*SETTLED, CaseState.CLOSED})
"""States that need outcome, cause, summary and fault (S105, S107)."""


class CaseStep(enum.StrEnum):
    """What can happen to a case."""

    CLAIM = "claim"
    RENEW = "renew"
    RELEASE = "release"
    EXPIRE = "expire"
    HAND_OVER = "hand_over"
    ASSIGN = "assign"
    WAIT_CUSTOMER = "wait_customer"
    CUSTOMER_RETURNED = "customer_returned"
    CUSTOMER_SILENT = "customer_silent"
    ASK_DEPARTMENT = "ask_department"
    DEPARTMENT_ANSWERED = "department_answered"
    TRANSFER = "transfer"
    TRANSFER_FAILED = "transfer_failed"
    PLAN_FOLLOW_UP = "plan_follow_up"
    FOLLOW_UP_DUE = "follow_up_due"
    OBSERVE = "observe"
    OBSERVATION_ENDED = "observation_ended"
    RESOLVE = "resolve"
    DECLARE_UNSOLVABLE = "declare_unsolvable"
    CLOSE = "close"
    REOPEN = "reopen"
    MERGE = "merge"
    UNMERGE = "unmerge"
    EMPTY = "empty"


def _each(
    states: tuple[CaseState, ...], step: CaseStep, to: CaseState
) -> dict[tuple[CaseState, CaseStep], CaseState]:
    return {(state, step): to for state in states}


def _stays(
    states: tuple[CaseState, ...], step: CaseStep
) -> dict[tuple[CaseState, CaseStep], CaseState]:
    return {(state, step): state for state in states}


_S, _T = CaseState, CaseStep

TRANSITIONS: Mapping[tuple[CaseState, CaseStep], CaseState] = {
    # A person works on it. A case that waited goes back to waiting when they give it back, by the
    # step that leads there (`rest_step`).
    **_each((_S.OPEN, *WAITING), _T.CLAIM, _S.CLAIMED),
    (_S.CLAIMED, _T.RENEW): _S.CLAIMED,
    (_S.CLAIMED, _T.RELEASE): _S.OPEN,
    (_S.CLAIMED, _T.EXPIRE): _S.OPEN,
    # Another team or person goes on with it: what is being waited for stays so.
    **_stays((_S.OPEN, *WAITING), _T.HAND_OVER),
    (_S.CLAIMED, _T.HAND_OVER): _S.OPEN,
    **_stays((_S.OPEN, *WAITING), _T.ASSIGN),
    (_S.CLAIMED, _T.ASSIGN): _S.OPEN,
    # The customer.
    **_each(
        (_S.OPEN, _S.CLAIMED, _S.WAITING_CUSTOMER, _S.FOLLOW_UP, _S.OBSERVING),
        _T.WAIT_CUSTOMER,
        _S.WAITING_CUSTOMER,
    ),
    # The department's answer or the helpdesk's work is what the case waits for in the first place.
    **_stays((_S.WAITING_DEPARTMENT, _S.TRANSFERRED), _T.WAIT_CUSTOMER),
    **_each((_S.OPEN, *WAITING), _T.CUSTOMER_RETURNED, _S.OPEN),
    (_S.CLAIMED, _T.CUSTOMER_RETURNED): _S.CLAIMED,
    (_S.WAITING_CUSTOMER, _T.CUSTOMER_SILENT): _S.OPEN,
    # Departments and the helpdesk.
    **_each(WORKING, _T.ASK_DEPARTMENT, _S.WAITING_DEPARTMENT),
    (_S.WAITING_DEPARTMENT, _T.DEPARTMENT_ANSWERED): _S.OPEN,
    **_stays(
        (
            *(_S.OPEN, _S.CLAIMED, _S.WAITING_CUSTOMER, _S.TRANSFERRED, _S.FOLLOW_UP),
            *(_S.OBSERVING, *SETTLED),
        ),
        _T.DEPARTMENT_ANSWERED,
    ),
    **_each(WORKING, _T.TRANSFER, _S.TRANSFERRED),
    (_S.TRANSFERRED, _T.TRANSFER_FAILED): _S.OPEN,
    **_stays((_S.OPEN, _S.CLAIMED, _S.WAITING_CUSTOMER, _S.FOLLOW_UP), _T.TRANSFER_FAILED),
    # Dates.
    **_each((_S.OPEN, _S.CLAIMED, _S.FOLLOW_UP, _S.OBSERVING), _T.PLAN_FOLLOW_UP, _S.FOLLOW_UP),
    **_stays((_S.WAITING_CUSTOMER, _S.WAITING_DEPARTMENT, _S.TRANSFERRED), _T.PLAN_FOLLOW_UP),
    **_each((_S.OPEN, *WAITING), _T.FOLLOW_UP_DUE, _S.OPEN),
    (_S.CLAIMED, _T.FOLLOW_UP_DUE): _S.CLAIMED,
    **_each(
        (_S.OPEN, _S.CLAIMED, _S.WAITING_CUSTOMER, _S.FOLLOW_UP, _S.OBSERVING),
        _T.OBSERVE,
        _S.OBSERVING,
    ),
    (_S.OBSERVING, _T.OBSERVATION_ENDED): _S.OPEN,
    # The end.
    **_each(WORKING, _T.RESOLVE, _S.RESOLVED),
    **_each(WORKING, _T.DECLARE_UNSOLVABLE, _S.UNSOLVABLE),
    **_each((*WORKING, *SETTLED), _T.CLOSE, _S.CLOSED),
    **_each((*SETTLED, _S.CLOSED), _T.REOPEN, _S.OPEN),
    **_each((*WORKING, *SETTLED), _T.MERGE, _S.CLOSED),
    (_S.CLOSED, _T.UNMERGE): _S.OPEN,
    **_each(WORKING, _T.EMPTY, _S.CLOSED),
}

_REST_STEPS: Mapping[CaseState, CaseStep] = {
    CaseState.WAITING_CUSTOMER: CaseStep.WAIT_CUSTOMER,
    CaseState.WAITING_DEPARTMENT: CaseStep.ASK_DEPARTMENT,
    CaseState.TRANSFERRED: CaseStep.TRANSFER,
    CaseState.FOLLOW_UP: CaseStep.PLAN_FOLLOW_UP,
    CaseState.OBSERVING: CaseStep.OBSERVE,
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


def allows(state: CaseState, step: CaseStep) -> bool:
    """Whether the table has this step for a case in this state."""
    return (state, step) in TRANSITIONS


def rest_step(rests_as: CaseState | None, ending: CaseStep) -> CaseStep:
    """The step with which a claim ends (`ending`: release, expire).

    A case that waited when it was claimed, and whose waiting did not end meanwhile, waits again.
    """
    return ending if rests_as is None else _REST_STEPS.get(rests_as, ending)


def moves() -> frozenset[tuple[CaseState, CaseState]]:
    """Every change of state that some step allows: what the database lets pass."""
    return frozenset((before, to) for (before, _), to in TRANSITIONS.items() if before is not to)
