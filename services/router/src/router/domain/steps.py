"""What a step does to the standing of a case: its state, claim, owner, waits (S34 to S36).

Pure: the table of steps is states.py; who may take one is decided where the step is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from router.domain.claims import Claim, Person
from router.domain.states import SETTLED, CaseState, CaseStep, after


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The part of a case that steps change.

    `owner` is the responsible person; None means its team's queue (S34). `rests_as` is what a
    claimed case waits for again once it is given back. `returns_at` is when it moves on by itself.
    `offers_unanswered` counts questions and lead-ins since the customer last wrote (S96).
    """

    state: CaseState
    claim: Claim | None = None
    owner: Person | None = None
    rests_as: CaseState | None = None
    returns_at: datetime | None = None
    offers_unanswered: int = 0


_RETURNING = frozenset({CaseState.WAITING_CUSTOMER, CaseState.OBSERVING, *SETTLED})
_TO_THE_TEAM = frozenset({CaseStep.RELEASE, CaseStep.EXPIRE, CaseStep.HAND_OVER, CaseStep.UNMERGE})
_ENDS_REST: Mapping[CaseStep, frozenset[CaseState]] = {
    CaseStep.CUSTOMER_RETURNED: frozenset(CaseState),
    CaseStep.FOLLOW_UP_DUE: frozenset(CaseState),
    CaseStep.DEPARTMENT_ANSWERED: frozenset({CaseState.WAITING_DEPARTMENT}),
    CaseStep.TRANSFER_FAILED: frozenset({CaseState.TRANSFERRED}),
}


def take(standing: Standing, step: CaseStep, *, returns_at: datetime | None = None) -> Standing:
    """The standing after `step`; ConflictError where the table does not allow it.

    `returns_at` is given where the step begins a wait that ends by itself. A claim ends with every
    step that leaves `claimed`; the owner stays, but for steps that give the case to the team.
    """
    to = after(standing.state, step)
    offers = 0 if step is CaseStep.CUSTOMER_RETURNED else standing.offers_unanswered
    if to is CaseState.CLAIMED:
        ends = standing.rests_as in _ENDS_REST.get(step, frozenset())
        return replace(
            standing,
            rests_as=None if ends else standing.rests_as,
            returns_at=None if ends else standing.returns_at,
            offers_unanswered=offers,
        )
    until = None
    if to in _RETURNING:
        until = returns_at or standing.returns_at
    return Standing(
        state=to,
        owner=None if step in _TO_THE_TEAM else standing.owner,
        returns_at=until,
        offers_unanswered=offers,
    )


def hold(standing: Standing, claim: Claim) -> Standing:
    """The standing with a claim taken or renewed: who holds it answers for it."""
    if standing.state is CaseState.CLAIMED:
        return replace(standing, claim=claim, owner=claim.holder)
    state = after(standing.state, CaseStep.CLAIM)
    return replace(
        standing,
        state=state,
        claim=claim,
        owner=claim.holder,
        rests_as=None if standing.state is CaseState.OPEN else standing.state,
    )
