"""An ONNX model from a folder that the operator mounts; what it does not say, the other model does.

The folder holds `model.onnx` and `labels.json`:

    {"name": "bert-klein-3", "input": "text", "output": "scores",
     "labels": ["service", "abusive", "kind:question"],
     "thresholds": {"non_service": 0.2, "label": 0.5, "service": 0.9}, "cuts": {"abusive": 0.5}}

Input: one tensor of strings, shape [posts], the text as posted; tokenising and hashing are the
graph's own business, so that no vocabulary has to be kept in step here. Output: floats, shape
[posts, labels], each a probability in the order of `labels`. `service` is required; `abusive`,
`urgent`, `signal:<name>`, `need:<name>` and `kind:<name>` may follow. Language, concerns and
evidence of rules come from the model behind it; its evidence words do not, for they carried
another decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime

from classifier.domain.labels import (
    KINDS_OF,
    Classification,
    EvidenceSource,
    Kind,
    Label,
    Need,
    PostText,
    Signal,
)
from classifier.domain.thresholds import Thresholds, Verdict, decide
from classifier.gateways.port import Model
from common.errors import ConfigurationError
from common.observability import metrics
from common.observability.logging import get_logger

_CHUNK = 64
_CUT = 0.5
_log = get_logger()
Scores = npt.NDArray[np.float64]


class _Thresholds(msgspec.Struct, forbid_unknown_fields=True):
    non_service: float
    label: float
    service: float


class _About(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    labels: tuple[str, ...]
    thresholds: _Thresholds
    input: str = "text"
    output: str = "scores"
    cuts: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class _Labels:
    """The columns of the output by what they mean."""

    service: int
    abusive: int | None
    urgent: int | None
    kinds: Mapping[Kind, int]
    signals: Mapping[Signal, int]
    needs: Mapping[Need, int]


class OnnxModel:
    """A model of the operator's in front of another one. Not thread safe."""

    def __init__(self, folder: Path, behind: Model) -> None:
        """Raises ConfigurationError for a folder that does not hold such a model."""
        self._about = _read_about(folder / "labels.json")
        self._labels = _columns(self._about)
        self._thresholds = _thresholds(self._about)
        content = _read(folder / "model.onnx")
        self._session = _session(content, self._about)
        self._behind = behind
        digest = hashlib.sha256(content + msgspec.json.encode(self._about)).hexdigest()[:12]
        self.version = f"onnx:{self._about.name}+{digest}"
        self._scores(["a probe"])

    def classify(self, texts: Sequence[PostText]) -> list[Classification]:
        """The answers of the model behind, with this one's labels in their place."""
        answers = self._behind.classify(texts)
        results: list[Classification] = []
        for begin in range(0, len(texts), _CHUNK):
            part = answers[begin : begin + _CHUNK]
            try:
                scores = self._scores([post.text for post in texts[begin : begin + _CHUNK]])
            except ConfigurationError as error:
                metrics.CLASSIFIER_RELOAD_FAILURES_TOTAL.labels("onnx").inc()
                _log.error("onnx_model_fails", error=error)
                results += part
                continue
            results += [self._labelled(*pair) for pair in zip(part, scores, strict=True)]
        return results

    def _scores(self, texts: Sequence[str]) -> Scores:
        given = {self._about.input: np.array(texts, dtype=np.str_).astype(object)}
        try:
            (out,) = self._session.run([self._about.output], given)
        except Exception as error:
            raise ConfigurationError(f"the ONNX model fails: {error}") from error
        scores = np.asarray(out, dtype=np.float64)
        if scores.shape != (len(texts), len(self._about.labels)):
            raise ConfigurationError(
                f"the ONNX model answers {scores.shape}, labels.json says "
                f"({len(texts)}, {len(self._about.labels)})"
            )
        if not (np.isfinite(scores).all() and (scores >= 0).all() and (scores <= 1).all()):
            raise ConfigurationError("the ONNX model answers what is no probability")
        return scores

    def _labelled(self, behind: Classification, scores: Scores) -> Classification:
        if behind.own_agent_post:
            return behind
        columns, cut = self._labels, self._cut
        verdict = decide(
            round(float(scores[columns.service]), 4),
            language=behind.language,
            thresholds=self._thresholds,
        )
        return replace(
            behind,
            label=verdict.label,
            decision=verdict.decision,
            confidence=verdict.confidence,
            kind=_kind(behind, verdict, scores, columns.kinds),
            abusive=behind.abusive
            if columns.abusive is None
            else bool(scores[columns.abusive] >= cut("abusive")),
            urgent=behind.urgent
            if columns.urgent is None
            else bool(scores[columns.urgent] >= cut("urgent")),
            signals=_chosen(behind.signals, columns.signals, scores, "signal", cut),
            needs=_chosen(behind.needs, columns.needs, scores, "need", cut),
            evidence=tuple(e for e in behind.evidence if e.source != EvidenceSource.MODEL),
            model=self.version,
        )

    def _cut(self, label: str) -> float:
        return self._about.cuts.get(label, _CUT)


def _kind(
    behind: Classification, verdict: Verdict, scores: Scores, columns: Mapping[Kind, int]
) -> Kind:
    """The most probable kind that the label allows; without one, the other model's or any."""
    allowed = KINDS_OF[verdict.label]
    ranked = [(float(scores[at]), kind) for kind, at in columns.items() if kind in allowed]
    if ranked:
        return max(ranked)[1]
    if behind.kind in allowed:
        return behind.kind
    return Kind.PROBLEM if verdict.label is Label.SERVICE else Kind.TALK


def _chosen(
    behind: frozenset[Any],
    columns: Mapping[Any, int],
    scores: Scores,
    prefix: str,
    cut: Callable[[str], float],
) -> frozenset[Any]:
    """The words above their cut; words that the model does not know stay as they were."""
    said = {word for word, at in columns.items() if scores[at] >= cut(f"{prefix}:{word}")}
    return frozenset(said | {word for word in behind if word not in columns})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


def _read_about(path: Path) -> _About:
    try:
        return msgspec.json.decode(_read(path), type=_About)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _thresholds(about: _About) -> Thresholds:
    given = about.thresholds
    try:
        return Thresholds(given.non_service, given.label, given.service)
    except ValueError as error:
        raise ConfigurationError(f"labels.json: {error}") from error


def _columns(about: _About) -> _Labels:
    found: dict[str, dict[str, int]] = {"": {}, "kind": {}, "signal": {}, "need": {}}
    for at, label in enumerate(about.labels):
        prefix, _, word = label.rpartition(":")
        if prefix not in found or (not prefix and word not in {"service", "abusive", "urgent"}):
            raise ConfigurationError(f"labels.json: unknown label {label!r}")
        found[prefix][word] = at
    if "service" not in found[""] or sum(map(len, found.values())) != len(about.labels):
        raise ConfigurationError("labels.json: `service` is needed, and each label once")
    try:
        return _Labels(
            service=found[""]["service"],
            abusive=found[""].get("abusive"),
            urgent=found[""].get("urgent"),
            kinds={Kind(word): at for word, at in found["kind"].items()},
            signals={Signal(word): at for word, at in found["signal"].items()},
            needs={Need(word): at for word, at in found["need"].items()},
        )
    except ValueError as error:
        raise ConfigurationError(f"labels.json: {error}") from error


def _session(content: bytes, about: _About) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # one core per replica, as the shipped model
    options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ConfigurationError(f"model.onnx cannot be read: {error}") from error
    inputs = {given.name: given.type for given in session.get_inputs()}
    if inputs != {about.input: "tensor(string)"}:
        raise ConfigurationError(f"model.onnx takes {inputs}, not one tensor(string)")
    if about.output not in {given.name for given in session.get_outputs()}:
        raise ConfigurationError(f"model.onnx has no output {about.output!r}")
    return session
