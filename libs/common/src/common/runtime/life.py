"""The life of a process: its loops run side by side, a signal drains them, steps close the rest.

Exit codes, for people and for Kubernetes:

    0  ended as asked (SIGTERM or SIGINT), everything drained
    1  a loop crashed or ended by itself, or the start failed
    2  wrong configuration or command line; one line on stderr says which
    3  the drain deadline passed: loops were cut off (nothing is lost: state is in the database)
    4  a second signal cut the draining short

What a loop does is not known here; a loop is any `async def run(stop)` that ends soon after
`stop` is set. Order of shutdown: RELIABILITY 9.2 and R7 (at most 10 s in every state).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from common.observability import metrics
from common.observability.logging import get_logger
from common.runtime import garbage
from common.runtime.lag import watch_event_loop

Loop = Callable[[asyncio.Event], Awaitable[None]]
ClosingStep = tuple[str, Callable[[], Awaitable[None]]]

EXIT_OK = 0
EXIT_CRASHED = 1
EXIT_CONFIGURATION = 2
EXIT_DRAIN_DEADLINE = 3
EXIT_FORCED = 4

_DRAIN = timedelta(seconds=8)
_UNWIND_S = 0.4  # what cancelled loops get to leave their `finally` blocks
_CLOSING_S = 1.0  # what all closing steps together get after a full drain
_STEP_S = 3.0  # what one closing step gets at most
_LEAST_STEP_S = 0.2
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = get_logger("common.runtime")


async def run_service(
    name: str,
    loops: Mapping[str, Loop],
    *,
    drain: timedelta = _DRAIN,
    closing: Sequence[ClosingStep] = (),
) -> int:
    """Run `loops` until a signal, or until one crashes; then drain, close, and say the exit code.

    Each loop gets the same `stop` event and has `drain` to end after it is set; then it is
    cancelled. A loop that ends before `stop` counts as crashed: silence is the worst failure.
    The `closing` steps (name, coroutine function) run one after the other, each with its own
    budget, each even if the one before failed. With the default drain all of it takes less than
    10 s; a thread that needs no event loop makes sure of it.
    """
    garbage.settle()
    return await _Life(name, drain, asyncio.get_running_loop()).run(loops, closing)


class _Life:
    """One run of a service; holds what signals, loops and the deadline share."""

    def __init__(self, name: str, drain: timedelta, loop: asyncio.AbstractEventLoop) -> None:
        self._name = name
        self._drain_s = drain.total_seconds()
        self._loop = loop
        self._stop = asyncio.Event()
        self._code = EXIT_OK
        self._deadline = float("inf")

    async def run(self, loops: Mapping[str, Loop], closing: Sequence[ClosingStep]) -> int:
        handled = self._listen_to_signals()
        group = asyncio.create_task(self._run_loops(loops), name=f"{self._name}-loops")
        lag = asyncio.create_task(watch_event_loop(self._stop), name="event-loop-lag")
        guillotine: threading.Timer | None = None
        try:
            await self._stop.wait()
            guillotine = self._arm_guillotine()
            await self._drain(group)
            await self._close([*closing, ("event_loop_lag", lambda: _end(lag))])
        finally:
            for number in handled:
                self._loop.remove_signal_handler(number)
            if guillotine is not None:
                guillotine.cancel()  # from here on `main` sees to it that the process ends
        _log.info("service_stopped", name=self._name, exit_code=self._code)
        return self._code

    def _listen_to_signals(self) -> tuple[signal.Signals, ...]:
        if threading.current_thread() is not threading.main_thread():
            return ()  # signals reach the main thread only
        for number in _SIGNALS:
            self._loop.add_signal_handler(number, self._on_signal, number)
        return _SIGNALS

    def _on_signal(self, number: signal.Signals) -> None:
        if self._deadline < float("inf") or self._stop.is_set():
            _log.warning("second_signal", signal=number.name)
            leave(EXIT_FORCED)
        _log.info("stop_requested", signal=number.name)
        self._stop.set()

    async def _run_loops(self, loops: Mapping[str, Loop]) -> None:
        _log.info("service_started", name=self._name, loops=sorted(loops))
        try:
            async with asyncio.TaskGroup() as group:
                for name, loop in loops.items():
                    group.create_task(self._guard(name, loop), name=name)
        finally:
            self._stop.set()

    async def _guard(self, name: str, loop: Loop) -> None:
        """Run one loop; its failure asks the others to drain instead of tearing them away."""
        metrics.RUNTIME_LOOPS_RUNNING.inc()
        try:
            await loop(self._stop)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # A library let its own cancellation out (RELIABILITY 0, finding 6): nobody asked us.
            if not self._stop.is_set():
                self._crashed(name, error)
        except Exception as error:  # noqa: BLE001  (whatever it is, the others must drain)
            self._crashed(name, error)
        else:
            if not self._stop.is_set():
                self._crashed(name, RuntimeError("ended by itself"))
        finally:
            metrics.RUNTIME_LOOPS_RUNNING.dec()

    def _crashed(self, name: str, error: BaseException) -> None:
        metrics.RUNTIME_LOOP_CRASHES_TOTAL.labels(name, type(error).__name__).inc()
        _log.error("loop_crashed", loop=name, error=error, exc_info=error)
        self._code = EXIT_CRASHED
        self._stop.set()

    def _arm_guillotine(self) -> threading.Timer:
        """Ends the process at the latest moment, even if the event loop hangs."""
        budget = self._drain_s + _UNWIND_S + _CLOSING_S
        self._deadline = self._loop.time() + budget
        timer = threading.Timer(budget, leave, args=(EXIT_DRAIN_DEADLINE,))
        timer.daemon = True
        timer.start()
        return timer

    async def _drain(self, group: asyncio.Task[None]) -> None:
        await asyncio.wait({group}, timeout=self._drain_s)
        if not group.done():
            _log.error("drain_deadline_exceeded", drain_seconds=self._drain_s)
            self._code = self._code or EXIT_DRAIN_DEADLINE
            group.cancel()
            await asyncio.wait({group}, timeout=_UNWIND_S)
        if group.done() and not group.cancelled() and (error := group.exception()):
            _log.error("loops_ended_badly", error=error, exc_info=error)
            self._code = self._code or EXIT_CRASHED

    async def _close(self, steps: Sequence[ClosingStep]) -> None:
        for position, (name, step) in enumerate(steps):
            left = self._deadline - self._loop.time() - 0.1
            budget = max(_LEAST_STEP_S, min(_STEP_S, left / (len(steps) - position)))
            task = asyncio.ensure_future(_call(step))
            await asyncio.wait({task}, timeout=budget)
            problem = _problem_of(task)
            if problem:
                task.cancel()
                metrics.RUNTIME_CLOSING_FAILURES_TOTAL.labels(name).inc()
                _log.warning("closing_step_failed", step=name, problem=problem)


async def _call(step: Callable[[], Awaitable[None]]) -> None:
    await step()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _problem_of(task: asyncio.Future[None]) -> str | None:
    """Why a closing step did not succeed. A step that leaks CancelledError stops nobody."""
    if not task.done():
        return "overran its budget"
    if task.cancelled():
        return "cancelled itself"
    error = task.exception()
    return type(error).__name__ if error else None


def leave(code: int) -> None:
    """End the process now, without asking anybody; only the output is flushed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)
