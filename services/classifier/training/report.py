"""Prints the figures of docs/model-card.md from held-out scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from corpus import KINDS, Helper
from measure import (
    Scored,
    best_cut,
    calibration_error,
    f1_interval,
    judged,
    share_interval,
    table,
)
from sklearn.metrics import average_precision_score, precision_score, recall_score

from classifier.domain.labels import KINDS_OF, Kind, Label
from classifier.gateways.model.cues import lowered
from classifier.gateways.model.lexicon import LOOSE

if TYPE_CHECKING:
    from train import Prepared

Array = npt.NDArray[np.float64]
_NAMES = {"de": "German", "en": "English"}
_BEGIN = "<!-- figures, written by train.py --evaluate -->"
_END = "<!-- end of figures -->"


def report(language: str, prepared: "Prepared", scored: Scored, settled: dict[str, Any]) -> str:
    """Markdown tables for one language. Thresholds are those chosen on the same held-out scores;
    two numbers per language are chosen, so the optimism is small."""
    slope, offset = settled["calibration"]
    probability, again = judged(scored, settled, prepared.signed)
    truth, groups, cuts = prepared.truth, prepared.groups, settled["thresholds"]
    lines = [f"\n### {_NAMES[language]}\n", f"Thresholds {cuts}, calibration {slope} and {offset}."]
    lines.append(f"Looked at again: {settled['look']}.")
    for name, part in {"stream part": prepared.stream, "all posts": truth | True}.items():
        p, t, g = probability[part], truth[part], groups[part]
        said, automatic = p >= cuts["label"], (p >= cuts["service"]) | (p <= cuts["non_service"])
        right = (p >= cuts["service"]) == t
        rows = [
            ("posts (service)", f"{len(t)} ({int(t.sum())})"),
            ("F1 of service", str(f1_interval(said, t, g))),
            ("precision, recall", f"{precision_score(t, said):.3f}, {recall_score(t, said):.3f}"),
            ("F1 at its best cut", f"{f1_interval(p >= best_cut(p, t, 0.1, 0.9), t, g)}"),
            ("average precision", f"{average_precision_score(t, p):.3f}"),
            ("calibration error", f"{calibration_error(p, t):.3f}"),
            ("looked at again", f"{again[part].mean():.3f}"),
            ("decided automatically", str(share_interval(automatic, automatic | True, g))),
            ("precision of automatic decisions", str(share_interval(right, automatic, g))),
            ("  of service", str(share_interval(t, p >= cuts["service"], g))),
            ("  of non_service", str(share_interval(~t, p <= cuts["non_service"], g))),
        ]
        lines += [f"\n{name}\n", "| measure | value |", "|---|---|", table(rows)]
    lines += _labels(prepared, scored.outputs, probability, settled)
    lines += ["\nbeside the labelled posts\n", "| measure | value |", "|---|---|"]
    return "\n".join([*lines, table(prepared.beside)])


def helper_figures(
    helper: Helper, answers: npt.NDArray[np.bool_], scores: Array, cut: float
) -> list[tuple[str, str]]:
    """What a helper question's held-out answers are worth, above `cut`."""
    groups = np.arange(len(answers))
    said = scores >= cut
    name = f"{helper.name}, {len(answers)} posts of its own corpus ({int(answers.sum())} yes)"
    if not said.any():
        return [(name, "not precise enough to be said of unsigned posts: only the rule is used")]
    rows = [
        (f"{name}: F1", str(f1_interval(said, answers, groups))),
        ("  precision", str(share_interval(answers, said, groups))),
        ("  recall", str(share_interval(said, answers, groups))),
    ]
    if helper.name in {"offence", "insult"}:
        listed = np.array([LOOSE["insult"].search(lowered(t)) is not None for t in helper.texts])
        rows += [
            (
                "  the list of open insults alone: precision",
                str(share_interval(answers, listed, groups)),
            ),
            (
                "  the list of open insults alone: recall",
                str(share_interval(listed, answers, groups)),
            ),
        ]
    return rows


def write_card(card: Path, found: Sequence[str]) -> None:
    """Put the figures between the two marks of the model card."""
    text = card.read_text(encoding="utf-8")
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    figures = "\n".join(found).strip("\n")
    card.write_text(f"{before}{_BEGIN}\n\n{figures}\n\n{_END}{after}", encoding="utf-8")


def _labels(
    prepared: "Prepared", outputs: Array, probability: Array, settled: dict[str, Any]
) -> list[str]:
    posts, groups = prepared.posts, prepared.groups
    said = probability >= settled["thresholds"]["label"]
    allowed = np.array(
        [
            [Kind(k) in KINDS_OF[Label.SERVICE if s else Label.NON_SERVICE] for k in KINDS]
            for s in said
        ]
    )
    scores = np.where(allowed, outputs[:, 1:11], -np.inf)
    kind = np.array(KINDS)[scores.argmax(axis=1)]
    kind[prepared.signed] = "talk"
    true = np.array([p.kind for p in posts])
    rows = [("kind, accuracy", str(share_interval(kind == true, true == true, groups)))]
    rows += [
        (
            f"kind {k}, F1 ({int((true == k).sum())} posts)",
            str(f1_interval(kind == k, true == k, groups)),
        )
        for k in KINDS
    ]
    for column, name in ((-2, "abusive"), (-1, "urgent")):
        t = np.array([getattr(p, name) for p in posts])
        s = outputs[:, column] >= settled["cuts"][name]
        if name == "abusive":
            s = s | np.array([LOOSE["insult"].search(lowered(p.text)) is not None for p in posts])
        else:
            s = s & said
        rows.append((f"{name}, F1 ({int(t.sum())} posts)", str(f1_interval(s, t, groups))))
        rows.append(
            (f"{name}, precision, recall", f"{precision_score(t, s):.3f}, {recall_score(t, s):.3f}")
        )
    return ["\nall labels\n", "| measure | value |", "|---|---|", table(rows)]
