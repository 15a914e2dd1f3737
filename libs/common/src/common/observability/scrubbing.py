"""The last line of defence against personal data and secrets in logs (SEC6, RELIABILITY 9.7).

Three rules, so that a careless log call stays harmless: a key that names content or a secret loses
its value; free text is shown only under the few keys of `TEXT_KEYS`, everywhere else a string must
look like an id, a name or a state; and whatever is shown loses mails, tokens and phone numbers.
An exception shows its text only if it is one of our own errors. What it cannot do: recognise the
name of a person in a text that our own code wrote. Texts of posts must not be logged at all.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any
from uuid import UUID

from common.errors import OmbudError

HIDDEN = "[hidden]"
_LONGEST = 500
_MOST_ITEMS = 20

# Keys under which a sentence may stand; what stands there is still scrubbed.
TEXT_KEYS = frozenset(
    {
        "event",
        "message",
        "error",
        "hint",
        "exception",
        "reason",
        "problem",
        "address",
        "help",
        "team",
        "rule",
    }
)
_FORBIDDEN = re.compile(
    r"(^|_)(text|body|payload|content|authorization|cookie|cookies|token|tokens|secret|secrets|"
    r"password|passphrase|credential|credentials|api_key|private_key|signature|email|mail|phone|"
    r"handle|author|authors|display_name|full_name|native_id|summary|evidence|query_string)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[\w.:/\-|+@#=,~*\[\]<>{}]{1,200}", re.ASCII)
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_SECRETS = re.compile(
    r"(?P<keep>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\d\-/])"
    rf"|(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.]))"
    r"|(?P<url_login>(?<=://)[^\s/@]+@)"
    r"|(?P<mail>[^\s<>\"'@,;:|=]+@[^\s<>\"'@,;|=]+)"
    r"|(?P<bearer>\b(?:bearer|basic)\s+\S+)"
    r"|(?P<phone>(?<!\w)(?:\+|\(?0|\(?\d)[\d\s()./\-]{5,}\d)"
    r"|(?P<token>[A-Za-z0-9_+=\-]{20,}(?:\.[A-Za-z0-9_+=\-]*)*)",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?:[A-Z]{1,5}|[A-Z]?[a-z]{1,24}){1,6}\d{0,4}|\d{1,6}")
# Hashes and trace ids look like tokens; under these keys they are none.
_HASH_KEYS = frozenset({"trace_id", "content_hash", "hash", "error_hash", "root", "sha256"})
_HASH = re.compile(r"[0-9a-f]{16,64}")
_DATABASE_FACTS = ("sqlstate", "status_code")


def is_static_event(event: object) -> bool:
    """Whether it is a log event as the house wants it: one snake_case name."""
    return isinstance(event, str) and _SNAKE.fullmatch(event) is not None


def scrub_text(text: str) -> str:
    """The text without mails, tokens, phone numbers and log-ins; at most 500 characters."""
    cleaned = _SECRETS.sub(_replace, text.replace("\x00", ""))
    return cleaned if len(cleaned) <= _LONGEST else f"{cleaned[:_LONGEST]}..."


def scrub_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Every field as it may be shown. Keys that are no plain names are dropped."""
    return {key: scrub_value(key, value) for key, value in fields.items() if _PLAIN.fullmatch(key)}


def scrub_value(key: str, value: Any) -> Any:
    """What may be shown of `value` under `key`; always something JSON can hold."""
    if _FORBIDDEN.search(key):
        return HIDDEN
    if isinstance(value, enum.Enum):
        return scrub_value(key, value.value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _scrub_string(key, value)
    if isinstance(value, UUID | date | timedelta):
        return str(value)
    if isinstance(value, PurePath):
        return scrub_text(str(value))
    if isinstance(value, BaseException):
        return describe_error(value)
    if isinstance(value, Mapping):
        return {
            str(inner): scrub_value(str(inner), item)
            for inner, item in list(value.items())[:_MOST_ITEMS]
            if _PLAIN.fullmatch(str(inner)) and scrub_text(str(inner)) == str(inner)
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub_value(key, item) for item in list(value)[:_MOST_ITEMS]]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    return f"[{type(value).__name__}]"  # its repr may hold anything


def describe_error(error: BaseException) -> str:
    """Name of the error; its text only where the text is ours or cannot hold anybody's data.

    Errors of libraries quote what they choked on (a row, a field), which may be a person's words.
    """
    name = type(error).__name__
    if isinstance(error, OmbudError):
        text = scrub_text(str(error))
    elif isinstance(error, OSError) and error.strerror:
        text = scrub_text(error.strerror)
    elif isinstance(error, ImportError | NameError | NotImplementedError):
        text = scrub_text(str(error))
    elif isinstance(error, BaseExceptionGroup):
        text = ", ".join(describe_error(inner) for inner in error.exceptions[:5])
    else:
        text = " ".join(_facts(error))
    return f"{name}: {text}" if text else name


def _facts(error: BaseException) -> list[str]:
    """Codes that an error of a library carries, on itself or on the error it wraps."""
    found = []
    inner = getattr(error, "orig", None)
    if isinstance(inner, BaseException):
        found.append(type(inner.__cause__ or inner).__name__)
    for holder in (error, inner):
        for attribute in _DATABASE_FACTS:
            value = getattr(holder, attribute, None)
            if isinstance(value, int | str) and _PLAIN.fullmatch(str(value)):
                found.append(f"{attribute}={value}")
    return found


def _scrub_string(key: str, value: str) -> str:
    if key in _HASH_KEYS and _HASH.fullmatch(value):
        return value
    if key in TEXT_KEYS or _PLAIN.fullmatch(value):
        return scrub_text(value)
    return HIDDEN


def _replace(match: re.Match[str]) -> str:
    found = match.group(0)
    if match["keep"]:
        return found
    if match["url_login"]:
        return f"{HIDDEN}@"
    if match["phone"] and sum(character.isdigit() for character in found) < 7:
        return found
    if match["token"] and all(
        _WORD.fullmatch(piece) for piece in re.split(r"[_\-.=+]", found) if piece
    ):
        return found
    return HIDDEN
