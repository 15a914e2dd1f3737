"""The policy of SPEC as a table, decided by the packaged configuration; and what rules refuse."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from common.errors import ConfigurationError
from router.domain.configuration import Configuration
from router.domain.placing import Way, lifting_rule, own_post_rule, routing_rule, way
from router.domain.routing import Condition, Facts, graver
from router.storage.configuration_document import packaged_default, parse


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return packaged_default().configuration(7)


def facts(decision: str, kind: str = "talk", **more: Any) -> Facts:
    return Facts(
        decision=decision,
        kind=kind,
        abusive=more.get("abusive", False),
        urgent=more.get("urgent", False),
        is_addressed=more.get("is_addressed", False),
        language="de",
        network="bluesky",
        account=None,
    )


SUPPORT, COMMUNITY = "social_support", "community_management"


@pytest.mark.parametrize(
    ("mention", "team"),
    [
        (facts("service", "problem"), SUPPORT),
        (facts("service", "complaint", abusive=True), SUPPORT),
        (facts("service", "question", abusive=True), SUPPORT),
        (facts("service", "question", urgent=True), SUPPORT),
        (facts("service", "question"), COMMUNITY),
        (facts("service", "news"), SUPPORT),
        (facts("non_service", "talk", is_addressed=True), COMMUNITY),
        (facts("non_service", "question"), COMMUNITY),
        (facts("non_service", "praise"), COMMUNITY),
        (facts("non_service", "wish"), COMMUNITY),
        (facts("non_service", "opinion", abusive=True), COMMUNITY),
        (facts("non_service", "news", urgent=True), COMMUNITY),
    ],
)
def test_who_gets_the_case(configuration: Configuration, mention: Facts, team: str) -> None:
    rule = routing_rule(configuration, mention)
    assert rule.team == team
    assert way(rule, has_open_case=False, may_reopen=False) is Way.OPENED


@pytest.mark.parametrize("kind", ["news", "talk", "opinion", "complaint", "problem", "other"])
def test_talk_that_is_not_to_us_is_parked_unless_its_conversation_has_a_case(
    configuration: Configuration, kind: str
) -> None:
    rule = routing_rule(configuration, facts("non_service", kind))
    assert way(rule, has_open_case=False, may_reopen=False) is Way.PARKED
    assert way(rule, has_open_case=True, may_reopen=False) is Way.CONTINUED


@pytest.mark.parametrize("kind", ["question", "news", "talk", "complaint"])
@pytest.mark.parametrize("is_signal", [True, False])
def test_triage_always_opens_a_case_for_the_team_on_duty(
    configuration: Configuration, kind: str, is_signal: bool
) -> None:
    rule = routing_rule(configuration, facts("triage", kind, abusive=is_signal, urgent=is_signal))
    assert rule.rota == "triage"
    assert way(rule, has_open_case=False, may_reopen=False) is Way.OPENED


@pytest.mark.parametrize(
    ("network", "handle", "is_classified_own", "is_own"),
    [
        ("bluesky", "motorrad.example", False, True),
        ("bluesky", "@Motorrad.Example", False, True),
        ("bluesky", "haendler-sued.example", False, True),
        ("x", "motorrad.example", False, False),
        ("bluesky", "kurt.example", True, True),
        ("bluesky", "kurt.example", False, False),
    ],
)
def test_own_and_partner_posts_never_open_or_join_a_case(
    configuration: Configuration, network: str, handle: str, is_classified_own: bool, is_own: bool
) -> None:
    rule = own_post_rule(
        configuration, network=network, handle=handle, is_classified_own=is_classified_own
    )
    assert (rule is not None) is is_own
    if rule:
        assert way(rule, has_open_case=True, may_reopen=False) is Way.OWN_POST


def test_a_lifted_mention_gets_the_first_rule_that_does_not_park(
    configuration: Configuration,
) -> None:
    assert lifting_rule(configuration, facts("non_service", "talk")).name == "anything_else"


def test_a_case_keeps_its_gravest_decision() -> None:
    assert graver("non_service", "service") == "service"
    assert graver("service", "triage") == "service"
    assert graver("triage", "non_service") == "triage"


def test_every_given_condition_must_hold() -> None:
    asked = Condition(decision=frozenset({"service"}), account=frozenset({"motorrad"}))
    assert not asked.holds(facts("service"))
    assert Condition(language=frozenset({"de", "en"})).holds(facts("service"))
    assert not Condition(network=frozenset({"x"})).holds(facts("service"))
    assert not Condition(abusive=False).holds(facts("service", abusive=True))


def broken(**changes: Any) -> dict[str, Any]:
    document = deepcopy(packaged_default().dumped())
    document.update(changes)
    return document


def rules(*more: dict[str, Any]) -> dict[str, Any]:
    last = {"name": "rest", "team": SUPPORT, "reason": "rest"}
    return broken(rules=[*more, last])


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (rules({"name": "a", "team": "nobody", "reason": "r"}), "unknown team nobody"),
        (rules({"name": "a", "rota": "nights", "reason": "r"}), "unknown rota nights"),
        (rules({"name": "a", "reason": "r"}), "exactly one of team, rota, place"),
        (rules({"name": "a", "team": SUPPORT, "place": "parked", "reason": "r"}), "exactly one"),
        (rules({"name": "a", "place": "parked", "reason": "r"}), "must ask for decision"),
        (
            rules(
                {
                    "name": "a",
                    "when": {"decision": ["service"]},
                    "place": "parked",
                    "reason": "r",
                }
            ),
            "must ask for decision",
        ),
        (rules({"name": "rest", "team": SUPPORT, "reason": "r"}), "rest is named twice"),
        (rules({"name": "a", "when": {"knid": ["news"]}, "team": SUPPORT, "reason": "r"}), "knid"),
        (
            broken(
                rules=[
                    {
                        "name": "a",
                        "when": {"abusive": True},
                        "team": SUPPORT,
                        "reason": "r",
                    }
                ]
            ),
            "last rule must hold for everything",
        ),
        (broken(teams=[]), "teams"),
        (broken(rotas={"triage": []}), "rotas.triage"),
        (broken(claims={"lease_seconds": 900, "longest_lease_seconds": 60}), "longer than"),
    ],
)
def test_a_document_that_cannot_decide_is_refused(document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        parse(document)


def test_the_packaged_configuration_survives_storing() -> None:
    document = packaged_default()
    assert parse(document.dumped()) == document
    agents = [person for person in document.people if person.position == "agent"]
    assert [agent.capacity for agent in agents] == [0.5] * 4
