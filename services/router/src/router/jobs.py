"""What the router does by the clock: which timer rings for which use case."""

from __future__ import annotations

from collections.abc import Mapping

from common.timers.loop import TimerHandler
from router.handlers.claim_case import CLAIM_TIMER, expire_claims
from router.handlers.place_mentions import BREACH_TIMER, WARN_TIMER
from router.handlers.ring_first_reaction_clock import (
    breach_first_reaction,
    warn_of_first_reaction,
)

TIMERS: Mapping[str, TimerHandler] = {
    WARN_TIMER: warn_of_first_reaction,
    BREACH_TIMER: breach_first_reaction,
    CLAIM_TIMER: expire_claims,
}
