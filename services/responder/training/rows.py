"""Reads the rows that the judge learns from: replies with the sentences at fault marked.

One JSON lines file per author in `sentences/`: rule, label (hit, near), lang, text, customer, and
`also` for rules that a hit breaks besides. The sentences at fault stand between ⟦ and ⟧. The older
sets of single sentences, `tests/gate_sets`, are learned from too; the examiners' there never are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from responder.domain.gates.language import greeted, sentences

RULES = (
    "bounce",
    "promise",
    "tone.condescending",
    "tone.insult",
    "tone.irony",
    "tone.justification",
    "tone.offended",
    "tone.personal",
)
OF_REPLIES = frozenset({"bounce", "tone.justification"})
"""Rules that the whole reply breaks, not one sentence of it."""

SETS = "sets"
"""The author of the older sets, who is never left out."""

_SETS = ("tone", "other", "held_out", "fresh", "round_one", "round_two")
_OPEN, _CLOSE = "⟦", "⟧"
_PIECE = "piece"
_LEAST_PIECE = 20
_WEIGHT_OTHER_FAULT = 0.1
_WEIGHT_OTHER_WHOLE = 0.3
_WEIGHT_ELSEWHERE = 0.5
_WEIGHT_OTHER_NEAR = 0.7


@dataclass(frozen=True, slots=True)
class Row:
    """A reply and what is wrong with it; `faulty` says so of each of its sentences."""

    author: str
    rule: str
    is_hit: bool
    text: str
    sentences: tuple[str, ...]
    faulty: tuple[bool, ...]
    also: tuple[str, ...]

    def breaks(self, rule: str) -> bool:
        """Whether it is a hit of the rule, or of another one and of this one besides."""
        return self.is_hit and (self.rule == rule or rule in self.also)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one rule is learned from: a sentence or a reply, how much it counts, whose row it is."""

    text: str
    is_hit: bool
    weight: float
    row: int


def read_rows(folder: Path, sets: Path) -> list[Row]:
    """All rows, file by file, and the older sets behind them; a text counts once."""
    rows = [
        _row(path.stem, json.loads(line))
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    older = [row for name in _SETS for row in _set(sets / f"{name}.yaml")]
    return list({row.text: row for row in [*older, *rows]}.values())


def pieces(rows: Sequence[Row]) -> list[Row]:
    """Single sentences of what is right, as replies: short answers are neither excuse nor pointer.

    Rows about the whole reply give none: a sentence of theirs may be the excuse that the next one
    makes good.
    """
    return [
        Row(row.author, _PIECE, False, sentence, (), (), ())
        for row in rows
        if not row.is_hit and row.rule not in OF_REPLIES and len(row.sentences) > 1
        for sentence in row.sentences
        if len(sentence) >= _LEAST_PIECE
    ]


def units_of(rule: str, rows: Sequence[Row]) -> list[Unit]:
    """The units of a rule over these rows, in their order."""
    if rule in OF_REPLIES:
        return [
            Unit(row.text, row.breaks(rule), _weight_of_reply(rule, row), number)
            for number, row in enumerate(rows)
        ]
    return [
        Unit(sentence, is_faulty and row.breaks(rule), _weight(rule, row, is_faulty), number)
        for number, row in enumerate(rows)
        for sentence, is_faulty in zip(row.sentences, row.faulty, strict=True)
    ]


def _weight(rule: str, row: Row, is_faulty: bool) -> float:
    if row.rule == rule:
        return 1.0
    return _WEIGHT_OTHER_FAULT if is_faulty else _WEIGHT_ELSEWHERE


def _weight_of_reply(rule: str, row: Row) -> float:
    if row.rule == rule:
        return 1.0
    is_whole_and_right = not row.is_hit and row.rule != _PIECE
    return _WEIGHT_OTHER_NEAR if is_whole_and_right else _WEIGHT_OTHER_WHOLE


def _set(path: Path) -> list[Row]:
    """One set: by rule its sentences that must hit, wholly at fault, and those that must not."""
    marks = {"hit": f"{_OPEN}{{}}{_CLOSE}", "near": "{}"}
    return [
        _row(SETS, {"rule": rule, "label": label, "text": marks[label].format(text)})
        for rule, both in yaml.safe_load(path.read_text("utf-8")).items()
        if rule in RULES
        for label in ("hit", "near")
        for text in (entry if isinstance(entry, str) else entry["text"] for entry in both[label])
    ]


def _row(author: str, document: dict[str, object]) -> Row:
    text, faults = _unmarked(str(document["text"]))
    spans = [greeted(span) for span in sentences(text)]
    is_hit = document["label"] == "hit"
    overlaps = [
        sum(max(0, min(end, span.end) - max(start, span.start)) for start, end in faults)
        / (span.end - span.start)
        for span in spans
    ]
    least = min(0.5, max(overlaps, default=0.0))
    also = document.get("also", ())
    assert isinstance(also, list | tuple)
    return Row(
        author=author,
        rule=str(document["rule"]),
        is_hit=is_hit,
        text=" ".join(span.text for span in spans),
        sentences=tuple(span.text for span in spans),
        faulty=tuple(is_hit and overlap >= least > 0 for overlap in overlaps),
        also=tuple(map(str, also)),
    )


def _unmarked(marked: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without marks, and what they held."""
    text, faults, start = "", [], 0
    for letter in marked:
        if letter == _OPEN:
            start = len(text)
        elif letter == _CLOSE:
            faults.append((start, len(text)))
        else:
            text += letter
    return text, faults
