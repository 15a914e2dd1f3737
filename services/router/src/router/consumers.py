"""What the router listens to, and what it does about it: the contents page of the input side."""

from __future__ import annotations

from functools import partial

from common.events.classifier import MentionClassified
from common.events.responder import ReplySent
from common.inbox.handling import HandlerTable
from router.handlers.place_mentions import place_mentions
from router.handlers.stop_first_reaction_clock import stop_first_reaction_clock
from router.storage.configurations import Configurations


def handlers(configurations: Configurations) -> HandlerTable:
    """Event -> use case."""
    return {
        MentionClassified: partial(place_mentions, configurations),
        ReplySent: stop_first_reaction_clock,
    }
