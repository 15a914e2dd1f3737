"""Read the sets of sentences and write what the gates make of them as a table for the docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from responder.domain.gates.check import check_reply
from responder.domain.gates.measure import Around, Figure, Sentences, figures, sentences_of
from responder.domain.gates.reply import Reply
from responder.gateways.judgement.judge import judge
from responder.gateways.phones import find_phones

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
_ZONE = "Europe/Berlin"


def read_sets(folder: Path) -> Mapping[str, Sequence[Sentences]]:
    """The sets by file name, without its ending."""
    return {
        path.stem: [
            sentences_of(
                rule,
                {sort: [_reply(entry) for entry in both[sort]] for sort in ("hit", "near")},
                around=Around.NOTHING if is_examiners(path.stem) else Around.SOMETHING,
            )
            for rule, both in yaml.safe_load(path.read_text("utf-8")).items()
        ]
        for path in sorted(folder.glob("*.yaml"))
    }


def is_examiners(name: str) -> bool:
    """Whether a set was written by an examiner: whole replies, from which nothing is learned."""
    return name.startswith("examiner")


def table_of(folder: Path) -> str:
    """A Markdown table: per file and rule the texts, the hits and the false alarms."""
    lines = [
        "| set | rule | must hit | hit | must not | false alarms |",
        "|---|---|---|---|---|---|",
    ]
    for name, sets in read_sets(folder).items():
        lines += [_line(name, figure) for figure in figures(sets, check=_check)]
    return "\n".join(lines)


def _check(reply: Reply) -> Sequence[Any]:
    return check_reply(reply, judge=judge, phones=find_phones, now=NOW, zone=_ZONE)


def _line(name: str, figure: Figure) -> str:
    return (
        f"| {name} | `{figure.rule}` | {figure.must_hit} | {figure.hit_rate:.1%} |"
        f" {figure.must_not} | {figure.false_alarm_rate:.1%} |"
    )


def _reply(entry: str | Mapping[str, Any]) -> Reply:
    if isinstance(entry, str):
        return Reply(text=entry)
    return Reply(
        text=entry["text"],
        customer_text=entry.get("customer", ""),
        known_values=tuple(entry.get("known", ())),
        recent_replies=tuple(entry.get("recent", ())),
    )
