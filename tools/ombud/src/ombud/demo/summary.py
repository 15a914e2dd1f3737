"""What the demo has to show in the end, asked from the services and put into one object."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import httpx
from rich.table import Table

from ombud.demo.story import StoryResult
from ombud.demo.watch import CLASSIFIED, OPENED, SENT, history_with_the_answer
from ombud.output import console
from ombud.people import LEA
from ombud.target import Target, answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of one demo. `lost` and `duplicates` must be 0.

    `lost`: mentions acknowledged that have no place; `duplicates`: places or history entries
    beyond one per mention.
    """

    mentions: int
    classified: int
    triage: int
    cases: int
    cases_per_team: dict[str, int]
    parked: int
    own_posts: int
    replies_sent: int
    self_approval_refused: bool
    four_eyes_violations: int
    clocks_met: int
    clocks_open: int
    history_entries: int
    history_verified: bool
    lost: int
    duplicates: int
    seconds: float
    broker: str

    @property
    def is_good(self) -> bool:
        """Whether everything that was promised was seen."""
        return (
            self.history_verified
            and self.self_approval_refused
            and self.replies_sent == 1
            and self.clocks_met == 1
            and not (self.lost or self.duplicates or self.four_eyes_violations)
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def sum_up(
    target: Target, accepted: int, story: StoryResult, *, seconds: float, broker: str
) -> Summary:
    """Ask every service for its part."""
    history = history_with_the_answer(target)
    with target.client("router", LEA) as router, target.client("responder", LEA) as responder:
        teams = answer(router.get("/cases/counts"))
        books = answer(router.get("/reconciliation"))
        met = answer(router.get("/cases", params={"clock": "met", "limit": 200}))["items"]
        four_eyes = answer(responder.get("/four-eyes/check"))
    with target.client("audit", LEA) as audit:
        verified = answer(audit.get("/verify", timeout=120))
        kept = answer(audit.get("/reconciliation", timeout=120))
    return Summary(
        mentions=accepted,
        classified=history.of(CLASSIFIED),
        triage=_sent_to_triage(target),
        cases=history.of(OPENED),
        cases_per_team={team["team"]: team["open"] + team["claimed"] for team in teams},
        parked=books["parked"],
        own_posts=books["own_posts"],
        replies_sent=history.of(SENT),
        self_approval_refused=story.self_approval_refused,
        four_eyes_violations=four_eyes["violation_count"],
        clocks_met=len(met),
        clocks_open=sum(team["awaiting_reaction"] for team in teams),
        history_entries=history.entries,
        history_verified=verified["verified"],
        lost=max(accepted - books["mentions"], kept["unplaced"]),
        duplicates=kept["duplicated"] + max(0, books["mentions"] - accepted),
        seconds=round(seconds, 1),
        broker=broker,
    )


def _sent_to_triage(target: Target) -> int:
    """How many mentions the classifier left to a person, by its own metric."""
    page = httpx.get(f"{target.urls['classifier']}/metrics").text
    return sum(
        int(float(line.rpartition(" ")[2]))
        for line in page.splitlines()
        if line.startswith("ombud_classifier_mentions_total{") and 'decision="triage"' in line
    )


def show(summary: Summary, story: StoryResult) -> None:
    """The summary for people."""
    table = Table(title="What happened", show_header=False)
    rows = {
        "mentions taken in": summary.mentions,
        "classified": summary.classified,
        "sent to human triage": summary.triage,
        "cases opened": summary.cases,
        **{f"  {team}": count for team, count in sorted(summary.cases_per_team.items())},
        "parked (kept, no clock)": summary.parked,
        "own posts noted": summary.own_posts,
        "replies sent": f"{summary.replies_sent}, approved by {story.approved_by}",
        "self-approval": "refused" if summary.self_approval_refused else "[red]NOT refused",
        "first-reaction clocks": f"{summary.clocks_met} met, {summary.clocks_open} running",
        "history": f"{summary.history_entries} entries, "
        + ("[green]verified" if summary.history_verified else "[red]BROKEN"),
        "lost": summary.lost,
        "duplicates": summary.duplicates,
        "seconds": summary.seconds,
        "broker": summary.broker,
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    console.print(table)
