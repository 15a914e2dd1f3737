"""Waiting in tests: ask again until it holds, with a deadline and a message of what was seen.

The only place in tests where time passes on purpose. What is asked must be free of side effects.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar, overload

_T = TypeVar("_T")
_NOT_ASKED = object()
WITHIN = timedelta(seconds=10)
EVERY = timedelta(milliseconds=50)


@overload
async def eventually(
    check: Callable[[], Awaitable[_T]],
    *,
    within: timedelta = ...,
    every: timedelta = ...,
    retry_on: tuple[type[Exception], ...] = ...,
) -> _T: ...


@overload
async def eventually(
    check: Callable[[], _T],
    *,
    within: timedelta = ...,
    every: timedelta = ...,
    retry_on: tuple[type[Exception], ...] = ...,
) -> _T: ...


async def eventually(
    check: Callable[[], Any],
    *,
    within: timedelta = WITHIN,
    every: timedelta = EVERY,
    retry_on: tuple[type[Exception], ...] = (AssertionError,),
) -> Any:
    """The first truthy answer of `check` (plain or async); None, 0 and [] mean "not yet".

    So a check made of asserts ends with `return True`. Errors of `retry_on` mean "not yet" too,
    all others come through at once. An answer that does not come in time is cut off. Raises
    AssertionError at the deadline, with the last answer or error.
    """
    watch = _Watch(check, within)
    while watch.running():
        try:
            async with asyncio.timeout(watch.left_s()):
                answer = check()
                if inspect.isawaitable(answer):
                    answer = await answer
        except retry_on as error:
            watch.saw(error)
        except TimeoutError:
            if watch.left_s() > 0:
                raise  # not our deadline: the check's own
        else:
            if answer:
                return answer
            watch.saw(answer)
        await asyncio.sleep(min(every.total_seconds(), max(watch.left_s(), 0)))
    raise watch.failure()


def eventually_blocking(
    check: Callable[[], _T],
    *,
    within: timedelta = WITHIN,
    every: timedelta = EVERY,
    retry_on: tuple[type[Exception], ...] = (AssertionError,),
) -> _T:
    """`eventually` for code without an event loop; a check that hangs is not cut off."""
    watch = _Watch(check, within)
    while watch.running():
        try:
            answer = check()
        except retry_on as error:
            watch.saw(error)
        else:
            if answer:
                return answer
            watch.saw(answer)
        time.sleep(min(every.total_seconds(), max(watch.left_s(), 0)))
    raise watch.failure()


class _Watch:
    """The deadline of one wait and what was seen last."""

    def __init__(self, check: Callable[[], object], within: timedelta) -> None:
        self._check = check
        self._within = within
        self._ends_at = time.monotonic() + within.total_seconds()
        self._last: object = _NOT_ASKED
        self._rounds = 0

    def running(self) -> bool:
        """True at least once, however short the time."""
        self._rounds += 1
        return self._rounds == 1 or self.left_s() > 0

    def left_s(self) -> float:
        return self._ends_at - time.monotonic()

    def saw(self, answer: object) -> None:
        self._last = answer

    def failure(self) -> AssertionError:
        if isinstance(self._last, Exception):
            seen = f"last error: {type(self._last).__name__}: {self._last}"
        elif self._last is _NOT_ASKED:
            seen = "the check never answered"
        else:
            seen = f"last answer: {self._last!r}"
        return AssertionError(
            f"not within {self._within.total_seconds():g} s: {_name(self._check)}; {seen}"
        )


def _name(check: Callable[[], object]) -> str:
    """Name and place of a check, its source when it is a lambda of one line."""
    code = getattr(check, "__code__", None)
    name = getattr(check, "__qualname__", repr(check)).rpartition("<locals>.")[2]
    if code is None:
        return name
    place = f"{code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"
    if name != "<lambda>":
        return f"{name} ({place})"
    try:
        source = inspect.getsource(check).strip().splitlines()[0].strip()
    except (OSError, TypeError):
        source = name
    return f"{source} ({place})"
