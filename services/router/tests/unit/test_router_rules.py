"""What rules may ask, how shares are drawn, and that what is explained is what decides (S37)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConfigurationError
from router.domain.conditions import Condition, Facts, share_of
from router.domain.dry_run import PastMention, compare
from router.domain.routing import Rule, RuleSet
from router.storage.configuration_document import packaged_default, parse, problems_in

SUPPORT, COMMUNITY = "social_support", "community_management"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
REST = Rule(name="rest", reason="r", team=COMMUNITY)


def mention_id(number: int) -> UUID:
    return uuid5(UUID(int=1), str(number))


def facts(**more: Any) -> Facts:
    known: dict[str, Any] = {
        "decision": "service",
        "kind": "problem",
        "abusive": False,
        "urgent": False,
        "is_addressed": False,
        "language": "de",
        "network": "bluesky",
        "account": None,
        "label": "service",
        "found_at": NOON,
    }
    return Facts(**{**known, **more})


def words(*given: str) -> frozenset[str]:
    return frozenset(given)


@pytest.mark.parametrize(
    ("when", "holding", "failing"),
    [
        (Condition(label=words("service")), {}, {"label": "non_service"}),
        (Condition(kind=words("question", "wish")), {"kind": "wish"}, {"kind": "news"}),
        (Condition(signals=words("press")), {"signals": ("crisis", "press")}, {"signals": ()}),
        (Condition(needs=words("department")), {"needs": ("department",)}, {"needs": ("other",)}),
        (Condition(needs_nothing=True), {"needs": ()}, {"needs": ("customer_db",)}),
        (Condition(needs_nothing=False), {"needs": ("customer_db",)}, {"needs": ()}),
        (Condition(topics=words("brakes")), {"topics": ["warranty", "brakes"]}, {"topics": []}),
        (
            Condition(departments=words("workshop")),
            {"departments": ["workshop"]},
            {"departments": ["accounting"]},
        ),
        (Condition(account=words("motorrad")), {"account": "motorrad"}, {"account": None}),
        (Condition(abusive=False), {}, {"abusive": True}),
        (Condition(is_addressed=True), {"is_addressed": True}, {}),
        (Condition(repeat_contacts=(2, None)), {"repeat_contacts": 2}, {"repeat_contacts": 1}),
        (Condition(reach=(None, 999)), {"reach": 999}, {"reach": 1000}),
        (Condition(reach=(10, 20)), {"reach": 10}, {"reach": 21}),
        (Condition(begins_at=NOON), {}, {"found_at": NOON - timedelta(microseconds=1)}),
        (Condition(ends_at=NOON), {"found_at": NOON - timedelta(microseconds=1)}, {}),
        (Condition(share_percent=100), {"mention_id": mention_id(4)}, None),
    ],
)
def test_every_condition_holds_and_fails_where_it_should(
    when: Condition, holding: dict[str, Any], failing: dict[str, Any] | None
) -> None:
    assert when.holds(facts(**holding))
    if failing is not None:
        assert not when.holds(facts(**failing))


def test_a_share_is_kept_for_ever_and_another_rules_share_is_independent() -> None:
    numbers = range(20_000)
    inside = {n for n in numbers if share_of("pilot", mention_id(n)) < 30}
    assert inside == {n for n in numbers if share_of("pilot", mention_id(n)) < 30}
    assert abs(len(inside) / 20_000 - 0.3) < 0.015
    both = sum(share_of("other", mention_id(n)) < 30 for n in inside)
    assert abs(both / len(inside) - 0.3) < 0.025
    assert {n for n in numbers if share_of("pilot", mention_id(n)) < 10} < inside


conditions = st.builds(
    Condition,
    decision=st.frozensets(st.sampled_from(["service", "triage", "non_service"]), max_size=2),
    kind=st.frozensets(st.sampled_from(["question", "wish", "news"]), max_size=2),
    needs=st.frozensets(st.sampled_from(["customer_db", "department"]), max_size=1),
    abusive=st.sampled_from([None, True, False]),
    reach=st.sampled_from([None, (10, None), (None, 5)]),
    share_percent=st.sampled_from([None, 25.0, 50.0]),
)
all_facts = st.builds(
    facts,
    decision=st.sampled_from(["service", "triage", "non_service"]),
    kind=st.sampled_from(["question", "wish", "news"]),
    needs=st.sampled_from([(), ("customer_db",), ("department",)]),
    abusive=st.booleans(),
    reach=st.integers(0, 20),
    mention_id=st.integers(0, 50).map(mention_id),
)


@given(whens=st.lists(conditions, max_size=8), fact=all_facts)
def test_what_is_explained_is_what_decides_and_is_the_first_that_holds(
    whens: list[Condition], fact: Facts
) -> None:
    rules = [Rule(name=f"r{n}", reason="r", when=when, team="t") for n, when in enumerate(whens)]
    rule_set = RuleSet([*rules, REST])
    naive = next(rule for rule in (*rules, REST) if rule.when.holds(fact, rule=rule.name))
    decided = rule_set.first_match(fact)
    tried = rule_set.explain(fact)
    assert decided is naive
    assert tried[-1].rule is decided
    assert tried[-1].failed is None
    assert all(each.failed is not None for each in tried[:-1])
    assert [each.rule for each in tried] == list(rule_set.rules[: len(tried)])


def test_an_explanation_says_what_was_wanted_and_what_was_there() -> None:
    rule = Rule(name="big", reason="r", team=SUPPORT, when=Condition(reach=(1000, None)))
    failed = RuleSet([rule, REST]).explain(facts(reach=7))[0].failed
    assert failed is not None
    assert (failed.condition, failed.wanted, failed.found) == ("reach", {"at_least": 1000}, 7)


def test_rules_without_a_last_one_for_everything_say_so() -> None:
    with pytest.raises(ConfigurationError):
        RuleSet([Rule(name="a", reason="r", when=Condition(abusive=True))]).first_match(facts())


@pytest.mark.parametrize(
    ("mention", "rule", "team", "priority"),
    [
        ({"signals": ("addressed_to_management",)}, "addressed_to_management", SUPPORT, "high"),
        (
            {"decision": "triage", "signals": ("addressed_to_management",)},
            "addressed_to_management",
            SUPPORT,
            "high",
        ),
        ({"signals": ("press",)}, "press_service", SUPPORT, "high"),
        ({"repeat_contacts": 2}, "repeated_contact", SUPPORT, "high"),
        ({"kind": "question", "needs": ("customer_db",)}, "needs_support", SUPPORT, "normal"),
        ({"kind": "question", "needs": ("personal_data",)}, "needs_support", SUPPORT, "normal"),
        ({"kind": "question", "needs": ("department",)}, "needs_support", SUPPORT, "normal"),
        ({"kind": "question"}, "service_question", COMMUNITY, "normal"),
        (
            {"decision": "non_service", "kind": "news", "signals": ("crisis",)},
            "press_or_crisis",
            COMMUNITY,
            "high",
        ),
        (
            {"decision": "non_service", "kind": "talk", "signals": ("engagement_opportunity",)},
            "other_signal",
            COMMUNITY,
            "normal",
        ),
    ],
)
def test_the_motorrad_ag_routes_as_the_policy_says(
    mention: dict[str, Any], rule: str, team: str, priority: str
) -> None:
    held = packaged_default().configuration(1).rules.first_match(facts(**mention))
    assert (held.name, held.team, held.priority) == (rule, team, priority)


def test_a_dry_run_counts_what_would_change_and_keeps_samples() -> None:
    before = RuleSet([REST])
    pilot = Rule(name="pilot", reason="r", team=SUPPORT, when=Condition(share_percent=40))
    after = RuleSet([pilot, REST])
    past = [PastMention(mention_id(n), None, facts(mention_id=mention_id(n))) for n in range(500)]
    found = compare(before, after, past, samples=3)
    drawn = Counter(share_of("pilot", each.mention_id) < 40 for each in past)
    assert (found.examined, found.changed) == (500, drawn[True])
    assert found.by_rule == {"pilot": (0, drawn[True]), "rest": (500, drawn[False])}
    (change,) = found.changes
    assert (change.before.target, change.after.target) == (f"team:{COMMUNITY}", f"team:{SUPPORT}")
    assert len(change.samples) == 3
    assert compare(after, after, past, samples=3).changes == []


def test_days_of_a_rule_are_days_of_the_companys_zone() -> None:
    document = packaged_default().dumped()
    advent = {"name": "advent", "team": SUPPORT, "reason": "r"}
    advent["when"] = {"from": "2026-12-01", "until": "2026-12-24"}
    document["rules"].insert(0, advent)
    rules = parse(document).configuration(1).rules
    held = {
        day: rules.first_match(facts(found_at=datetime.fromisoformat(day))).name == "advent"
        for day in (
            "2026-11-30T22:59:59+00:00",
            "2026-11-30T23:00:00+00:00",
            "2026-12-24T22:59:59+00:00",
            "2026-12-24T23:00:00+00:00",
        )
    }
    assert list(held.values()) == [False, True, True, False]


def test_all_problems_are_told_at_once_with_path_and_reason() -> None:
    document = packaged_default().dumped()
    document["unheard_of"] = 1
    document["timezone"] = "Europe/Atlantis"
    document["people"][0]["capacity"] = 0.33
    document["people"][1]["deputies"] = ["motorrad|nobody", "motorrad|malte"]
    document["people"][2]["absences"] = [{"from": "2026-05-02", "until": "2026-05-01"}]
    document["rotas"]["triage"]["teams"][0]["weight"] = 21
    document["rotas"]["triage"]["needs"] = {"skills": ["juggling"]}
    document["rules"][1]["rota"] = "nights"
    document["rules"][2]["when"]["topic"] = ["weather"]
    document["rules"][3]["when"] = {}
    document["actions"][0]["allowed"]["agent"] = {"reason": 3}
    document["topics"][0]["department"] = "weather_office"
    told = {problem.path: problem.reason for problem in problems_in(document)}
    assert set(told) == {
        "unheard_of",
        "timezone",
        "people.0.capacity",
        "people.1.deputies.0",
        "people.1.deputies.1",
        "people.2.absences.0",
        "rotas.triage.teams.0.weight",
        "rules.1.rota",
        "rules.2.when.topic",
        "rules.3.when",
        "actions.0",
        "topics.0.department",
    }
    assert told["rules.1.rota"] == "unknown rota nights"
    assert told["rules.3.when"] == "holds for everything: no rule after it is reached"


@pytest.mark.parametrize("document", [None, [], "text", 7, {"rules": {"a": 1}, "teams": "x"}])
def test_what_is_no_document_at_all_is_refused_not_stumbled_over(document: Any) -> None:
    assert problems_in(document)


def test_a_rule_may_ask_for_the_hours_of_a_calendar() -> None:
    document = packaged_default().dumped()
    night = {"name": "night", "team": SUPPORT, "reason": "r", "when": {"closed": "support_de"}}
    day = {"name": "day", "team": SUPPORT, "reason": "r", "when": {"open": "support_de"}}
    document["rules"] = [night, day, document["rules"][-1]]
    rules = parse(document).configuration(1).rules
    held = [
        rules.first_match(facts(found_at=datetime.fromisoformat(moment))).name
        for moment in (
            "2026-03-02T11:29:59+00:00",  # Monday, 12:29:59 in Berlin: open until half past
            "2026-03-02T11:30:00+00:00",
            "2026-03-02T12:00:00+00:00",
            "2026-01-06T10:00:00+00:00",  # Epiphany is a holiday in Baden-Württemberg
        )
    ]
    assert held == ["day", "night", "day", "night"]
    (failed,) = [each.failed for each in rules.explain(facts(found_at=NOON)) if each.failed]
    assert (failed.condition, failed.wanted, failed.found) == ("closed", "support_de", True)


def test_unknown_calendars_are_told_wherever_they_are_named() -> None:
    document = packaged_default().dumped()
    document["people"][0]["calendar"] = "nights"
    document["departments"][0]["calendar"] = "nights"
    document["rules"][0]["when"]["open"] = "nights"
    document["clocks"]["answer"]["calendar"] = "nights"
    document["unheard_of"] = 1
    told = {problem.path for problem in problems_in(document)}
    assert told == {
        "unheard_of",
        "people.0.calendar",
        "departments.0.calendar",
        "rules.0.when.open",
        "clocks.answer.calendar",
    }
