"""The shipped model: posts in, classifications out. Pure numpy, no network, no state but caches.

Not thread safe: give each worker thread its own instance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifier.domain.labels import (
    KINDS_OF,
    Classification,
    Evidence,
    Kind,
    Label,
    Language,
    PostText,
)
from classifier.domain.thresholds import Verdict, decide
from classifier.gateways.model.concerns import concerns_of
from classifier.gateways.model.cues import lowered
from classifier.gateways.model.encoder import SentenceEncoder, as_said
from classifier.gateways.model.evidence import insults, signatures, words_that_carried
from classifier.gateways.model.features import Hasher
from classifier.gateways.model.language import detect
from classifier.gateways.model.observations import already_tried, needs_of, signals_of
from classifier.gateways.model.pack import Floats, LanguagePack, load_packs
from classifier.gateways.model.scoring import Batch, Scores, encode, score
from classifier.gateways.model.tokens import NUMBERED, OTHER, OWN, Token, tokenise

# Small enough for a processor's cache: larger batches were slower.
_CHUNK = 128
# Longer texts are cut for scoring: nothing a customer says first comes after so much text.
_LONGEST = 4_000
# A signed answer of an agent is not a service matter (labelling guide); 4 in 200 are.
_SIGNED = 0.02


class ShippedModel:
    """Classifies posts in batches; the same post gets the same answer in any batch."""

    def __init__(self, packs: dict[str, LanguagePack], version: str) -> None:
        self._packs = packs
        self._hasher = Hasher()
        self._encoder = SentenceEncoder()
        self.version = version

    @classmethod
    def load(cls, folder: Path | None = None) -> "ShippedModel":
        """Load an artefact folder, by default the one inside the package.

        Raises ConfigurationError if it is missing or damaged.
        """
        if folder is not None:
            version, packs = load_packs(folder)
            return cls(packs, version)
        with as_file(files("classifier.gateways.model") / "artefact") as shipped:
            version, packs = load_packs(shipped)
        return cls(packs, version)

    def classify(self, texts: Sequence[PostText]) -> list[Classification]:
        """Return one classification per post, in order. CPU bound: keep it off the event loop."""
        results: list[Classification] = []
        for start in range(0, len(texts), _CHUNK):
            results.extend(self._chunk(texts[start : start + _CHUNK]))
        return results

    def _chunk(self, posts: Sequence[PostText]) -> list[Classification]:
        cut = [tokenise(p.text[:_LONGEST], p.own_handles) for p in posts]
        languages = [detect(p.text[:_LONGEST], t) for p, t in zip(posts, cut, strict=True)]
        found: dict[int, Classification] = {}
        for name, pack in self._packs.items():
            mine = [i for i, language in enumerate(languages) if _model_of(language) == name]
            if mine:
                texts = [posts[i].text[:_LONGEST] for i in mine]
                batch = encode(texts, [cut[i] for i in mine], self._hasher)
                spoken = [languages[i] for i in mine]
                found.update(zip(mine, self._results(batch, pack, spoken), strict=True))
        return [found[i] for i in range(len(posts))]

    def _results(
        self, batch: Batch, pack: LanguagePack, languages: Sequence[Language]
    ) -> list[Classification]:
        scores = score(batch, pack)
        service = self._looked_again(batch, scores, pack)
        column = {name: i for i, name in enumerate(pack.outputs)}
        abusive = scores.outputs[:, column["abusive"]] >= pack.cuts["abusive"]
        urgent = scores.outputs[:, column["urgent"]] >= pack.cuts["urgent"]
        kinds = {label: _kinds(scores.outputs, pack, label) for label in Label}
        agent = _by_agents(scores.heads, pack)
        results: list[Classification] = []
        place = 0
        for row, (text, tokens) in enumerate(zip(batch.texts, batch.tokens, strict=True)):
            signed, insulting = signatures(text), insults(text)
            probability = _SIGNED if signed else round(float(service[row]), 4)
            verdict = decide(probability, language=languages[row], thresholds=pack.thresholds)
            weights = scores.per_place[place + 1 : place + 1 + len(tokens)]
            place += len(tokens) + 2
            is_own = bool(signed) or (
                agent[row] and verdict.label is Label.NON_SERVICE and _answers_someone(tokens)
            )
            seen = _Seen(
                verdict,
                Kind.TALK if is_own else kinds[verdict.label][row],
                is_abusive=bool(abusive[row]) or bool(insulting),
                is_urgent=bool(urgent[row]) and verdict.label is Label.SERVICE,
                is_own=is_own,
            )
            evidence = _evidence(
                text, tokens, weights, rules=[*signed, *insulting], verdict=verdict
            )
            results.append(self._whole(text, tokens, languages[row], seen, evidence))
        return results

    def _looked_again(
        self, batch: Batch, scores: Scores, pack: LanguagePack
    ) -> npt.NDArray[np.float64]:
        """The probability of service, judged by meaning where words leave it open."""
        if pack.look is None:
            return scores.service
        rows = pack.look.open(scores.service)
        if not len(rows):
            return scores.service
        said = [as_said(batch.texts[row], batch.tokens[row]) for row in rows.tolist()]
        service = scores.service.copy()
        service[rows] = pack.look.judge(scores.dense[rows], self._encoder.encode(said))
        return service

    def _whole(
        self,
        text: str,
        tokens: Sequence[Token],
        language: Language,
        seen: "_Seen",
        evidence: tuple[Evidence, ...],
    ) -> Classification:
        """Add what is observed beside the learned labels."""
        low = lowered(text)
        label = seen.verdict.label
        matters = label is Label.SERVICE or (seen.kind is Kind.WISH and not seen.is_own)
        concerns = concerns_of(text, tokens) if matters else ()
        serves = label is Label.SERVICE
        return Classification(
            label=label,
            decision=seen.verdict.decision,
            confidence=seen.verdict.confidence,
            kind=seen.kind,
            abusive=seen.is_abusive,
            urgent=seen.is_urgent,
            own_agent_post=seen.is_own,
            language=language,
            evidence=evidence,
            model=self.version,
            signals=frozenset()
            if seen.is_own
            else signals_of(
                low,
                label=label,
                kind=seen.kind,
                abusive=seen.is_abusive,
                is_to_others=_speaks_to_others(text, tokens),
            ),
            needs=needs_of(low, concerns) if serves else frozenset(),
            already_tried=already_tried(text, low) if serves else (),
            concerns=concerns,
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the learned labels say of one post."""

    verdict: Verdict
    kind: Kind
    is_abusive: bool
    is_urgent: bool
    is_own: bool


def _speaks_to_others(text: str, tokens: Sequence[Token]) -> bool:
    """Whether the post is an answer to, or a copy of, somebody who is not the company."""
    names = {token.text for token in tokens}
    return text.startswith("RT ") or (_answers_someone(tokens) and OWN not in names)


def _answers_someone(tokens: Sequence[Token]) -> bool:
    """Whether the post begins with the handle of somebody who is not the company."""
    return bool(tokens) and tokens[0].text in (OTHER, NUMBERED)


def _model_of(language: Language) -> str:
    """The pack that reads a language; what is neither German nor English is read as English."""
    return "de" if language is Language.GERMAN else "en"


def _by_agents(heads: Floats, pack: LanguagePack) -> list[bool]:
    """Which posts read like an agent's; none where the training had no agents to learn from."""
    if "agent" not in pack.heads or "agent" not in pack.cuts:
        return [False] * len(heads)
    return list((heads[:, pack.heads.index("agent")] >= pack.cuts["agent"]).tolist())


def _kinds(outputs: Floats, pack: LanguagePack, label: Label) -> list[Kind]:
    """Per post the most probable kind that the label allows."""
    allowed = [
        (column, Kind(name[5:]))
        for column, name in enumerate(pack.outputs)
        if name.startswith("kind:") and Kind(name[5:]) in KINDS_OF[label]
    ]
    best = outputs[:, [column for column, _ in allowed]].argmax(axis=1)
    return [allowed[place][1] for place in best.tolist()]


def _evidence(
    text: str,
    tokens: Sequence[Token],
    weights: Floats,
    *,
    rules: Sequence[Evidence],
    verdict: Verdict,
) -> tuple[Evidence, ...]:
    sign = 1.0 if verdict.label is Label.SERVICE else -1.0
    return (*rules, *words_that_carried(text, tokens, weights, sign=sign))
