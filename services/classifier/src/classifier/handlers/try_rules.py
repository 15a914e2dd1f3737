"""What rules would change about recent mentions, before they go live. Nothing is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from classifier.domain.labels import Classification
from classifier.gateways.rules.document import RulesDocument
from classifier.gateways.rules.matching import RuleBook
from classifier.handlers.classify_mentions import asked
from classifier.handlers.deciding import Deciding
from classifier.handlers.models import ModelThread
from classifier.handlers.wire import mention_in
from classifier.storage import recent
from classifier.storage.recent import StoredMention
from common.db.unit_of_work import UnitOfWorkFactory

_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Changed:
    """A mention that would be decided otherwise: under the rules in force, and under the others."""

    mention_id: UUID
    classified_at: datetime
    text: str
    before: Classification
    after: Classification


@dataclass(frozen=True, slots=True)
class Trial:
    """What a dry run found; `fired` counts by rule, `moved` by decision before and after."""

    considered: int
    fired: Mapping[str, int]
    moved: Mapping[tuple[str, str], int]
    changed: Sequence[Changed]


async def try_rules(
    units: UnitOfWorkFactory,
    thread: ModelThread,
    now: Deciding,
    document: RulesDocument,
    *,
    most: int,
) -> Trial:
    """Decide the newest `most` mentions again, under the rules in force and under `document`.

    The model on this machine answers, whatever decides in live operation: a trial spends no
    budget. The pipeline gets its turns in between.
    """
    async with units.read() as connection:
        stored = await recent.newest(connection, most)
    proposed = await thread.run(RuleBook, document, now.rules.version + 1)
    fired: Counter[str] = Counter()
    moved: Counter[tuple[str, str]] = Counter()
    changed: list[Changed] = []
    for begin in range(0, len(stored), _AT_ONCE):
        part = stored[begin : begin + _AT_ONCE]
        for one in await thread.run(_both, now, proposed, part):
            fired.update(one.after.rules)
            if one.before.decision is not one.after.decision:
                moved[one.before.decision.value, one.after.decision.value] += 1
            if _differs(one.before, one.after):
                changed.append(one)
    return Trial(len(stored), fired, moved, changed)


def _both(now: Deciding, proposed: RuleBook, stored: Sequence[StoredMention]) -> list[Changed]:
    mentions = [mention_in(one.body).mention for one in stored]
    questions = [asked(mention) for mention in mentions]
    answers = now.local.classify([question.post for question in questions])
    subjects = [question.subject for question in questions]
    before, after = now.rules.apply(subjects, answers), proposed.apply(subjects, answers)
    return [
        Changed(one.mention_id, one.classified_at, mention.text, *pair)
        for one, mention, pair in zip(
            stored, mentions, zip(before, after, strict=True), strict=True
        )
    ]


def _differs(before: Classification, after: Classification) -> bool:
    """Whether more differs than the trace that rules leave."""
    return any(
        getattr(before, name) != getattr(after, name)
        for name in (
            "label",
            "decision",
            "kind",
            "abusive",
            "urgent",
            "own_agent_post",
            "signals",
            "needs",
            "concerns",
        )
    )
