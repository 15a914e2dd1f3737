"""What the router listens to, and what it does about it: the contents page of the input side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from common.db.unit_of_work import UnitOfWork
from common.events.classifier import CrisisSwitched, MentionClassified, MentionReclassified
from common.events.envelope import Event
from common.events.responder import ForwardRequested, NoReplyDecided, ReplySent
from common.inbox.handling import Handler, HandlerTable
from router.handlers.ask_department import NewToken
from router.handlers.follow_replies import follow_no_replies, follow_replies
from router.handlers.forward_to_department import forward_to_departments
from router.handlers.note_crises import note_crises
from router.handlers.note_replies import note_replies, waive_unanswered
from router.handlers.place_mentions import place_mentions
from router.handlers.reclassify_mentions import reclassify_mentions
from router.handlers.transfer_case import remember_replies
from router.storage.configurations import Configurations


def handlers(configurations: Configurations, *, new_token: NewToken) -> HandlerTable:
    """Event -> use case; of several, the first locks the cases for all."""
    return {
        MentionClassified: partial(place_mentions, configurations),
        MentionReclassified: partial(reclassify_mentions, configurations),
        CrisisSwitched: note_crises,
        ReplySent: _in_turn(
            partial(follow_replies, configurations),
            partial(note_replies, configurations),
            remember_replies,
        ),
        ForwardRequested: partial(forward_to_departments, configurations, new_token),
        NoReplyDecided: _in_turn(
            partial(follow_no_replies, configurations), partial(waive_unanswered, configurations)
        ),
    }


def _in_turn(*handlers: Handler) -> Handler:
    """All, in the same transaction."""

    async def all_of_them(uow: UnitOfWork, events: Sequence[Event[Any]]) -> None:
        for handler in handlers:
            await handler(uow, events)

    return all_of_them
