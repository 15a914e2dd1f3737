"""Issues by hand: name one more concern of a case, and say how one ended (S27)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import InvalidInputError, NotFoundError
from common.events.envelope import new_event
from common.events.router import IssueAdded, IssueSettled
from common.ids import IdFactory
from router.domain.configuration import Configuration
from router.domain.issues import refuse_more, settle
from router.domain.states import CaseStep, after
from router.handlers import case_events
from router.handlers.claim_case import CaseCommand
from router.handlers.lock_case import lock_case, refuse_stale
from router.storage import issues
from router.storage.issues import NewIssue


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A concern as a person names it; `topic` and `department` are of the configuration."""

    topic: str
    text: str
    department: str | None


async def add_issue(
    configuration: Configuration,
    uow: UnitOfWork,
    command: CaseCommand,
    named: Named,
    *,
    new_id: IdFactory,
) -> UUID:
    """One more issue of the case; its id.

    Raises NotFoundError, PreconditionFailedError, InvalidInputError for words that the
    configuration does not know, and ConflictError: it is at its end, or has too many.
    """
    if configuration.topics and named.topic not in configuration.topics:
        raise InvalidInputError(f"unknown topic: {named.topic}", code="unknown_topic")
    if named.department is not None and named.department not in configuration.departments:
        raise InvalidInputError(
            f"unknown department: {named.department}", code="unknown_department"
        )
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, CaseStep.RESOLVE)  # what can still be settled can still get a concern
    refuse_stale(case, expected=command.expected_version)
    refuse_more(len(await issues.of_case(uow.connection, case.case_id)))
    issue_id = new_id()
    await issues.add(
        uow.connection,
        [
            NewIssue(
                issue_id=issue_id,
                case_id=case.case_id,
                mention_id=None,
                topic=named.topic,
                text=named.text,
                department=named.department,
            )
        ],
        now=uow.now,
        by=command.by,
    )
    await issues.touch(uow.connection, case.case_id)
    uow.publish(
        new_event(
            IssueAdded(
                issue_id=issue_id,
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                team=case.team,
                topic=named.topic,
                text=named.text,
                department=named.department,
                actor=case_events.actor(command.by),
            ),
            id=new_id(),
            subject=case.case_id,
            time=uow.now,
        )
    )
    return issue_id


async def settle_issue(
    uow: UnitOfWork,
    command: CaseCommand,
    issue_id: UUID,
    *,
    result: str,
    note: str,
    new_id: IdFactory,
) -> None:
    """Say how one concern ended. The case closes only when all have.

    Raises NotFoundError for an issue that is none of this case or of those merged into it,
    PreconditionFailedError, ConflictError: settled already, or the case is at its end.
    """
    case = await lock_case(uow, command.case_id, teams=command.teams)
    after(case.state, CaseStep.RESOLVE)
    refuse_stale(case, expected=command.expected_version)
    known = {each.issue_id for each in await issues.of_case(uow.connection, case.case_id)}
    issue = await issues.lock(uow.connection, issue_id) if issue_id in known else None
    if issue is None:
        raise NotFoundError("the case has no such issue")
    settled = settle(issue.result, result, note=note)
    await issues.settle(
        uow.connection, issue_id, settled, note=note.strip(), by=command.by, at=uow.now
    )
    await issues.touch(uow.connection, case.case_id)
    uow.publish(
        new_event(
            IssueSettled(
                issue_id=issue_id,
                case_id=case.case_id,
                conversation_id=case.conversation_id,
                team=case.team,
                topic=issue.topic,
                result=settled.value,
                note=note.strip(),
                actor=case_events.actor(command.by),
            ),
            id=new_id(),
            subject=case.case_id,
            time=uow.now,
        )
    )
