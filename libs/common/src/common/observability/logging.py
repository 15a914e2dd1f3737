"""One way of logging for everything: our own code, uvicorn, aiokafka, asyncio.

A line is an event: a static snake_case name, data in keywords, as JSON or for the console. Every
line passes the scrubbing of `scrubbing.py`. Messages of libraries become the event
`library_message`. Tracebacks name types, files and lines, never local variables.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from common.observability.scrubbing import (
    describe_error,
    is_static_event,
    scrub_fields,
    scrub_text,
    scrub_value,
)
from common.settings import LogSettings

# Talkative libraries: what they say below WARNING is of no use in a running house.
_QUIET = ("aiokafka", "kafka", "httpx", "httpcore", "sqlalchemy", "alembic", "asyncio", "urllib3")
_MOST_FRAMES = 30
_MOST_LINKS = 5


def configure(settings: LogSettings, service: str) -> None:
    """Send every log line of the process to stderr in the chosen form. May be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _name_foreign_message],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _Scrubber(service),
                *_renderers(settings.log_format),
            ],
            use_get_message=False,
            pass_foreign_args=True,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(logging.WARNING)
    # Its lines hold paths with query strings; common.web writes the access log itself.
    logging.getLogger("uvicorn.access").disabled = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def get_logger(name: str | None = None) -> structlog.stdlib.BoundLogger:
    """A logger: `log.info("case_opened", case_id=..., team=...)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name or "ombud")
    return logger


class _Scrubber:
    """Makes a line safe to show: the only place all lines pass."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        event = line.pop("event", "")
        known = {key: line.pop(key) for key in ("timestamp", "level", "logger") if key in line}
        problem = _error_of(line.pop("exc_info", None))
        stack = line.pop("stack", None)
        line.pop("positional_args", None)
        if not is_static_event(event):
            # A sentence instead of a name: shown, cleaned, but never as the event.
            line.setdefault("message", str(event))
            event = "library_message"
        safe: dict[str, Any] = {**known, "service": self._service, "event": event}
        safe |= scrub_fields(line)
        if problem is not None:
            safe["exception"] = _render_chain(problem)
        elif stack:
            safe["stack"] = scrub_text(str(stack))
        return safe


def _name_foreign_message(
    _logger: WrappedLogger, _method: str, line: EventDict
) -> MutableMapping[str, Any]:
    """A library's sentence with its arguments cleaned one by one, before they are put in.

    asyncio appends reprs of futures, which quote exceptions: only its first line is kept.
    """
    record: logging.LogRecord = line["_record"]
    template = str(record.msg).split("\n", 1)[0]
    arguments: Any = line.pop("positional_args", None)
    try:
        if isinstance(arguments, Mapping):
            text = template % {key: scrub_value(key, item) for key, item in arguments.items()}
        elif arguments:
            text = template % tuple(_argument(item) for item in arguments)
        else:
            text = template
    except (TypeError, ValueError, KeyError):
        text = template
    line["event"] = "library_message"
    line["message"] = text
    if record.exc_info:
        line["exc_info"] = record.exc_info
    return line


def _argument(value: Any) -> Any:
    return value if isinstance(value, int | float) else scrub_value("argument", value)


def _error_of(exc_info: ExcInfo | BaseException | bool | None) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info else None


def _render_chain(error: BaseException) -> list[str]:
    """The error and what led to it, newest first; each with `file:line function` frames."""
    lines: list[str] = []
    link: BaseException | None = error
    for _ in range(_MOST_LINKS):
        if link is None:
            break
        lines.append(describe_error(link))
        lines += [
            f"  {_short(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(link.__traceback__)[-_MOST_FRAMES:]
        ]
        if isinstance(link, BaseExceptionGroup):
            for inner in link.exceptions[:_MOST_LINKS]:
                lines += [f"  | {line}" for line in _render_chain(inner)]
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return lines


def _short(path: str) -> str:
    """The path from the package on: shorter, and silent about the machine."""
    for marker in ("site-packages/", "/src/", "/lib/python3.11/"):
        if marker in path:
            return path.rpartition(marker)[2]
    return path.rpartition("/")[2]


def _renderers(log_format: str) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer(serializer=_to_json)]
    return [_lines_of_exception, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _lines_of_exception(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    if isinstance(line.get("exception"), list):
        line["exception"] = "\n".join(line["exception"])
    return line


def _to_json(line: Any, **_: Any) -> str:
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
