"""Where a mention goes: into a case, parked, or noted as our own (SPEC policy, S28).

Exactly one of the three, always. The team of a new case comes from the rule, or from the rota
that the rule names; which team has its turn is decided in rota.py.
"""

from __future__ import annotations

import enum

from router.domain.configuration import Configuration
from router.domain.routing import Facts, Rule

OWN_POST_RULE = "own_post"
OPEN_CONVERSATION_RULE = "open_conversation"
OPEN_CONVERSATION_REASON = "The conversation has an open case."
_CLASSIFIED_AS_OWN = "The classifier recognised one of our own posts."


class Place(enum.StrEnum):
    """The one place a mention is kept in."""

    CASE = "case"
    PARKED = "parked"
    OWN_POST = "own_post"


class Way(enum.StrEnum):
    """How a mention got to its place."""

    OPENED = "opened"
    CONTINUED = "continued"
    PARKED = "parked"
    OWN_POST = "own_post"


def own_post_rule(
    configuration: Configuration, *, network: str, handle: str, is_classified_own: bool
) -> Rule | None:
    """Why a post is ours and never opens a case; None when a customer wrote it (SPEC policy)."""
    relation = configuration.own_accounts.get((network, handle.lower().removeprefix("@")))
    if relation is not None:
        reason = f"Written by an account that is listed as {relation}."
    elif is_classified_own:
        reason = _CLASSIFIED_AS_OWN
    else:
        return None
    return Rule(name=OWN_POST_RULE, reason=reason)


def routing_rule(configuration: Configuration, facts: Facts) -> Rule:
    """The rule for a customer's mention, should its conversation have no open case."""
    return configuration.rules.first_match(facts)


def lifting_rule(configuration: Configuration, facts: Facts) -> Rule:
    """The rule for a parked mention that a person wants in a case: the first that parks nothing.

    There is one, because the last rule of a configuration holds for everything and parks only
    what is non-service by its own condition.
    """
    return configuration.rules.first_that_opens(facts)


def way(rule: Rule, *, has_open_case: bool) -> Way:
    """How a mention goes on; posts in an open conversation join its case, our own never do."""
    if rule.name == OWN_POST_RULE:
        return Way.OWN_POST
    if has_open_case:
        return Way.CONTINUED
    return Way.PARKED if rule.parks else Way.OPENED
