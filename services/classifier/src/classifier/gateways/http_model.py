"""A model behind an OpenAI-compatible HTTP endpoint; whatever goes wrong, the model behind answers.

Limits: a time per call and per batch, a budget per minute and per day, a cache, a pause after
failures in a row. All are this process's own; with n replicas the budget is n times as much. The
endpoint is asked about everything, or only where the model behind would ask a person (`triage`).
The name of whoever decided stands in the answer.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from copy import copy
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

import httpx

from classifier.domain.labels import Classification, Decision, PostText
from classifier.gateways.port import Model
from classifier.gateways.remote_answers import NotAnAnswerError, question, read
from common.observability import metrics
from common.observability.logging import get_logger

_CACHE = 10_000
_FAILURES_IN_A_ROW = 5
_PAUSE_S = 30.0
_LONGEST_ANSWER = 65_536
_MINUTE_S, _DAY_S = 60.0, 86_400.0
_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to ask, how long, how often. `url` ends before `/chat/completions`."""

    url: str
    model: str
    key: str | None = None
    ask: Literal["triage", "all"] = "triage"
    timeout_s: float = 5.0
    batch_s: float = 10.0
    per_minute: int = 120
    per_day: int = 10_000
    parallel: int = 8
    sure_from: float = 0.9


class Budget:
    """How many calls are left: sliding windows of a minute and a day. Thread safe."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float] = monotonic) -> None:
        self._limits = ((_MINUTE_S, endpoint.per_minute), (_DAY_S, endpoint.per_day))
        self._spent: deque[float] = deque()
        self._clock = clock
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Spend one call; False where the budget is used up."""
        with self._lock:
            now = self._clock()
            while self._spent and self._spent[0] <= now - _DAY_S:
                self._spent.popleft()
            for span, limit in self._limits:
                # The oldest of the last `limit` calls must have left the window.
                if len(self._spent) >= limit and self._spent[-limit] > now - span:
                    return False
            self._spent.append(now)
            return True


class HttpModel:
    """An endpoint in front of another model."""

    def __init__(
        self, endpoint: Endpoint, behind: Model, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._endpoint = endpoint
        self._behind = behind
        self._clock = clock
        self._budget = Budget(endpoint, clock)
        self._cache: OrderedDict[bytes, bytes] = OrderedDict()
        self._failures = 0
        self._again_at = 0.0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(endpoint.parallel, thread_name_prefix="endpoint")
        self._client = httpx.Client(
            timeout=endpoint.timeout_s,
            headers={"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {},
            limits=httpx.Limits(max_connections=endpoint.parallel),
        )
        self.version = f"http:{endpoint.model}"

    def classify(self, texts: Sequence[PostText]) -> list[Classification]:
        """The endpoint's answers where there are any in time, else those of the model behind."""
        answers = self._behind.classify(texts)
        ends_at = self._clock() + self._endpoint.batch_s
        asked = {
            self._pool.submit(self._ask, texts[at], answers[at], ends_at): at
            for at in range(len(texts))
            if self._is_worth_asking(answers[at])
        }
        done, late = wait(asked, timeout=self._endpoint.batch_s)
        for future in late:
            future.cancel()
            metrics.CLASSIFIER_REMOTE_ANSWERS_TOTAL.labels("timeout").inc()
        for future in done:
            answers[asked[future]] = future.result() or answers[asked[future]]
        return answers

    def before(self, behind: Model) -> HttpModel:
        """The same endpoint in front of another model: a promotion fills no budget up again."""
        other = copy(self)
        other._behind = behind
        return other

    def close(self) -> None:
        """Let go of connections and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _is_worth_asking(self, behind: Classification) -> bool:
        if behind.own_agent_post:
            return False
        return self._endpoint.ask == "all" or behind.decision is Decision.TRIAGE

    def _ask(self, post: PostText, behind: Classification, ends_at: float) -> Classification | None:
        """The endpoint's answer, or None. Runs in a thread of the pool."""
        key = hashlib.sha256(f"{sorted(post.own_handles)}\0{post.text}".encode()).digest()
        with self._lock:
            known = self._cache.get(key)
        if known is not None:
            _count("cached")
            return self._read(known, post, behind)
        if self._clock() < self._again_at or self._clock() >= ends_at:
            _count("skipped")
            return None
        if not self._budget.take():
            _count("budget")
            return None
        outcome, body = self._call(post)
        answer = None
        if body is not None:
            try:
                answer = self._read(body, post, behind)
            except NotAnAnswerError:
                outcome = "garbage"
        _count(outcome)
        self._note(key, body if answer else None)
        return answer

    def _read(self, body: bytes, post: PostText, behind: Classification) -> Classification:
        answer = read(body, post, behind=behind, sure_from=self._endpoint.sure_from)
        return replace(answer, model=self.version)

    def _call(self, post: PostText) -> tuple[str, bytes | None]:
        url = f"{self._endpoint.url.rstrip('/')}/chat/completions"
        ends_at = self._clock() + self._endpoint.timeout_s
        body = bytearray()
        try:
            asked = question(post, model=self._endpoint.model)
            with self._client.stream("POST", url, json=asked) as response:
                if response.status_code != httpx.codes.OK:
                    return "status", None
                # The client's time-out begins anew with every byte; ours does not.
                for part in response.iter_bytes():
                    body += part
                    if len(body) > _LONGEST_ANSWER or self._clock() > ends_at:
                        return "timeout", None
        except httpx.TimeoutException:
            return "timeout", None
        except httpx.HTTPError:
            return "status", None
        return "answered", bytes(body)

    def _note(self, key: bytes, body: bytes | None) -> None:
        """Keep a good answer; after failures in a row leave the endpoint alone for a while."""
        with self._lock:
            if body is not None:
                self._failures = 0
                self._cache[key] = body
                if len(self._cache) > _CACHE:
                    self._cache.popitem(last=False)
                return
            self._failures += 1
            if self._failures == _FAILURES_IN_A_ROW:
                self._failures = 0
                self._again_at = self._clock() + _PAUSE_S
                _log.warning("endpoint_left_alone", seconds=_PAUSE_S)


def _count(outcome: str) -> None:
    metrics.CLASSIFIER_REMOTE_ANSWERS_TOTAL.labels(outcome).inc()
