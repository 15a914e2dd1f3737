"""Rules from the first draft to live decisions: dry run, versions, pickup without a restart."""

from __future__ import annotations

import pytest
from classifier_builders import NEWS, classify, received

pytestmark = pytest.mark.postgres
TO_DESK = {
    "name": "press_desk",
    "version": 1,
    "when": {"phrases": ["Zweiradbranche"]},
    "then": {"label": "service", "kind": "request", "signals": ["press"]},
}


async def version_of(client, as_role):
    return int((await client.get("/rules", headers=as_role("agent"))).json()["version"])


async def put(client, as_role, rules, seen, role="operator"):
    return await client.put(
        "/rules",
        json={"document": {"rules": rules}, "reason": "Messe in Köln"},
        headers=as_role(role, **{"if-match": f'"v{seen}"'}),
    )


async def test_a_rule_is_tried_then_applied_then_decides_and_is_named(
    units, classify_mentions, client, as_role
):
    await classify(units, classify_mentions, [received("l1", NEWS), received("l2")])
    seen = await version_of(client, as_role)
    wish = {"document": {"rules": [TO_DESK]}, "mentions": 1000}
    trial = await client.post("/rules/dry-run", json=wish, headers=as_role("lead"))
    assert trial.status_code == 200
    body = trial.json()
    assert body["fired"] == {"press_desk@1": 1}
    assert body["changed"] == 1
    (change,) = body["changes"]
    assert change["text"] == NEWS
    assert change["before"]["label"] == "non_service"
    assert change["after"]["label"] == "service"
    assert change["after"]["rules"] == ["press_desk@1"]
    hidden = await client.post("/rules/dry-run", json=wish, headers=as_role("observer"))
    assert "Zweiradbranche" not in hidden.text
    assert hidden.json()["changed"] == 1

    (untouched,) = await classify(units, classify_mentions, [received("l3", NEWS)])
    assert untouched.data.classification.rules == (), "a dry run changes nothing"

    applied = await put(client, as_role, [TO_DESK], seen)
    assert applied.status_code == 200
    (event,) = await classify(units, classify_mentions, [received("l4", NEWS)])
    said = event.data.classification
    assert (said.label, said.decision, said.kind) == ("service", "service", "request")
    assert said.rules == ("press_desk@1",)
    assert "press" in said.signals
    (place,) = [e for e in said.evidence if e.source == "press_desk@1"]
    assert NEWS[place.start : place.end] == place.text == "Zweiradbranche"

    one_text = await client.post("/classify", json={"text": NEWS}, headers=as_role("agent"))
    assert one_text.json()["rules"] == ["press_desk@1"]
    assert (await client.get("/model", headers=as_role("agent"))).json()["rules"] == seen + 1

    removed = await put(client, as_role, [], seen + 1)
    assert removed.status_code == 200
    (after,) = await classify(units, classify_mentions, [received("l5", NEWS)])
    assert after.data.classification.rules == ()
    earlier = await client.get(f"/rules?version={seen + 1}", headers=as_role("agent"))
    assert earlier.json()["document"]["rules"][0]["name"] == "press_desk"


async def test_who_saw_another_version_and_who_forgot_the_rules_version_is_told(client, as_role):
    seen = await version_of(client, as_role)
    rule = TO_DESK | {"name": "other_rule"}
    assert (await put(client, as_role, [rule], seen)).status_code == 200
    same = await put(client, as_role, [rule], seen + 1)
    assert same.json() == {"version": seen + 1}, "the same again is no new version"
    assert (await put(client, as_role, [], seen)).status_code == 412
    changed = rule | {"when": {"phrases": ["etwas anderes"]}}
    refused = await put(client, as_role, [changed], seen + 1)
    assert refused.status_code == 422
    assert refused.json()["rules"] == ["other_rule@1"]
    assert (await put(client, as_role, [], seen + 1)).status_code == 200


@pytest.mark.parametrize("role", ["agent", "triage", "observer"])
async def test_only_operators_and_leads_put_rules(client, as_role, role):
    assert (await put(client, as_role, [], 0, role)).status_code == 403


async def test_a_bad_rule_is_refused_with_its_place(client, as_role):
    bad = TO_DESK | {"when": {"patterns": ["("]}}
    refused = await put(client, as_role, [bad], await version_of(client, as_role))
    assert refused.status_code == 422
    assert "no regular expression" in refused.text
    assert "patterns" in refused.text
