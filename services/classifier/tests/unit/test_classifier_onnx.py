"""An operator's ONNX model from a folder: a real one, made here and run by the real runtime."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from classifier.domain.labels import Decision, EvidenceSource, Kind, Label, PostText, Signal
from classifier.gateways.onnx_model import OnnxModel
from common.errors import ConfigurationError

ABOUT = {
    "name": "little",
    "labels": ["service", "signal:press", "kind:question", "kind:news"],
    "thresholds": {"non_service": 0.1, "label": 0.5, "service": 0.9},
}
SCORES = {True: [0.97, 0.1, 0.8, 0.2], False: [0.03, 0.9, 0.1, 0.7]}


def little_model() -> bytes:
    """Looks for the word `Bremse`: one row of scores where it stands, another where not."""

    def constant(name, value):
        return numpy_helper.from_array(np.array(value, dtype=np.float32), name)

    graph = helper.make_graph(
        [
            helper.make_node("RegexFullMatch", ["text"], ["found"], pattern=r"(?s).*Bremse.*"),
            helper.make_node("Unsqueeze", ["found", "one"], ["column"]),
            helper.make_node("Where", ["column", "yes", "no"], ["scores"]),
        ],
        "little",
        [helper.make_tensor_value_info("text", TensorProto.STRING, ["posts"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["posts", 4])],
        [
            constant("yes", [SCORES[True]]),
            constant("no", [SCORES[False]]),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "one"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.onnx").write_bytes(little_model())
    (tmp_path / "labels.json").write_text(json.dumps(ABOUT))
    return tmp_path


def test_its_labels_stand_in_front_of_the_shipped_models(folder, shipped):
    model = OnnxModel(folder, shipped)
    texts = ["Die Bremse macht Geräusche, ist das schlimm?", "Umsatz steigt, sagt die Zeitung."]
    posts = [PostText(text) for text in texts] * 50
    yes, no = model.classify(posts)[-2:]
    assert (yes.label, yes.decision, yes.kind) == (Label.SERVICE, Decision.SERVICE, Kind.QUESTION)
    assert yes.confidence == pytest.approx(0.97)
    assert (no.label, no.decision, no.kind) == (Label.NON_SERVICE, Decision.NON_SERVICE, Kind.NEWS)
    assert Signal.PRESS in no.signals
    assert Signal.PRESS not in yes.signals
    for answer, behind in zip((yes, no), shipped.classify(posts[:2]), strict=True):
        assert answer.model == model.version
        assert model.version.startswith("onnx:little+")
        assert answer.abusive == behind.abusive, "it says nothing of abuse, so the other one does"
        assert answer.language == behind.language
        assert all(e.source != EvidenceSource.MODEL for e in answer.evidence)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": ["service", "signal:press", "kind:question"]}, "labels.json says"),
        ({"labels": ["abusive", "signal:press", "kind:question", "urgent"]}, "is needed"),
        ({"labels": ["service", "signal:press", "kind:poem", "urgent"]}, "poem"),
        ({"labels": ["service", "signal:press", "mood", "urgent"]}, "unknown label"),
        ({"thresholds": {"non_service": 0.9, "label": 0.5, "service": 0.9}}, "out of order"),
        ({"output": "logits"}, "no output"),
        ({"input": "ids"}, "takes"),
        ({"cut": {}}, "unknown field"),
    ],
)
def test_a_description_that_does_not_fit_is_refused_at_the_start(folder, shipped, changes, said):
    (folder / "labels.json").write_text(json.dumps(ABOUT | changes))
    with pytest.raises(ConfigurationError, match=said):
        OnnxModel(folder, shipped)


def test_a_folder_without_a_model_is_refused(folder, shipped):
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        OnnxModel(folder, shipped)
    (folder / "model.onnx").unlink()
    with pytest.raises(ConfigurationError, match=r"model\.onnx"):
        OnnxModel(folder, shipped)
