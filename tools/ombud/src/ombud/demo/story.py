"""One case from claim to sent answer, as two agents play it through the APIs.

Mia claims and writes; she may not approve her own words; Tom reads and approves them; the reply
leaves once, and the first-reaction clock stops.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from ombud.output import CommandError
from ombud.people import MIA, TOM
from ombud.target import Target, answer

_PATIENCE_S = 30.0
_LOOKED_AT = 20
_REPLIES = {
    "de": (
        "Hallo! Zu {matter}: das prüfen wir sofort. Mia fragt nach und schreibt heute noch hier.",
        "Hallo! {matter} haben wir aufgenommen. Mia klärt das gleich und schreibt heute hier.",
    ),
    "en": (
        "Hello! About {matter}: we check that right now. Mia asks and writes here today.",
        "Hello! We have noted {matter}. Mia sorts it out now and writes here today.",
    ),
}
_WORD = re.compile(r"(?<![@#/\w.])[^\W\d_]{5,}(?![@/\w])")


@dataclass(frozen=True, slots=True)
class StoryResult:
    """What was seen; each value comes from an answer of a service."""

    case_id: str
    conversation_id: str
    self_approval_refused: bool
    refusal: str
    approved_by: str
    platform_id: str
    clock_state: str
    seconds_to_reaction: float


def play(target: Target, tell: Callable[[str], None]) -> StoryResult:
    """Play the story on one open service case; CommandError when a step does not go as promised."""
    with (
        target.client("router", MIA) as router,
        target.client("responder", MIA) as mia,
        target.client("responder", TOM) as tom,
    ):
        case, text = _choose(router, mia)
        case_id = case["case_id"]
        tell(f"Mia claims case {case_id[:8]} of {case['team']} (rule {case['rule']})")
        answer(router.post(f"/cases/{case_id}/claim", json={}))
        draft = _write(mia, case_id, text)
        tell("Mia drafts a public answer and submits it for review")
        draft = answer(_if_match(mia, f"/drafts/{draft['draft_id']}/submit", draft))
        refusal = _approve(mia, draft)
        refused = refusal.status_code == 403
        code = str(refusal.json().get("code"))
        tell(f"Mia tries to approve her own words: {refusal.status_code} {code}")
        tell("Tom reads it and approves exactly these bytes")
        approved = answer(_approve(tom, draft))
        sent = _wait_for(lambda: _sent(tom, case_id, draft["draft_id"]), "the reply to be sent")
        tell(f"the reply is on the network as {sent['platform_id']}")
        clock = _wait_for(lambda: _stopped_clock(router, case_id), "the clock to stop")
        tell(f"the first-reaction clock is {clock['state']}")
    return StoryResult(
        case_id=case_id,
        conversation_id=case["conversation_id"],
        self_approval_refused=refused and code == "own_text",
        refusal=code,
        approved_by=approved["approver"]["name"],
        platform_id=sent["platform_id"],
        clock_state=clock["state"],
        seconds_to_reaction=clock["seconds_since_detected"],
    )


def _choose(router: httpx.Client, mia: httpx.Client) -> tuple[dict[str, Any], str]:
    """The newest open service case that addresses our account, and words for it no gate stops."""
    cases = answer(
        router.get("/cases", params={"state": "open", "decision": "service", "limit": 200})
    )["items"]
    addressed = [case for case in cases if case["account"]] or cases
    if not addressed:
        raise CommandError("no service case is open; nothing to play the story with")
    newest = sorted(addressed, key=lambda case: case["detected_at"], reverse=True)
    for case in newest[:_LOOKED_AT]:
        posts = answer(router.get(f"/cases/{case['case_id']}"))["latest_mentions"]
        texts = replies_to(posts[-1]["text"], language=case["language"])
        said = "\n".join(post["text"] for post in posts)
        for text in texts:
            if _passes(mia, text, said):
                return case, text
    raise CommandError("the gates stop every reply that the story knows")


def replies_to(post: str, *, language: str) -> list[str]:
    """What Mia might write: each takes up other words of the post, as the gates ask (S79)."""
    words = sorted(dict.fromkeys(_WORD.findall(post)), key=len, reverse=True)[:6]
    pairs = [words[at : at + 2] for at in range(0, len(words), 2)] or [[post[:40]]]
    templates = _REPLIES["en" if language == "en" else "de"]
    return [each.format(matter=" / ".join(pair)) for pair in pairs for each in templates]


def _passes(mia: httpx.Client, text: str, post: str) -> bool:
    """Whether no gate stops these words, asked before anybody writes them down."""
    body = {"text": text, "visibility": "public", "kind": "answer", "customer_text": post}
    findings = answer(mia.post("/gates/check", json=body))["findings"]
    return all(finding["level"] == "note" for finding in findings)


def _write(mia: httpx.Client, case_id: str, text: str) -> Any:
    """The draft; the responder may hear of the case a moment later than the router."""
    body = {"kind": "answer", "visibility": "public", "text": text}

    def attempt() -> Any:
        response = mia.post(f"/cases/{case_id}/drafts", json=body)
        return None if response.status_code == 404 else answer(response)

    return _wait_for(attempt, "the responder to know the case")


def _if_match(client: httpx.Client, path: str, draft: dict[str, Any]) -> httpx.Response:
    return client.post(path, headers={"if-match": f'"v{draft["version"]}"'}, json={})


def _approve(client: httpx.Client, draft: dict[str, Any]) -> httpx.Response:
    latest = draft["latest"]
    return client.post(
        f"/drafts/{draft['draft_id']}/approve",
        json={"revision": latest["revision"], "content_hash": latest["content_hash"]},
    )


def _sent(client: httpx.Client, case_id: str, draft_id: str) -> Any:
    for dispatch in answer(client.get("/dispatches", params={"case_id": case_id}))["items"]:
        if dispatch["draft_id"] == draft_id and dispatch["state"] == "sent":
            return dispatch
    return None


def _stopped_clock(router: httpx.Client, case_id: str) -> Any:
    for clock in answer(router.get(f"/cases/{case_id}"))["clocks"]:
        if clock["kind"] == "first_reaction" and clock["stopped_at"]:
            return clock
    return None


def _wait_for(attempt: Callable[[], Any], what: str) -> Any:
    """The first truthy answer of `attempt`."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if found := attempt():
            return found
        time.sleep(0.1)
    raise CommandError(f"waited {_PATIENCE_S:.0f} s for {what} in vain", exit_code=1)
