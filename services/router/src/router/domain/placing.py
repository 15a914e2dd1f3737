"""Where a mention goes: into a case, parked, or noted as our own (SPEC policy, S28).

Exactly one of the three, always. The team of a new case comes from the rule, or from the rota
that the rule names; which team has its turn is decided in rota.py.
"""

from __future__ import annotations

import enum
from datetime import datetime

from router.domain.case_policy import CasePolicy
from router.domain.closing import Outcome
from router.domain.configuration import Configuration
from router.domain.routing import NON_SERVICE, Facts, Rule
from router.domain.states import SETTLED, CaseState, CaseStep

OWN_POST_RULE = "own_post"
OPEN_CONVERSATION_RULE = "open_conversation"
OPEN_CONVERSATION_REASON = "The conversation has an open case."
REOPENED_RULE = "reopened_conversation"
REOPENED_REASON = "The conversation's case was closed a short while ago."
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
    REOPENED = "reopened"
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


def way(rule: Rule, *, has_open_case: bool, may_reopen: bool) -> Way:
    """How a mention goes on; posts in an open conversation join its case, our own never do.

    A conversation whose case was closed a short while ago is the same matter still: what would open
    a case reopens that one.
    """
    if rule.name == OWN_POST_RULE:
        return Way.OWN_POST
    if has_open_case:
        return Way.CONTINUED
    if rule.parks:
        return Way.PARKED
    return Way.REOPENED if may_reopen else Way.OPENED


def may_reopen(
    policy: CasePolicy, *, closed_at: datetime, outcome: str | None, detected_at: datetime
) -> bool:
    """Whether a post detected then takes up a case closed then again.

    Not a case that a correction emptied: nothing was ever worked on in it.
    """
    return outcome != Outcome.MOVED and detected_at - closed_at <= policy.reopen_within


def returning_step(state: CaseState, *, decision: str, is_by_customer: bool) -> CaseStep | None:
    """What a further post does to its case's state; None: nothing, it only joins.

    The customer's word ends every wait. A bystander's does where it is a matter for service of its
    own (S11). What is settled is only taken up again by a matter for service, not by thanks.
    """
    is_matter = decision != NON_SERVICE
    if state in SETTLED or state is CaseState.CLOSED:
        return CaseStep.REOPEN if is_matter else None
    if is_by_customer or is_matter:
        return CaseStep.CUSTOMER_RETURNED
    return None
