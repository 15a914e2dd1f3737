"""Who goes on with a case: another team (S30), a person by name (S34, S35), what triage said (S50).

History and clocks stay with the case: a hand-over gives nobody a second ten minutes.
"""

from __future__ import annotations

import enum
from dataclasses import replace

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, InvalidInputError
from common.events.router import CaseHandedOver, CaseTriaged
from common.ids import IdFactory
from router.domain.claims import Person, refuse_other_holder
from router.domain.configuration import Configuration
from router.domain.states import CaseStep, after
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.lock_case import lock_case, refuse_stale
from router.handlers.move_case import move_cases, step
from router.storage import cases


class TriageOutcome(enum.StrEnum):
    """What triage came to (S50)."""

    DIRECT_ANSWER = "direct_answer"
    NEEDS_INFO = "needs_info"
    NEEDS_DEPARTMENT = "needs_department"


async def hand_over_case(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    *,
    team: str,
    reason: str,
    new_id: IdFactory,
) -> None:
    """Give the case to another team's queue; what it waits for goes on.

    Raises NotFoundError, PreconditionFailedError, InvalidInputError for an unknown team, and
    ConflictError: closed, held by somebody else, or that team's already.
    """
    if team not in configuration.teams:
        raise InvalidInputError(f"unknown team: {team}", code="unknown_team")
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, CaseStep.HAND_OVER)
    refuse_other_holder(case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    if team == case.team:
        raise ConflictError("the case is that team's already", code="same_team")
    occasion = new_id()
    uow.publish(
        case_events.Teller(case, occasion=occasion, now=uow.now).tell(
            CaseHandedOver(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                from_team=case.team,
                team=team,
                reason=reason,
                actor=case_events.actor(command.by),
            )
        )
    )
    await cases.hand_over(uow.connection, case.case_id, team=team)
    handed = replace(case, team=team)
    move = step(handed, CaseStep.HAND_OVER, reason=reason, occasion=occasion, actor=command.by)
    await move_cases(uow, [move])


async def assign_case(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    *,
    person_id: str,
    reason: str,
    new_id: IdFactory,
) -> None:
    """Make one person of the case's team responsible for it; a claim of somebody else ends.

    Raises as `hand_over_case` does, and InvalidInputError for whom the configuration does not
    know in that team.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, CaseStep.ASSIGN)
    refuse_stale(case, expected=command.expected_version)
    owner = _colleague(configuration, person_id, case.team)
    if case.standing.owner == owner:
        return
    move = step(case, CaseStep.ASSIGN, reason=reason, occasion=new_id(), actor=command.by)
    await move_cases(uow, [replace(move, to=replace(move.to, owner=owner))])


async def triage_case(
    uow: UnitOfWork,
    command: CaseCommand,
    outcome: TriageOutcome,
    *,
    note: str | None,
    new_id: IdFactory,
) -> None:
    """Record what triage came to; the last word counts.

    Raises NotFoundError, PreconditionFailedError, and ConflictError: it is closed, or somebody
    else holds it.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, CaseStep.ASSIGN)
    refuse_other_holder(case.claim, by=command.by, now=uow.now)
    refuse_stale(case, expected=command.expected_version)
    await cases.record_triage(
        uow.connection, case.case_id, outcome.value, by=command.by, at=uow.now
    )
    uow.publish(
        case_events.Teller(case, occasion=new_id(), now=uow.now).tell(
            CaseTriaged(
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                team=case.team,
                outcome=outcome.value,
                actor=case_events.actor(command.by),
                note=note,
            )
        )
    )


def _colleague(configuration: Configuration, person_id: str, team: str) -> Person:
    colleague = configuration.people.get(person_id)
    if colleague is None or team not in colleague.teams:
        raise InvalidInputError(f"nobody of {team} has that id", code="unknown_person")
    return Person(colleague.id, colleague.name)
