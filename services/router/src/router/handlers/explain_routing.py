"""Why a mention went where it went: every rule that was tried, in the version that decided (S37).

Nothing is stored for this but what decided: the mention as it was classified, and the version. The
same code reads both again, so that an explanation cannot say something else than the decision.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from common.events.classifier import MentionClassified
from router.domain.configuration import Configuration
from router.domain.placing import OWN_POST_RULE
from router.domain.routing import TriedRule
from router.handlers.placement_batch import facts_of
from router.storage.placed_mentions import PlacedMention


@dataclass(frozen=True, slots=True)
class RoutingExplained:
    """`tried` ends with the rule that held; it is empty for our own posts, no rule is asked.

    `is_reproduced` says that the rules still come to what is recorded.
    """

    placed: PlacedMention
    tried: list[TriedRule]
    is_reproduced: bool


def explain_routing(placed: PlacedMention, configuration: Configuration) -> RoutingExplained:
    """Ask the rules of the version again that decided about the mention."""
    if placed.rule == OWN_POST_RULE:
        return RoutingExplained(placed, [], is_reproduced=True)
    classified = msgspec.json.decode(placed.body, type=MentionClassified)
    tried = configuration.rules.explain(facts_of(classified))
    held = tried[-1].rule.name if tried and tried[-1].failed is None else None
    return RoutingExplained(placed, tried, is_reproduced=held == placed.rule)
