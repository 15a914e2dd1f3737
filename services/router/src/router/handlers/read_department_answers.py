"""Answers that departments send by mail: read from a mailbox, each taken in once (S51, S68).

The mailbox is only looked at. How far it was read is remembered after what was read is durable, so
that a mail is read again rather than lost; its Message-ID makes the repetition harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import DomainError
from common.ids import IdFactory
from common.observability import metrics
from common.observability.logging import get_logger
from router.gateways.department_mail import MailAnswer
from router.handlers.answer_department_query import Received, answer_department_query
from router.storage import department_mailbox, department_queries
from router.storage.configurations import Configurations

_log = get_logger()


Fetch = Callable[[int, int], Awaitable[tuple[int, Sequence[tuple[int, MailAnswer | None]]]]]
"""(UIDVALIDITY, UID read so far) to (UIDVALIDITY now, the mails after it as UID and answer).

The answer is None for a mail that is none. Raises NotTakenError.
"""


class ReadDepartmentAnswers:
    """Reads on from where the mailbox was left."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        configurations: Configurations,
        fetch: Fetch,
        *,
        new_id: IdFactory,
    ) -> None:
        self._units = units
        self._configurations = configurations
        self._fetch = fetch
        self._new_id = new_id

    async def __call__(self) -> int:
        """One round; how many mails were read."""
        async with self._units.read() as connection:
            position = await department_mailbox.position(connection)
        validity, mails = await self._fetch(position.uid_validity, position.uid)
        for uid, answer in mails:
            async with self._units.begin() as uow:
                if answer is not None:
                    await self._take(uow, answer)
                await department_mailbox.moved(uow.connection, validity, uid, at=uow.now)
        return len(mails)

    async def _take(self, uow: UnitOfWork, answer: MailAnswer) -> None:
        """The first token that names a question decides; a mail with none is somebody else's."""
        for token in answer.tokens:
            query_id = await department_queries.id_of_token(uow.connection, token)
            if query_id is None:
                continue
            received = Received(
                query_id=query_id,
                text=answer.text,
                answered_by=answer.sender,
                via="mail",
                departments=None,
                teams=None,
                message_key=f"mail:{answer.message_id or self._new_id()}",
            )
            try:
                await answer_department_query(
                    self._configurations, uow, received, new_id=self._new_id
                )
            except DomainError as error:
                # Too long, or empty: the mailbox keeps it, a person finds it there.
                _log.warning("department_mail_not_taken", code=error.code)
                metrics.ROUTER_DEPARTMENT_MESSAGES_TOTAL.labels("answer_refused").inc()
            return
