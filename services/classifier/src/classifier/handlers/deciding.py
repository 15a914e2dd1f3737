"""What decides about a post now: champion, challenger beside it, operator's rules, all replaceable.

Between batches the registry is asked whether something else was chosen; files are read in the
models' thread, so a promotion needs no restart and costs no heartbeat. What cannot be loaded is
said and counted, and what decided before goes on deciding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from classifier.domain.labels import Classification, PostText
from classifier.domain.rules import Subject
from classifier.gateways.port import Model
from classifier.gateways.rules.document import RulesDocument
from classifier.gateways.rules.matching import RuleBook, subject_of
from classifier.handlers.models import ModelThread
from classifier.storage import registry, rule_sets
from classifier.storage.registry import InForce
from common.db.unit_of_work import UnitOfWorkFactory, is_transient
from common.errors import OmbudError, RetryableError
from common.observability import metrics
from common.observability.logging import get_logger

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """A post as the model and as the rules read it."""

    post: PostText
    subject: Subject


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer after the rules, and the challenger's where one answers beside the champion."""

    answer: Classification
    shadow: Classification | None = None


@dataclass(frozen=True, slots=True)
class Deciding:
    """One consistent set of what decides. `local` needs nobody else: no network, no budget."""

    local: Model
    champion: Model
    challenger: Model | None
    rules: RuleBook

    def decide(self, asked: Sequence[Asked]) -> list[Decided]:
        """The answers in order; CPU work."""
        posts, subjects = [one.post for one in asked], [one.subject for one in asked]
        answers = self.rules.apply(subjects, self.champion.classify(posts))
        if self.challenger is None:
            return [Decided(answer) for answer in answers]
        shadows = self.rules.apply(subjects, self.challenger.classify(posts))
        return [Decided(*pair) for pair in zip(answers, shadows, strict=True)]


class Decider:
    """Keeps what decides in step with the registry.

    `shipped` decides until another model is promoted; `around` puts what the operator brought
    (an endpoint, an ONNX file) in front of it; `load` reads a registered model's files.
    """

    def __init__(
        self,
        thread: ModelThread,
        shipped: Model,
        *,
        around: Callable[[Model], Model] = lambda model: model,
        load: Callable[[str], Model] | None = None,
        poll_s: float = 5.0,
    ) -> None:
        self._thread = thread
        self._shipped = shipped
        self._around = around
        self._load = load
        self._poll_s = poll_s
        self._now = Deciding(shipped, around(shipped), None, RuleBook.empty())
        self._in_force: InForce | None = None
        self._ask_at = 0.0
        metrics.CLASSIFIER_MODEL_INFO.labels(self._now.champion.version).set(1)

    @property
    def now(self) -> Deciding:
        """What decides; replaced as a whole, never changed."""
        return self._now

    async def decide(self, asked: Sequence[Asked]) -> list[Decided]:
        """The answers of what decides now, in order; the event loop stays free."""
        return await self._thread.run(self._now.decide, asked)

    async def refresh(self, units: UnitOfWorkFactory) -> None:
        """Take up what was chosen since; asks the database every `poll_s` seconds at most.

        Raises RetryableError while it has never been able to ask: without the operator's rules
        no mention is to be decided.
        """
        if monotonic() < self._ask_at:
            return
        try:
            async with units.read() as connection:
                found = await registry.in_force(connection)
                rules = None
                if self._now.rules.version != found.rules:
                    rules = await rule_sets.stored(connection, found.rules)
        except Exception as error:
            if not is_transient(error):
                raise
            if self._in_force is None:
                raise RetryableError("what is in force cannot be asked for yet") from error
            return
        self._ask_at = monotonic() + self._poll_s
        if rules is not None:
            await self._take_rules(rules)
        known = self._in_force or InForce(rules=0, change=0, champion=None, challenger=None)
        self._in_force = found
        if (known.champion, known.challenger) != (found.champion, found.challenger):
            await self._take_models(known, found)

    async def _take_rules(self, rules: rule_sets.StoredRules) -> None:
        try:
            book = await self._thread.run(_book, rules)
        except ValueError as error:  # written by another release, with other limits
            self._failed("rules", error)
            return
        self._now = replace(self._now, rules=book)
        _log.info("rules_in_force", version=rules.version, rules=len(book.document.rules))

    async def _take_models(self, known: InForce, found: InForce) -> None:
        # Only what could be taken up counts as known; the rest is asked for again at the next poll:
        # a folder may still be on its way to this replica.
        taken = replace(found, champion=known.champion, challenger=known.challenger)
        try:
            if known.champion != found.champion:
                local = await self._loaded(found.champion) or self._shipped
                metrics.CLASSIFIER_MODEL_INFO.clear()
                self._now = replace(self._now, local=local, champion=self._around(local))
                metrics.CLASSIFIER_MODEL_INFO.labels(self._now.champion.version).set(1)
                taken = replace(taken, champion=found.champion)
            if known.challenger != found.challenger:
                challenger = await self._loaded(found.challenger)
                self._now = replace(self._now, challenger=challenger)
        except OmbudError as error:
            self._in_force = taken
            self._failed("model", error)
        else:
            _log.info("models_in_force", champion=found.champion, challenger=found.challenger)

    async def _loaded(self, version: str | None) -> Model | None:
        if version is None:
            return None
        return await self._thread.run(self.load, version)

    def load(self, version: str) -> Model:
        """Read a registered model. ConfigurationError where its files are not here."""
        if self._load is None:
            raise OmbudError("this process has no models folder (OMBUD_CLASSIFIER_MODELS)")
        return self._load(version)

    def _failed(self, what: str, error: Exception) -> None:
        metrics.CLASSIFIER_RELOAD_FAILURES_TOTAL.labels(what).inc()
        _log.error("cannot_take_up", what=what, error=error)


def asked_about(
    text: str,
    *,
    account: str | None = None,
    network: str | None = None,
    authors: Sequence[str | None] = (),
) -> Asked:
    """A post with its surroundings; `account` is ours, with or without its @."""
    own = frozenset({account.lower().removeprefix("@")}) if account else frozenset()
    subject = subject_of(text, network=network, account=account, authors=authors)
    return Asked(PostText(text=text, own_handles=own), subject)


def _book(rules: rule_sets.StoredRules) -> RuleBook:
    return RuleBook(RulesDocument.model_validate(rules.document), rules.version)
