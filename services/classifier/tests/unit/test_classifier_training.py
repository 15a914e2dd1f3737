"""Training repeats itself bit for bit; shown on a few invented posts, in a fraction of a second.

The real data is compared by `train.py --check`, which takes minutes.
"""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs scikit-learn; the service does not")
sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

import one_thread  # noqa: F401, I001  (as in training: several threads on a busy machine crawl)
import settled

from corpus import FURTHER, Helper, Post, _unsigned
from export import first_stage_arrays, second_look_arrays, second_stage_arrays, write
from groups import near_duplicates
from meaning import crossed_nearness, fit_look, fit_nearness, looked_at, meaning_of, near
from measure import best_cut, precise_cut, safe_cuts
from stages import (
    cross_fitted,
    fit_heads,
    fit_helpers,
    fit_second,
    head_scores,
    heads_for,
    helper_texts,
    matrices,
)

from classifier.gateways.model.encoder import SentenceEncoder, as_said
from classifier.gateways.model.features import Hasher
from classifier.gateways.model.pack import pack_of
from classifier.gateways.model.scoring import encode, first_stage, score
from classifier.gateways.model.tokens import tokenise

_ASK = "@motorrad_hilft wann kommt {} an? Ich warte seit {} Tagen und niemand antwortet"
_TELL = "Motorrad AG zeigt {} in Halle {}, sagt die Presse https://example.org/{}"
_THINGS = "Helm Auspuff Sattel Reifen Lenker Spiegel Tank Kette Bremse Koffer".split()  # noqa: SIM905


def posts() -> list[Post]:
    asked = [
        Post(_ASK.format(t, n), True, "question", n % 7 == 0, n % 5 == 0, True)
        for n, t in enumerate(_THINGS * 3)
    ]
    told = [
        Post(_TELL.format(t, n, n), False, ("news", "talk")[n % 2], n % 9 == 0, False, True)
        for n, t in enumerate(_THINGS * 3)
    ]
    return asked + told


def helpers() -> list[Helper]:
    texts = tuple(f"du {w} {t}" for t in _THINGS for w in ("Depp", "Held"))
    return [Helper("insult", texts, tuple("Depp" in t for t in texts))]


@pytest.fixture(scope="module")
def once() -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """One trained model for the tests that only read it."""
    return trained()


def trained() -> tuple[dict[str, np.ndarray], dict[str, object]]:
    labelled, extra = posts(), helpers()
    texts = [p.text for p in labelled]
    data = matrices([*texts, *helper_texts(extra)], labelled=len(labelled))
    heads = heads_for(labelled, data)
    rows = np.arange(len(labelled))
    own = cross_fitted(data, heads, rows, rows, folds=2)
    helper = fit_helpers(data, extra)
    dense = np.hstack([own, head_scores(data, helper, rows), data.cues[: len(labelled)]])
    second = fit_second(dense.astype(np.float32).astype(np.float64), labelled)
    weights = np.hstack([fit_heads(data, heads, rows), helper])
    arrays = first_stage_arrays(data, weights) | second_stage_arrays(second)
    about: dict[str, object] = {
        "heads": [h.name for h in heads] + ["insult"],
        "outputs": list(second.outputs),
        "calibration": [1.0, 0.0],
        "cuts": {"abusive": 0.0, "urgent": 0.0},
        "thresholds": {"non_service": 0.1, "label": 0.5, "service": 0.9},
    }
    return {f"de/{name}": array for name, array in arrays.items()}, about


def test_the_same_posts_give_the_same_bytes(
    tmp_path: Path, once: tuple[dict[str, np.ndarray], dict[str, object]]
) -> None:
    for folder, (arrays, about) in {"a": once, "b": trained()}.items():
        write(tmp_path / folder, arrays, {"version": "0", "languages": {"de": about}})
    for name in ("model.npz", "model.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_one_other_number_gives_another_hash(
    tmp_path: Path, once: tuple[dict[str, np.ndarray], dict[str, object]]
) -> None:
    arrays, about = dict(once[0]), once[1]
    one = write(tmp_path / "a", arrays, about)
    arrays["de/second"] = arrays["de/second"] + np.float32(0.0001)
    assert write(tmp_path / "b", arrays, about) != one


def test_what_was_trained_is_what_runs(
    once: tuple[dict[str, np.ndarray], dict[str, object]],
) -> None:
    arrays, about = once
    pack = pack_of("de", about, arrays)
    texts = [_ASK.format("Rahmen", 9), _TELL.format("Rahmen", 9, 9)]
    scores = score(encode(texts, [tokenise(t) for t in texts], Hasher()), pack)
    assert scores.service[0] > 0.8
    assert scores.service[1] < 0.2


def test_the_second_look_runs_as_it_was_trained(
    once: tuple[dict[str, np.ndarray], dict[str, object]],
) -> None:
    labelled = posts()
    texts, truth = [p.text for p in labelled], np.array([p.service for p in labelled])
    rows, meaning = np.arange(len(texts)), meaning_of(texts)
    dense = np.random.default_rng(2).normal(size=(len(texts), 4))
    crossed = crossed_nearness(meaning, truth, rows, rows, folds=2)
    look = fit_look(looked_at(dense, crossed, meaning, rows), truth)
    machine = fit_nearness(meaning, truth, rows)
    _, wanted = look.scores(looked_at(dense, near(machine, meaning, rows), meaning, rows))
    arrays, about = once
    found = second_look_arrays(meaning, machine, look)
    pack = pack_of(
        "de",
        {**about, "look": {"band": [0.2, 0.6], "calibration": [1.0, 0.0]}},
        {**arrays, **{f"de/{name}": array for name, array in found.items()}},
    )
    assert pack.look is not None
    said = [as_said(text, tokenise(text)) for text in texts]
    got = pack.look.judge(dense.astype(np.float32), SentenceEncoder().encode(said))
    assert np.max(np.abs(got - 1.0 / (1.0 + np.exp(-wanted)))) < 0.01
    assert pack.look.open(np.array([0.1, 0.2, 0.4, 0.6, 0.7])).tolist() == [2]


def test_run_time_heads_equal_the_solvers(
    once: tuple[dict[str, np.ndarray], dict[str, object]],
) -> None:
    labelled = posts()
    texts = [p.text for p in labelled]
    data = matrices(texts, labelled=len(texts))
    heads = heads_for(labelled, data)
    rows = np.arange(len(texts))
    weights = fit_heads(data, heads, rows)
    wanted = head_scores(data, weights, rows)
    arrays, about = dict(once[0]), once[1]
    arrays |= {f"de/{k}": a for k, a in first_stage_arrays(data, weights).items()}
    pack = pack_of("de", {**about, "heads": [h.name for h in heads]}, arrays)
    got, _ = first_stage(encode(texts, [tokenise(t) for t in texts], Hasher()), pack)
    assert np.max(np.abs(got - wanted)) < 0.05 * np.max(np.abs(wanted))


def test_copies_and_near_copies_share_a_group() -> None:
    groups = near_duplicates(
        [
            "Der Helm ist heute schon wieder viel zu spät gekommen",
            "@anna_p Der Helm ist heute schon wieder viel zu spät gekommen https://example.org/1",
            "Der Helm ist heute schon wieder viel zu früh gekommen",
            "Das Rad steht im Hof und rostet vor sich hin",
        ]
    )
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_thresholds_keep_the_precision_of_all_decisions_together() -> None:
    random = np.random.default_rng(1)
    probability = random.random(5000)
    truth = random.random(5000) < probability
    non_service, service = safe_cuts(probability, truth, 0.9)
    yes, no = probability >= service, probability <= non_service
    right = (truth & yes) | (~truth & no)
    assert right.sum() >= 0.9 * (yes | no).sum()
    assert truth[yes].mean() >= 0.88
    assert (~truth[no]).mean() >= 0.88
    # of all that keeps it, most is taken: neither cut could give way by a twentieth
    wider = (probability >= service - 0.05) | (probability <= non_service + 0.05)
    agreed = np.where(probability >= 0.5, truth, ~truth)
    assert agreed[wider].mean() < 0.9


def test_the_cut_for_agents_is_precise_from_there_on() -> None:
    scores = np.linspace(0.0, 1.0, 1000)
    truth = scores > 0.5
    truth[700] = False
    cut = precise_cut(scores, truth, 0.99)
    assert truth[scores >= cut].mean() >= 0.99
    assert 0.49 < cut < 0.71
    assert precise_cut(scores, truth[::-1].copy(), 0.99) == np.inf
    assert precise_cut(scores, np.ones(1000, dtype=bool), 0.99) == 0.0


def test_an_answer_of_an_agent_is_learned_without_its_signature() -> None:
    texts = ("Das klären wir gern. /je", "Hier ist nichts los")
    kept = [_unsigned(text) for text in texts]
    assert "/je" not in kept[0]
    assert kept[1] == texts[1]


def test_what_was_measured_settles_only_the_posts_it_was_measured_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled, "_FILE", tmp_path / "settled.json")
    posts = tmp_path / "de_labelled.jsonl"
    posts.write_text("one\n", encoding="utf-8")
    assert settled.chosen(tmp_path, "de") == {}
    choice = {
        "calibration": [1.0, 0.1],
        "look": {"band": [0.2, 0.6], "calibration": [1.0, 0.0]},
        "thresholds": {"label": 0.4},
        "cuts": {"urgent": 1.0},
    }
    settled.keep(tmp_path, {"de": choice})
    assert settled.chosen(tmp_path, "de") == {k: choice[k] for k in choice if k != "cuts"}
    posts.write_text("one\ntwo\n", encoding="utf-8")
    assert settled.chosen(tmp_path, "de") == {}


def test_further_labels_name_rows_and_no_texts() -> None:
    lines = FURTHER.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 1_000
    assert all(re.fullmatch(r"[act]\d+\t[qpcrfwWaont][!^]{0,2}", line) for line in lines)
    assert len({line.split("\t")[0] for line in lines}) == len(lines)


def test_the_best_cut_separates_what_can_be_separated() -> None:
    scores = np.array([0.1, 0.2, 0.6, 0.7])
    assert 0.2 < best_cut(scores, np.array([False, False, True, True]), 0.0, 1.0) <= 0.6
