"""What the router listens to, and what it does about it: the contents page of the input side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from common.db.unit_of_work import UnitOfWork
from common.events.classifier import MentionClassified
from common.events.responder import NoReplyDecided, ReplySent
from common.inbox.handling import HandlerTable
from router.handlers.follow_replies import follow_no_replies, follow_replies
from router.handlers.note_replies import note_replies, waive_unanswered
from router.handlers.place_mentions import place_mentions
from router.storage.configurations import Configurations

Handler = Callable[[UnitOfWork, Sequence[Any]], Awaitable[None]]


def handlers(configurations: Configurations) -> HandlerTable:
    """Event -> use case."""
    return {
        MentionClassified: partial(place_mentions, configurations),
        ReplySent: _in_turn(
            partial(note_replies, configurations), partial(follow_replies, configurations)
        ),
        NoReplyDecided: _in_turn(
            partial(waive_unanswered, configurations), partial(follow_no_replies, configurations)
        ),
    }


def _in_turn(*handlers: Handler) -> Handler:
    """Several use cases for one event: clocks first, then the case's own life."""

    async def all_of_them(uow: UnitOfWork, events: Sequence[Any]) -> None:
        for handle in handlers:
            await handle(uow, events)

    return all_of_them
