"""Schemathesis over every service's own description: what it promises must hold for any request.

Each operation gets requests that fit its description, half of them about things that exist, and
requests that do not fit. The caller has every role, so that no request ends at the door. The
examples are the same ones in every run.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from common.events.catalog import SERVICES
from common.testing.eventually import eventually_blocking
from common.web.principal import ROLES
from platforms.standard_webhooks import signed_headers

pytestmark = [pytest.mark.system, pytest.mark.kafka, pytest.mark.postgres]
EXAMPLES = 6
DELIVERIES = 30
ENDLESS = {"/cases/stream", "/reviews/stream"}
"""Answers for ever; its beginning is tried in test_api_routes."""
EXCLUDED = (
    # Need a chain of calls; tokens and roles are tried one by one in test_api_routes.
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
    # Takes a refusal of the domain for one of the schema; `assert_fits` is stricter about ours.
    "positive_data_acceptance",
)
MORE_THAN_A_SCHEMA_CAN_SAY = {
    "PUT /configuration",  # names must refer to each other
    "PUT /rules",  # patterns must compile, effects must fit each other
    "POST /rules/dry-run",
    "PUT /models/{version}/evaluation",  # counts must add up
    "POST /dispatches/{dispatch_id}/resolve",  # platform_id belongs to `sent`, and only to it
}
WAIT = timedelta(seconds=30)
NULL_FREE = st.text(st.characters(codec="utf-8"), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NULL_FREE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NULL_FREE, inner, max_size=3),
    max_leaves=8,
)
ALMOST_A_POST = st.fixed_dictionaries(
    {},
    optional={
        "native_id": NULL_FREE | ANY_JSON,
        "text": NULL_FREE | ANY_JSON,
        "author": st.fixed_dictionaries({"id": NULL_FREE, "handle": NULL_FREE}) | ANY_JSON,
        "posted_at": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | ANY_JSON,
        "detected_via": st.sampled_from(["search", "mention"]) | ANY_JSON,
        "media": ANY_JSON,
    },
)
load_all_checks()


@schemathesis.serializer("application/x-ndjson")
def as_lines(_: Any, value: Any) -> bytes:
    """Uploads are text already."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def known(apis) -> dict[str, str]:
    """Ids of things that exist, by the name of the path parameter."""
    with apis.client("ingest", "fuzz-ops", "operator") as ingest:
        wish = {"network": "replay", "kind": "ndjson", "account": "motorrad_ag"}
        source = ingest.post("/sources", json=wish).raise_for_status().json()
        lines = [json.dumps(a_post(number)) for number in range(8)]
        taken = ingest.post(
            f"/sources/{source['id']}/uploads",
            content="\n".join([*lines, "no post"]),
            headers={"content-type": "application/x-ndjson"},
        )
        assert taken.raise_for_status().json()["kept"] == 1
        letter = ingest.get("/dead-letters").raise_for_status().json()["items"][0]
    with apis.client("router", "fuzz-mia", "agent") as router:
        case = eventually_blocking(lambda: some_case(router), within=WAIT)
    with (
        apis.client("responder", "fuzz-mia", "agent") as responder,
        apis.client("responder", "fuzz-tom", "agent") as second,
    ):
        sent = eventually_blocking(lambda: draft_for(responder, case), within=WAIT)
        responder.post(f"/drafts/{sent['draft_id']}/submit", json={}).raise_for_status()
        read = {name: sent["latest"][name] for name in ("revision", "content_hash")}
        second.post(f"/drafts/{sent['draft_id']}/approve", json=read).raise_for_status()
        dispatches = responder.get("/dispatches", params={"case_id": case["case_id"]})
        dispatch = dispatches.raise_for_status().json()["items"][0]
        draft = draft_for(responder, case)
    return {
        "source_id": source["id"],
        "letter_id": str(letter["id"]),
        "case_id": case["case_id"],
        "conversation_id": case["conversation_id"],
        "mention_id": case["latest_mentions"][0]["mention_id"],
        "draft_id": draft["draft_id"],
        "dispatch_id": dispatch["dispatch_id"],
    }


def a_post(number: int) -> dict[str, Any]:
    return {
        "native_id": f"fuzz-{number}",
        "text": f"@motorrad_ag Mein Motor startet nicht mehr, was soll ich tun? ({number})",
        "author": {"id": f"f{number}", "handle": f"fahrer{number}"},
        "posted_at": datetime.now(UTC).isoformat(),
        "detected_via": "mention",
        "account": "motorrad_ag",
    }


def some_case(router: httpx.Client) -> Any:
    found = router.get("/cases").raise_for_status().json()["items"]
    return found and router.get(f"/cases/{found[0]['case_id']}").raise_for_status().json()


def draft_for(responder: httpx.Client, case: dict[str, Any]) -> Any:
    body = {"kind": "answer", "visibility": "public", "text": "Den Motor sehen wir uns heute an."}
    answer = responder.post(f"/cases/{case['case_id']}/drafts", json=body)
    return answer.json() if answer.status_code == 201 else None


def assert_fits(response: Any, label: str) -> None:
    """What the description allows is never refused for its shape."""
    if response.status_code == 422 and label not in MORE_THAN_A_SCHEMA_CAN_SAY:
        problem = response.json()
        assert problem["code"] != "invalid_request", f"fits the description, yet: {problem}"


def knock(
    operation: Any, mode: GenerationMode, known: dict[str, str], session: requests.Session
) -> Counter[int]:
    """Send the examples of one operation; how often each status was answered."""
    statuses: Counter[int] = Counter()
    excluded = [CHECKS.get_one(name) for name in EXCLUDED]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), is_about_known=st.booleans())
    def send(case: Any, is_about_known: bool) -> None:
        if mode is GenerationMode.POSITIVE:
            if is_about_known:
                for name in case.path_parameters or {}:
                    case.path_parameters[name] = known.get(name, case.path_parameters[name])
            if "idempotency-key" in (case.headers or {}):
                case.headers["idempotency-key"] = str(uuid4())  # used once only
        response = case.call(session=session, timeout=20)
        statuses[response.status_code] += 1
        case.validate_response(response, excluded_checks=excluded)
        if mode is GenerationMode.POSITIVE:
            assert_fits(response, operation.label)

    send()
    return statuses


@pytest.mark.timeout(240)
@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_is_as_described_and_none_is_our_mistake(apis, known, service):
    schema = schemathesis.openapi.from_dict(apis.document(service))
    schema.config.update(base_url=apis.url(service))
    wrong: list[str] = []
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in ENDLESS:
            continue
        subject = f"fuzz {operation.label}"  # a limit of its own, so that 429 hides nothing
        session = requests.Session()
        session.headers["authorization"] = f"Bearer {apis.token(subject, *ROLES)}"
        for mode in GenerationMode:
            if mode is GenerationMode.NEGATIVE and not takes_input(operation):
                continue
            try:
                statuses = knock(operation, mode, known, session)
            except Exception as error:  # collected: one run shows every operation that is wrong
                wrong.append(f"{operation.label} ({mode.value}): {error}")
                continue
            tried += statuses.total()
            assert not any(status >= 500 for status in statuses), (operation.label, statuses)
            assert 429 not in statuses, operation.label
        session.close()
    assert not wrong, "\n".join(wrong)
    assert tried > EXAMPLES


def takes_input(operation: Any) -> bool:
    definition = operation.definition.raw
    return bool(definition.get("parameters") or definition.get("requestBody"))


@pytest.mark.timeout(120)
def test_what_a_known_sender_signed_is_taken_in_whatever_it_is(apis):
    with apis.client("ingest", "fuzz-hook", "operator") as operator:
        wish = {"network": "hooknet", "kind": "webhook", "account": "motorrad_ag"}
        source = operator.post("/sources", json=wish).raise_for_status().json()
    secret = source["fresh_secret"]["secret"]
    counts: Counter[str] = Counter()

    @settings(
        max_examples=DELIVERIES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        body=st.one_of(
            (ANY_JSON | ALMOST_A_POST | st.lists(ALMOST_A_POST, max_size=4)).map(
                lambda document: json.dumps(document).encode()
            ),
            st.binary(max_size=40),
        )
    )
    def deliver(body: bytes) -> None:
        headers = signed_headers([secret], body, message_id=str(uuid4()), sent_at=datetime.now(UTC))
        answer = stranger.post(
            f"/sources/{source['id']}/webhook",
            content=body,
            headers={**headers, "content-type": "application/json"},
        )
        assert answer.status_code == 202, (body, answer.text)
        taken = answer.json()
        assert taken["received"] == taken["accepted"] + taken["duplicates"] + taken["kept"]
        counts.update(taken)

    with httpx.Client(base_url=apis.url("ingest"), timeout=20) as stranger:
        deliver()
    assert counts["kept"] > 0
