"""Operator rules: what may be written, where they fire, what they change, how long they take."""

from __future__ import annotations

import time

import pytest
from pydantic import ValidationError

from classifier.domain.labels import (
    Classification,
    Concern,
    Decision,
    Kind,
    Label,
    Language,
    Need,
    Signal,
)
from classifier.gateways.rules.document import (
    RulesDocument,
    changed_without_version,
    problems_of,
)
from classifier.gateways.rules.matching import MOST_OVERRUNS, PATTERN_S, RuleBook, subject_of

TEXT = "Liebe Motorrad AG, eine Presseanfrage zum Aktenzeichen 4711: seid ihr noch zu retten?"


def answer(**changes) -> Classification:
    given = {
        "label": Label.NON_SERVICE,
        "decision": Decision.TRIAGE,
        "confidence": 0.7,
        "kind": Kind.OPINION,
        "abusive": True,
        "urgent": False,
        "own_agent_post": False,
        "language": Language.GERMAN,
        "evidence": (),
        "model": "m1",
        "concerns": (Concern("general", TEXT),),
    }
    return Classification(**(given | changes))


def book(*rules) -> RuleBook:
    return RuleBook(RulesDocument.model_validate({"rules": list(rules)}), 1)


def rule(when, then, **more):
    return {"name": "press_desk", "version": 3, "when": when, "then": then} | more


def apply(rules: RuleBook, text=TEXT, given=None, **about) -> Classification:
    (result,) = rules.apply([subject_of(text, **about)], [given or answer()])
    return result


def test_a_rule_sets_what_it_names_and_leaves_a_trace_with_its_span():
    rules = book(
        rule(
            {"phrases": ["presseanfrage"], "patterns": [r"aktenzeichen\s+\d+"]},
            {
                "label": "service",
                "kind": "request",
                "urgent": True,
                "signals": ["press"],
                "needs": ["department"],
                "topic": "press",
                "department": "communication",
            },
        )
    )
    result = apply(rules)
    assert (result.label, result.decision, result.kind) == ("service", "service", "request")
    assert result.confidence == 1.0
    assert result.abusive, "an insult stays one, whatever the label (S21)"
    assert result.urgent
    assert result.signals == {Signal.PRESS}
    assert result.needs == {Need.DEPARTMENT}
    assert result.concerns == (Concern("press", TEXT, "communication"),)
    assert result.rules == ("press_desk@3",)
    found = [e for e in result.evidence if e.source == "press_desk@3"]
    assert [e.text for e in found] == ["Presseanfrage", "Aktenzeichen 4711"]
    assert all(TEXT[e.start : e.end] == e.text and e.weight > 0 for e in found)


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ({"phrases": ["Presseanfragen"]}, False),
        ({"phrases": ["Presse"]}, False),
        ({"phrases": ["noch  zu retten"]}, True),
        ({"phrases": ["nirgends", "PRESSEANFRAGE"]}, True),
        ({"phrases": ["presseanfrage"], "patterns": ["nirgends"]}, False),
        ({"authors": ["@Redaktion_Nord"]}, True),
        ({"authors": ["id-7"]}, True),
        ({"authors": ["jemand"]}, False),
        ({"accounts": ["@motorrad_ag"], "networks": ["testnet"]}, True),
        ({"accounts": ["motorrad_ag"], "networks": ["mail"]}, False),
        ({"accounts": ["other"]}, False),
    ],
)
def test_all_conditions_must_hold_and_one_entry_of_each_is_enough(when, fires):
    rules = book(rule(when, {"urgent": True}))
    result = apply(
        rules, network="testnet", account="@Motorrad_AG", authors=["id-7", "redaktion_nord"]
    )
    assert result.urgent is fires
    assert result.rules == (("press_desk@3",) if fires else ())


def test_triage_and_own_posts_by_rule():
    to_person = apply(book(rule({"phrases": ["retten"]}, {"triage": True})))
    assert (to_person.decision, to_person.label) == (Decision.TRIAGE, Label.NON_SERVICE)
    partner = apply(book(rule({"authors": ["a"]}, {"own_post": True})), authors=["a"])
    assert partner.own_agent_post
    assert (partner.label, partner.decision, partner.kind) == ("non_service", "non_service", "talk")


def test_the_later_rule_stands_and_both_are_named():
    rules = book(
        rule({"phrases": ["retten"]}, {"label": "service", "kind": "question"}),
        rule({"phrases": ["retten"]}, {"label": "non_service", "kind": "talk"}, name="later"),
    )
    result = apply(rules)
    assert result.decision is Decision.NON_SERVICE
    assert result.rules == ("press_desk@3", "later@3")


def test_a_topic_is_given_to_the_part_it_was_found_in_or_stands_beside_the_others():
    parts = (Concern("general", "Die App geht nicht."), Concern("billing", "Und die Rechnung?"))
    text = "Die App geht nicht. Und die Rechnung?"
    rules = book(rule({"phrases": ["app"]}, {"topic": "app", "department": "digital"}))
    known = apply(rules, text, answer(concerns=parts))
    assert known.concerns == (Concern("app", "Die App geht nicht.", "digital"), parts[1])
    beside = apply(rules, text, answer(concerns=parts[1:]))
    assert beside.concerns == (parts[1], Concern("app", "App", "digital"))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (rule({}, {"urgent": True}), "at least one condition"),
        (rule({"phrases": ["a"]}, {}), "at least one effect"),
        (rule({"phrases": ["a"]}, {"label": "service"}), "set together"),
        (rule({"phrases": ["a"]}, {"label": "service", "kind": "praise"}), "no kind of"),
        (rule({"patterns": ["(a"]}, {"urgent": True}), "no regular expression"),
        (rule({"patterns": ["a*"]}, {"urgent": True}), "empty text"),
        (rule({"phrase": ["a"]}, {"urgent": True}), "Extra inputs"),
        (rule({"phrases": [" "]}, {"urgent": True}), "should match pattern"),
        (rule({"phrases": ["a"]}, {"department": "x"}), "belongs to a topic"),
        (rule({"phrases": ["a"]}, {"urgent": True}, name="Press Desk"), "pattern"),
        (rule({"phrases": ["a"]}, {"urgent": True}, version=0), "greater"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document, problem):
    with pytest.raises(ValidationError) as refused:
        RulesDocument.model_validate({"rules": [document]})
    (said,) = problems_of(refused.value)
    assert said.startswith("rules.0")
    assert problem in said


def test_a_changed_rule_needs_a_new_version():
    before = RulesDocument.model_validate({"rules": [rule({"phrases": ["a"]}, {"urgent": True})]})
    same_version = RulesDocument.model_validate(
        {"rules": [rule({"phrases": ["b"]}, {"urgent": True})]}
    )
    raised = RulesDocument.model_validate(
        {"rules": [rule({"phrases": ["b"]}, {"urgent": True}, version=4)]}
    )
    assert changed_without_version(before, same_version) == ["press_desk@3"]
    assert changed_without_version(before, raised) == []
    assert changed_without_version(before, before) == []


def test_a_pattern_that_never_ends_costs_a_batch_no_more_than_its_time():
    evil = book(rule({"patterns": [r"(a|aa)+$"]}, {"urgent": True}))
    texts = ["a" * 60 + "!"] * 200
    began = time.perf_counter()
    results = evil.apply([subject_of(text) for text in texts], [answer()] * len(texts))
    took = time.perf_counter() - began
    assert not any(result.urgent for result in results)
    # Unlimited, one of these texts alone takes longer than the age of the universe.
    assert took < 20 * PATTERN_S * MOST_OVERRUNS


@pytest.mark.parametrize(
    "pattern", ["a{999999999}", "(a{1000}){1000}", "a{,999999999}", "a{1,999999}"]
)
def test_a_pattern_that_would_compile_for_ever_is_refused(pattern):
    with pytest.raises(ValueError, match="counted repeats"):
        RulesDocument.model_validate(
            {
                "rules": [
                    {
                        "name": "a",
                        "version": 1,
                        "when": {"patterns": [pattern]},
                        "then": {"signals": ["press"]},
                    }
                ]
            }
        )
