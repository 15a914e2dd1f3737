"""`python -m responder {run,api,worker,dispatcher,relay,migrate}`; `run` is all in one process."""

from __future__ import annotations

from common.runtime.service import main
from responder.bootstrap import migrate, start


async def run() -> int:
    """Everything in one process."""
    responder = start()
    loops = {
        "consumer": responder.consumer_loop(),
        "relay": responder.relay_loop(),
        "timers": responder.timer_loop(),
    }
    return await responder.run({**loops, **responder.sending_loops(), "api": responder.api_loop()})


async def api() -> int:
    """Only the HTTP API."""
    responder = start()
    return await responder.run({"api": responder.api_loop()})


async def worker() -> int:
    """Consume events, ring timers, send replies, settle unknown outcomes."""
    responder = start()
    loops = {
        "consumer": responder.consumer_loop(),
        "timers": responder.timer_loop(),
        **responder.sending_loops(),
    }
    return await responder.run({**loops, "api": responder.api_loop()})


async def dispatcher() -> int:
    """Only send replies and settle unknown outcomes; needs no Kafka."""
    responder = start()
    return await responder.run(responder.sending_loops())


async def relay() -> int:
    """Only publish the outbox."""
    responder = start()
    return await responder.run({"relay": responder.relay_loop()})


if __name__ == "__main__":
    main(
        {
            "run": run,
            "api": api,
            "worker": worker,
            "dispatcher": dispatcher,
            "relay": relay,
            "migrate": migrate,
        }
    )
