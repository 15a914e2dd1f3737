"""Trains the shipped model and writes its artefact, bit for bit the same from the same data.

    python services/classifier/training/train.py --data ../shared/data/mentions --out FOLDER
    ... --check      train again and compare with FOLDER instead of writing it
    ... --evaluate   measure by nested cross-validation and print the model card's figures;
                     with --card docs/model-card.md write them into it

Not part of the run-time package: it needs scikit-learn, the service does not.
"""

import one_thread  # noqa: F401, I001  (before numpy, which counts its threads when loaded)
import argparse
import filecmp
import math
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from corpus import AGENT, KINDS, Helper, Post, read_further, read_helpers, read_posts
from export import Arrays, first_stage_arrays, second_look_arrays, second_stage_arrays, write
from groups import near_duplicates
from meaning import (
    BAND,
    Meaning,
    crossed_nearness,
    fit_look,
    fit_nearness,
    looked_at,
    meaning_of,
    near,
)
from measure import Scored, best_cut, calibrate, even_kinds, judged, precise_cut, safe_cuts
from report import helper_figures, report, write_card
from settled import chosen, keep
from stages import (
    Matrices,
    SecondStage,
    cross_fitted,
    fit_heads,
    fit_helpers,
    fit_second,
    head_scores,
    heads_for,
    held_out_answers,
    helper_rows,
    helper_texts,
    matrices,
    splits,
)

from classifier.gateways.model.cues import SIGNATURE
from classifier.gateways.model.encoder import fingerprint
from classifier.gateways.model.lexicon import FINGERPRINT

VERSION = "3.0.0"
PRECISION = 0.97
LANGUAGES = ("de", "en")
_FOLDS = 5
_LARGE_STREAM = 1_000
_AGENT_PRECISION = 0.99
_REPORTED_HELPERS = frozenset({AGENT, "offence", "insult"})
_STARTED = time.monotonic()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The posts of a language and everything computed once about them."""

    posts: list[Post]
    data: Matrices
    meaning: Meaning
    helper_weights: npt.NDArray[np.float64]
    helper_names: tuple[str, ...]
    groups: npt.NDArray[np.int64]
    agent_cut: float
    beside: tuple[tuple[str, str], ...]

    @property
    def truth(self) -> npt.NDArray[np.bool_]:
        """Whether each post is a service matter."""
        return np.array([p.service for p in self.posts])

    @property
    def signed(self) -> npt.NDArray[np.bool_]:
        """Whether the rule for agents' signatures fires."""
        return np.array([SIGNATURE.search(p.text) is not None for p in self.posts])

    @property
    def choosing(self) -> npt.NDArray[np.bool_]:
        """The posts that calibration and thresholds are chosen on: the stream if it is large."""
        measured = np.array([not p.further for p in self.posts])
        return self.stream if self.stream.sum() >= _LARGE_STREAM else measured

    def measured(self) -> tuple["Prepared", npt.NDArray[np.bool_]]:
        """The posts that figures are about, and which they are."""
        mine = np.array([not p.further for p in self.posts])
        posts = [p for p in self.posts if not p.further]
        return replace(self, posts=posts, groups=self.groups[mine]), mine

    @property
    def stream(self) -> npt.NDArray[np.bool_]:
        """Which posts resemble an account's real stream."""
        return np.array([p.stream for p in self.posts])


def say(text: str) -> None:
    """Print progress with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {text}", flush=True)


def prepare(folder: Path, language: str) -> Prepared:
    """Read a language's corpora and encode them."""
    posts = read_posts(folder / f"{language}_labelled.jsonl")
    given = len(posts)
    if language == "en":
        posts += read_further(folder.parent, posts)
    helpers = read_helpers(folder.parent, language, posts)
    say(f"{language}: {given} labelled posts, {len(posts) - given} further, {len(helpers)} helpers")
    texts = [p.text for p in posts]
    data = matrices([*texts, *helper_texts(helpers)], labelled=len(posts))
    say(f"{language}: {data.full.shape[1]} features; fitting helpers")
    weights = fit_helpers(data, helpers)
    cut, beside = _beside(data, helpers)
    names = tuple(h.name for h in helpers)
    groups, meaning = near_duplicates(texts), meaning_of(texts)
    say(f"{language}: posts encoded")
    return Prepared(posts, data, meaning, weights, names, groups, cut, beside)


def _beside(data: Matrices, helpers: Sequence[Helper]) -> tuple[float, tuple[tuple[str, str], ...]]:
    """The cut above which an unsigned post counts as an agent's; figures of what helpers answer."""
    cut, figures = math.inf, []
    for helper, rows in zip(helpers, helper_rows(data, helpers), strict=True):
        if helper.name not in _REPORTED_HELPERS:
            continue
        answers, scores = np.array(helper.answers), held_out_answers(data, helper, rows)
        if helper.name == AGENT:
            cut = precise_cut(scores, answers, _AGENT_PRECISION)
        figures += helper_figures(helper, answers, scores, cut if helper.name == AGENT else 0.0)
    return cut, tuple(figures)


def crossed(prepared: Prepared, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Dense features of `rows` as the second stage has to see them in training."""
    heads = heads_for(prepared.posts, prepared.data)
    own = cross_fitted(prepared.data, heads, rows, prepared.groups, folds=_FOLDS)
    return _joined(prepared, own, rows)


def seen(
    prepared: Prepared, fit: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Dense features of `rows` from heads fitted on all of `fit`."""
    weights = fit_heads(prepared.data, heads_for(prepared.posts, prepared.data), fit)
    return _joined(prepared, head_scores(prepared.data, weights, rows), rows)


def _joined(
    prepared: Prepared, own: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    helper = head_scores(prepared.data, prepared.helper_weights, rows)
    dense = np.hstack([own, helper, prepared.data.cues[rows]])
    return dense.astype(np.float32).astype(np.float64)


def told_at_second_look(
    prepared: Prepared, dense: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Features of the second look of `rows` as it has to see them in training."""
    nearness = crossed_nearness(
        prepared.meaning, prepared.truth, prepared.groups, rows, folds=_FOLDS
    )
    return looked_at(dense, nearness, prepared.meaning, rows)


def held_out(
    prepared: Prepared, dense: npt.NDArray[np.float64], told: npt.NDArray[np.float64]
) -> Scored:
    """Scores for every post, each from a second stage and a second look that did not see it."""
    scored = _blank(len(dense))
    for fit, held in splits(prepared.truth, prepared.groups, folds=_FOLDS, seed=3):
        second = fit_second(dense[fit], [prepared.posts[i] for i in fit])
        scored.outputs[held], scored.first[held] = second.scores(dense[held])
        look = fit_look(told[fit], prepared.truth[fit])
        _, scored.second[held] = look.scores(told[held])
    return scored


def _blank(posts: int) -> Scored:
    return Scored(np.zeros((posts, len(KINDS) + 3)), np.zeros(posts), np.zeros(posts))


def settle(prepared: Prepared, scored: Scored) -> dict[str, Any]:
    """Choose calibration, thresholds and cuts on held-out scores."""
    truth, chosen, outputs = prepared.truth, prepared.choosing, scored.outputs
    settled: dict[str, Any] = {
        "calibration": list(calibrate(scored.first[chosen], truth[chosen])),
        "look": {
            "band": list(BAND),
            "calibration": list(calibrate(scored.second[chosen], truth[chosen])),
        },
    }
    probability, _ = judged(scored, settled, prepared.signed)
    non_service, certain = safe_cuts(probability[chosen], truth[chosen], PRECISION)
    label = best_cut(probability[chosen], truth[chosen], 0.35, 0.5)
    cuts = {
        name: best_cut(outputs[:, -2 + i], answers, -3.0, 1.0)
        for i, (name, answers) in enumerate(
            {
                "abusive": np.array([p.abusive for p in prepared.posts]),
                "urgent": np.array([p.urgent for p in prepared.posts]),
            }.items()
        )
    }
    if math.isfinite(prepared.agent_cut):
        cuts[AGENT] = prepared.agent_cut
    thresholds = {
        "non_service": min(non_service, label - 0.01),
        "label": label,
        "service": max(certain, label),
    }
    return {**settled, "thresholds": thresholds, "cuts": cuts}


def train_language(
    prepared: Prepared, language: str, measured: Mapping[str, object]
) -> tuple[Arrays, dict[str, object]]:
    """Fit both stages on all posts of a language; `measured` replaces what it would settle."""
    rows = np.arange(len(prepared.posts))
    heads = heads_for(prepared.posts, prepared.data)
    dense = crossed(prepared, rows)
    say(f"{language}: heads cross-fitted")
    told = told_at_second_look(prepared, dense, rows)
    say(f"{language}: nearness cross-fitted")
    scored = held_out(prepared, dense, told)
    settled = {**settle(prepared, scored), **measured}
    kind_offsets = even_kinds(scored.outputs[:, 1 : 1 + len(KINDS)], prepared.posts)
    say(f"{language}: {settled}, kinds {kind_offsets}")
    weights = np.hstack([fit_heads(prepared.data, heads, rows), prepared.helper_weights])
    second: SecondStage = fit_second(dense, prepared.posts)
    second.weights[-1, 1 : 1 + len(KINDS)] += kind_offsets
    machine = fit_nearness(prepared.meaning, prepared.truth, rows)
    arrays = (
        first_stage_arrays(prepared.data, weights)
        | second_stage_arrays(second)
        | second_look_arrays(prepared.meaning, machine, fit_look(told, prepared.truth))
    )
    about = {
        **settled,
        "heads": [h.name for h in heads] + list(prepared.helper_names),
        "outputs": list(second.outputs),
    }
    return {f"{language}/{name}": array for name, array in arrays.items()}, about


def train(data: Path, out: Path) -> str:
    """Train all languages and write the artefact; return its content hash."""
    arrays: Arrays = {}
    languages = {}
    for language in LANGUAGES:
        found, about = train_language(prepare(data, language), language, chosen(data, language))
        arrays |= found
        languages[language] = about
    about = {"lexicon": FINGERPRINT, "encoder": fingerprint(), "languages": languages}
    return write(out, arrays, {"version": VERSION, **about})


def evaluate(data: Path, card: Path | None) -> None:
    """Print the figures of the model card: nothing measured on a post was fitted on it.

    With `card`, they also take the place of the figures in that file.
    """
    found, choices = [], {}
    for language in LANGUAGES:
        prepared = prepare(data, language)
        scored = nested(prepared, language)
        settled = choices[language] = settle(prepared, scored)
        kinds = scored.outputs[:, 1 : 1 + len(KINDS)]
        kinds += even_kinds(kinds, prepared.posts)
        about, mine = prepared.measured()
        found.append(report(language, about, scored[mine], settled))
        print(found[-1], flush=True)
    if card is not None:
        write_card(card, found)
        keep(data, choices)


def nested(prepared: Prepared, language: str) -> Scored:
    """Scores for every post from stages and second look fitted on the other outer folds."""
    scored, meaning, truth = _blank(len(prepared.posts)), prepared.meaning, prepared.truth
    for number, (fit, held) in enumerate(
        splits(prepared.truth, prepared.groups, folds=_FOLDS, seed=1)
    ):
        dense, unseen = crossed(prepared, fit), seen(prepared, fit, held)
        second = fit_second(dense, [prepared.posts[i] for i in fit])
        scored.outputs[held], scored.first[held] = second.scores(unseen)
        look = fit_look(told_at_second_look(prepared, dense, fit), truth[fit])
        nearness = near(fit_nearness(meaning, truth, fit), meaning, held)
        _, scored.second[held] = look.scores(looked_at(unseen, nearness, meaning, held))
        say(f"{language}: outer fold {number + 1} of {_FOLDS}")
    return scored


def check(data: Path, out: Path) -> int:
    """Train into a scratch folder and compare byte by byte with `out`."""
    with tempfile.TemporaryDirectory() as scratch:
        train(data, Path(scratch))
        names = ["model.json", "model.npz"]
        same, differing, missing = filecmp.cmpfiles(scratch, out, names, shallow=False)
    say(f"same: {same}, differing: {differing}, missing: {missing}")
    return 0 if len(same) == len(names) else 1


def main() -> int:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(description="Train the shipped classifier.")
    parser.add_argument("--data", type=Path, required=True, help="folder of *_labelled.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="artefact folder")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="retrain and compare with --out")
    mode.add_argument("--evaluate", action="store_true", help="nested cross-validation")
    parser.add_argument("--card", type=Path, help="with --evaluate: the file to put figures into")
    options = parser.parse_args()
    if options.evaluate:
        evaluate(options.data, options.card)
        return 0
    if options.check:
        return check(options.data, options.out)
    digest = train(options.data, options.out)
    say(f"wrote {VERSION}+{digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
