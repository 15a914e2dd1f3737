"""What other rules would have done with past mentions: counts, and some to look at (S37).

Only the rules are compared. Whether a conversation had a case, and whose turn it was, is the same
for both and left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from router.domain.routing import Facts, Rule, RuleSet

PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule set says of a mention: which rule, where to, how urgent."""

    rule: str
    target: str
    priority: str


@dataclass(frozen=True, slots=True)
class PastMention:
    """A mention that was placed, and the case it is in, if it is in one."""

    mention_id: UUID
    case_id: UUID | None
    facts: Facts


@dataclass(slots=True)
class ChangedRouting:
    """Mentions that would go elsewhere, or with another urgency."""

    before: Verdict
    after: Verdict
    count: int = 0
    samples: list[PastMention] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`by_rule` maps a rule to how many mentions it decides before and after."""

    examined: int
    changed: int
    changes: list[ChangedRouting]
    by_rule: dict[str, tuple[int, int]]


def verdict_of(rule: Rule) -> Verdict:
    """Where a rule sends a mention: `team:x`, `rota:y` or `parked`."""
    target = PARKED if rule.parks else f"rota:{rule.rota}" if rule.rota else f"team:{rule.team}"
    return Verdict(rule.name, target, rule.priority)


def compare(
    before: RuleSet, after: RuleSet, mentions: Iterable[PastMention], *, samples: int
) -> Comparison:
    """Run both over the mentions; at most `samples` of each kind of change, the first ones.

    A mention whose rule has another name but the same target and priority is not changed.
    """
    examined, rules_before, rules_after = 0, Counter[str](), Counter[str]()
    changes: dict[tuple[Verdict, Verdict], ChangedRouting] = {}
    for mention in mentions:
        examined += 1
        old = verdict_of(before.first_match(mention.facts))
        new = verdict_of(after.first_match(mention.facts))
        rules_before[old.rule] += 1
        rules_after[new.rule] += 1
        if (old.target, old.priority) == (new.target, new.priority):
            continue
        change = changes.setdefault((old, new), ChangedRouting(old, new))
        change.count += 1
        if len(change.samples) < samples:
            change.samples.append(mention)
    names = [rule.name for rule in before.rules]
    names += [rule.name for rule in after.rules if rule.name not in names]
    ordered = sorted(changes.values(), key=lambda change: -change.count)
    return Comparison(
        examined=examined,
        changed=sum(change.count for change in ordered),
        changes=ordered,
        by_rule={name: (rules_before[name], rules_after[name]) for name in names},
    )
