"""All gates over one reply, in order of the text, at the levels of the account's policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from responder.domain.gates.bounce import bounce
from responder.domain.gates.canned import canned
from responder.domain.gates.findings import Finding, Level, harder
from responder.domain.gates.judging import Judge
from responder.domain.gates.length import length
from responder.domain.gates.personal_data import personal_data
from responder.domain.gates.promise import promise
from responder.domain.gates.register import register
from responder.domain.gates.reply import PhoneFinder, Reply
from responder.domain.gates.tone import tone
from responder.domain.gates.tried import tried

_STRICTER = frozenset({"tone", "register"})


def check_reply(
    reply: Reply, *, judge: Judge, phones: PhoneFinder, now: datetime, zone: str
) -> Sequence[Finding]:
    """Every finding, by place and rule. Pure: the same input gives the same findings.

    For a correction (S99) and in a crisis (S26) tone and register weigh one step more than the
    account says.
    """
    verdicts = judge(reply.text)
    found: list[Finding] = [
        *personal_data(reply, phones=phones),
        *bounce(reply, verdicts),
        *canned(reply),
        *tried(reply),
        *tone(reply, verdicts),
        *register(reply),
        *promise(reply, verdicts, now=now, zone=zone),
        *length(reply),
    ]
    judged = [_judged(reply, finding) for finding in found]
    return sorted(judged, key=lambda finding: (finding.start, finding.end, finding.rule))


def blocking(findings: Sequence[Finding]) -> list[Finding]:
    """Those that stop a reply."""
    return [finding for finding in findings if finding.level is Level.BLOCK]


def _judged(reply: Reply, finding: Finding) -> Finding:
    judged = reply.policy.judge(finding)
    if finding.family in _STRICTER and (reply.kind == "correction" or reply.is_crisis):
        return harder(judged)
    return judged
