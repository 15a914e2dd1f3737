"""Department queries: what may be asked, who may answer, what comes next (S38, S39, S51, S67, S68).

The one who asked stays responsible: an answer brings the case back to them with a choice. This
room sends nothing and knows no clock; the deadline comes in.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from common.errors import ConflictError, InvalidInputError, NotFoundError
from router.domain.calendars import Calendar
from router.domain.clocks import ClockTerms

QUESTION_LENGTH = 4000
ANSWER_LENGTH = 20_000


class QueryState(enum.StrEnum):
    """`asked` waits for the department. Word that comes after a withdrawal is kept all the same."""

    ASKED = "asked"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class QueryStep(enum.StrEnum):
    ANSWER = "answer"
    WITHDRAW = "withdraw"


TRANSITIONS: Mapping[tuple[QueryState, QueryStep], QueryState] = {
    (QueryState.ASKED, QueryStep.ANSWER): QueryState.ANSWERED,
    (QueryState.ASKED, QueryStep.WITHDRAW): QueryState.WITHDRAWN,
    (QueryState.WITHDRAWN, QueryStep.ANSWER): QueryState.ANSWERED,
}


class Priority(enum.StrEnum):
    NORMAL = "normal"
    HIGH = "high"


class NextStep(enum.StrEnum):
    """What the asker does with the answer (S68); `wait` is for the other departments' answers."""

    ANSWER_CUSTOMER = "answer_customer"
    ASK_CUSTOMER = "ask_customer"
    ASK_AGAIN = "ask_again"
    TRANSFER = "transfer"
    FOLLOW_UP = "follow_up"
    UNSOLVABLE = "unsolvable"
    WAIT = "wait"


class Channel(enum.StrEnum):
    """How a department is reached. `api`: it looks for its queries itself."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    API = "api"


class MessageKind(enum.StrEnum):
    """What is said to a department, and to whom: a reminder goes to the deputy too (S38)."""

    QUESTION = "question"
    REMINDER = "reminder"
    DEPUTY_REMINDER = "deputy_reminder"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a department; `address` is a mail address, or None where there is none."""

    name: str
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """An entry of the directory (S38). `address` is where its channel ends: mail or https.

    With a `calendar` its deadlines count in that working time (S51).
    """

    id: str
    name: str
    channel: Channel
    address: str | None
    contact: Contact
    deputy: Contact | None = None
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A complete question; there is no other way to one than `question()` (S67)."""

    text: str
    link: str
    reach: int
    priority: Priority


def question(text: str, *, link: str | None, reach: int | None, priority: str) -> Question:
    """The question with the post's public link and its reach.

    Raises InvalidInputError that names what is missing: a department that does not know how many
    people read along cannot choose its words (S67).
    """
    if not text.strip():
        raise InvalidInputError("the question must not be empty", code="question_missing")
    if len(text) > QUESTION_LENGTH:
        raise InvalidInputError(
            f"a question has at most {QUESTION_LENGTH} characters", code="question_too_long"
        )
    if not link or not link.strip():
        raise InvalidInputError(
            "a department query carries the link of the post; this case knows none, so name it",
            code="link_missing",
        )
    if reach is None or reach < 0:
        raise InvalidInputError(
            "a department query carries the reach of the post; this case knows none, so name it",
            code="reach_missing",
        )
    return Question(text=text.strip(), link=link.strip(), reach=reach, priority=Priority(priority))


def department(directory: Mapping[str, Department], id: str) -> Department:
    """The directory's entry; NotFoundError names those that exist."""
    found = directory.get(id)
    if found is None:
        raise NotFoundError(f"no department {id}", details={"departments": sorted(directory)})
    return found


def terms_of(usual: ClockTerms, asked: Department | None) -> ClockTerms:
    """How a department's time counts: as usual, or in its own working time where it has one (S51).

    `asked` is None for one that has left the directory.
    """
    if asked is None or asked.calendar is None:
        return usual
    return replace(usual, calendar=asked.calendar)


def after(state: QueryState, step: QueryStep) -> QueryState:
    """The state that `step` leads to; ConflictError where the table does not allow it."""
    following = TRANSITIONS.get((state, step))
    if following is None:
        raise ConflictError(
            f"a query that is {state} does not allow: {step}",
            code=f"query_is_{state}",
            details={"state": state.value, "step": step.value},
        )
    return following


def answer(text: str) -> str:
    """The answer, cleaned of outer blanks; InvalidInputError if nothing is left of it."""
    cleaned = text.strip()
    if not cleaned:
        raise InvalidInputError("the answer must not be empty", code="answer_missing")
    if len(cleaned) > ANSWER_LENGTH:
        raise InvalidInputError(
            f"an answer has at most {ANSWER_LENGTH} characters", code="answer_too_long"
        )
    return cleaned


def was_in_time(*, answered_at: datetime, due_at: datetime) -> bool:
    """Receipt at the agent counts, not when the department wrote it (S51)."""
    return answered_at <= due_at


def may_see(id: str, *, departments: Collection[str] | None) -> bool:
    """Whether a query to department `id` is theirs; None stands for people who see all."""
    return departments is None or id in departments
