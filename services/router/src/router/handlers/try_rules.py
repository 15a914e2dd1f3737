"""Try a configuration's rules on past mentions before it is put in force; changes nothing (S37)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from common.events.classifier import MentionClassified
from router.domain.configuration import Configuration
from router.domain.dry_run import Comparison, PastMention, compare
from router.domain.routing import RuleSet
from router.handlers.placement_batch import facts_of
from router.storage.placed_mentions import PlacedMention

_classified = msgspec.json.Decoder(MentionClassified)


async def try_rules(
    in_force: Configuration, candidate: RuleSet, mentions: Sequence[PlacedMention], *, samples: int
) -> Comparison:
    """What `candidate` would do with these mentions, against the rules in force."""

    def run() -> Comparison:
        past = (
            PastMention(each.mention_id, each.case_id, facts_of(_classified.decode(each.body)))
            for each in mentions
        )
        return compare(in_force.rules, candidate, past, samples=samples)

    # Thousands of mentions are a second of work: not on the loop that others wait for.
    return await asyncio.to_thread(run)
