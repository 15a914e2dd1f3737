"""What callers send and see; the same names as in the domain, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.errors import ForbiddenError
from common.web.auth import Principal
from common.web.concurrency import etag
from common.web.idempotency import Answer
from responder.domain.drafts import Draft, Revision
from responder.domain.persons import Person
from responder.domain.words import Audience, DispatchState, DraftState, Kind

WRITERS = ("agent", "lead", "triage")
READERS = (*WRITERS, "observer")


# Says something, and holds no NUL, which PostgreSQL's text cannot.
_SAYS_SOMETHING = r"^[^\x00]*[^\s\x00][^\x00]*$"

ReplyText = Annotated[str, Field(min_length=1, max_length=10_000, pattern=_SAYS_SOMETHING)]
Reason = Annotated[str, Field(min_length=1, max_length=2_000, pattern=_SAYS_SOMETHING)]
Name = Annotated[str, Field(min_length=1, max_length=500, pattern=_SAYS_SOMETHING)]


WrittenKind = Literal[
    "answer", "holding", "question", "progress", "correction", "lead_in", "outcome"
]
"""What a reply may be; not answering has a route of its own."""


class Shape(BaseModel):
    """Base of what is sent to us: unknown members are refused, so that a typo is noticed."""

    model_config = ConfigDict(extra="forbid")


class PersonView(BaseModel):
    id: str
    name: str


class RevisionView(BaseModel):
    """One wording. `content_hash` is what an approval names, hex SHA-256.

    `details` holds the answers of a no-reply as JSON, and is empty for replies.
    """

    revision: int
    network: str
    account: str
    in_reply_to: str
    visibility: Audience
    kind: Kind
    text: str
    details: str
    content_hash: str
    author: PersonView
    written_at: datetime


class DraftView(BaseModel):
    """A draft at its latest wording; `version` is also its ETag. `approver` read exactly that.

    `lead_in_draft_id` names the public half where this is the private half of a pair.
    """

    draft_id: UUID
    case_id: UUID
    conversation_id: UUID
    state: DraftState
    version: int
    latest: RevisionView
    authors: list[PersonView]
    approver: PersonView | None
    dispatch: DispatchState | None
    created_at: datetime
    submitted_at: datetime | None
    lead_in_draft_id: UUID | None


def person_of(principal: Principal) -> Person:
    """The person who asks. Raises ForbiddenError `service_account` for machines."""
    if principal.is_service:
        raise ForbiddenError(
            "service accounts neither write nor approve replies", code="service_account"
        )
    return Person(principal.id, principal.name)


def show_draft(draft: Draft) -> DraftView:
    return DraftView(
        draft_id=draft.draft_id,
        case_id=draft.case_id,
        conversation_id=draft.conversation_id,
        state=draft.state,
        version=draft.version,
        latest=show_revision(draft.latest),
        authors=[_show_person(author) for author in draft.authors],
        approver=_show_person(draft.approver) if draft.approver else None,
        dispatch=draft.dispatch,
        created_at=draft.created_at,
        submitted_at=draft.submitted_at,
        lead_in_draft_id=draft.lead_in_draft_id,
    )


def answer_with(draft: Draft, *, status: int = 200) -> Answer:
    """The draft as an answer, with its ETag."""
    return Answer(status, show_draft(draft), {"ETag": etag(draft.version)})


def show_revision(revision: Revision) -> RevisionView:
    content = revision.content
    return RevisionView(
        revision=revision.number,
        network=content.network,
        account=content.account,
        in_reply_to=content.in_reply_to,
        visibility=content.visibility,
        kind=content.kind,
        text=content.text,
        details=content.details,
        content_hash=revision.content_hash.hex(),
        author=_show_person(revision.author),
        written_at=revision.written_at,
    )


def _show_person(person: Person) -> PersonView:
    return PersonView(id=person.id, name=person.name)
