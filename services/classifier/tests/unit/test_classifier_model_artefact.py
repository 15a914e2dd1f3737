"""The shipped artefact: it loads, refuses damage, and gives whole, honest classifications."""

import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.domain.labels import (
    KINDS_OF,
    Decision,
    EvidenceSource,
    Label,
    Language,
    PostText,
)
from classifier.gateways.model import ShippedModel
from classifier.gateways.model.pack import compress, expand
from classifier.gateways.model.trees import Forest
from common.errors import ConfigurationError

MODEL = ShippedModel.load()
ARTEFACT = Path(str(files("classifier.gateways.model") / "artefact"))


def test_the_version_names_the_content() -> None:
    about = json.loads((ARTEFACT / "model.json").read_text(encoding="utf-8"))
    assert MODEL.version == f"{about['version']}+{about['hash']}"


def test_the_artefact_holds_numbers_only_and_stays_small() -> None:
    with np.load(ARTEFACT / "model.npz", allow_pickle=False) as archive:
        assert {archive[name].dtype.kind for name in archive.files} <= set("iuf")
    assert (ARTEFACT / "model.npz").stat().st_size < 6_500_000


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ARTEFACT, tmp_path / "artefact"))


def test_a_missing_or_damaged_artefact_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no readable model"):
        ShippedModel.load(tmp_path / "nowhere")
    about = json.loads((copy / "model.json").read_text(encoding="utf-8"))
    about["languages"]["de"]["thresholds"]["service"] = 0.5
    (copy / "model.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="damaged"):
        ShippedModel.load(copy)


def test_cut_short_numbers_are_refused(copy: Path) -> None:
    whole = (copy / "model.npz").read_bytes()
    (copy / "model.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigurationError, match="no readable model"):
        ShippedModel.load(copy)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200), min_size=1, max_size=8))
def test_any_text_gets_one_whole_classification(texts: list[str]) -> None:
    found = MODEL.classify([PostText(text) for text in texts])
    assert len(found) == len(texts)
    for text, c in zip(texts, found, strict=True):
        assert 0.0 <= c.confidence <= 1.0
        assert c.kind in KINDS_OF[c.label]
        assert c.decision is Decision.TRIAGE or c.decision.value == c.label.value
        assert c.language is not Language.OTHER or c.own_agent_post or c.decision is Decision.TRIAGE
        for e in c.evidence:
            assert text[e.start : e.end] == e.text != ""


def test_an_answer_does_not_depend_on_the_batch() -> None:
    texts = [
        "@motorrad_hilft wann kommt mein Helm?",
        "When does my order arrive?",
        "Streik beendet https://example.org/x",
        "",
        "@anna_p Gern, schick uns eine DM. /je",
    ]
    posts = [PostText(t) for t in texts]
    together = MODEL.classify(posts * 150)
    alone = [MODEL.classify([p])[0] for p in posts]
    assert together == alone * 150


def test_nothing_to_classify_is_no_error() -> None:
    assert MODEL.classify([]) == []


def test_knowing_the_own_account_changes_what_is_seen() -> None:
    text = "@motorrad_ag wann öffnet der Laden?"
    (known,) = MODEL.classify([PostText(text, frozenset({"motorrad_ag"}))])
    (unknown,) = MODEL.classify([PostText(text, frozenset({"someone_else"}))])
    assert known.label is Label.SERVICE
    p_known = known.confidence
    p_unknown = unknown.confidence if unknown.label is Label.SERVICE else 1.0 - unknown.confidence
    assert p_known > p_unknown


def test_evidence_names_words_of_the_post_but_no_handles() -> None:
    text = "@motorrad_hilft @anna_p wann kommt mein Helm? Ich warte seit 20 Minuten."
    (found,) = MODEL.classify([PostText(text)])
    assert found.label is Label.SERVICE
    assert found.evidence
    assert all("@" not in e.text for e in found.evidence)
    assert all(e.weight > 0 for e in found.evidence if e.source is EvidenceSource.MODEL)


def test_a_very_long_text_is_scored_by_its_beginning() -> None:
    text = "@motorrad_hilft wo bleibt meine Bestellung? " + "bla " * 50_000
    (found,) = MODEL.classify([PostText(text)])
    assert all(e.end <= 4_000 for e in found.evidence)


def test_weights_survive_rounding() -> None:
    weights = np.linspace(-3.0, 3.0, 601)[:, None] * np.array([[1.0, 0.01]])
    back = expand(*compress(weights))
    top = np.abs(weights).max(axis=0)
    assert np.max(np.abs(back - weights) / top) < 0.01


def test_trees_add_up_their_leaves() -> None:
    forest = Forest(
        feature=np.array([0, 0, 0, 1, 0, 0], dtype=np.int32),
        threshold=np.array([0.5, 0, 0, 2.0, 0, 0], dtype=np.float32),
        left=np.array([1, 1, 2, 4, 4, 5], dtype=np.int32),
        right=np.array([2, 1, 2, 5, 4, 5], dtype=np.int32),
        value=np.array([0, 1.0, 2.0, 0, 10.0, 20.0], dtype=np.float32),
        roots=np.array([0, 3], dtype=np.int32),
    )
    rows = np.array([[0.5, 2.0], [0.6, 2.0], [0.6, 2.1]], dtype=np.float32)
    assert forest.score(rows).tolist() == [11.0, 12.0, 22.0]
