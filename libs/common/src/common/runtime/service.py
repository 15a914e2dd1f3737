"""The front door of this room: what `bootstrap.py` and `__main__.py` of every service use."""

from common.runtime.command_line import Part, main
from common.runtime.life import (
    EXIT_CONFIGURATION,
    EXIT_CRASHED,
    EXIT_DRAIN_DEADLINE,
    EXIT_FORCED,
    EXIT_OK,
    ClosingStep,
    Loop,
    run_service,
)

__all__ = [
    "EXIT_CONFIGURATION",
    "EXIT_CRASHED",
    "EXIT_DRAIN_DEADLINE",
    "EXIT_FORCED",
    "EXIT_OK",
    "ClosingStep",
    "Loop",
    "Part",
    "main",
    "run_service",
]
