"""The dead letter as a message: the original key and bytes, and headers that say where and why.

The headers hold no personal data: of an error only its class and a hash of the place in our code
where it arose, never its text (RELIABILITY 9.3).
"""

from __future__ import annotations

import hashlib
import traceback
from datetime import datetime
from importlib import metadata

from common.events.envelope import Message
from common.events.topics import dead_letter_topic
from common.ids import derived_id
from common.kafka.port import Record

ABSENT = "absent"
_DISTRIBUTION = "ombud-common"


def dead_letter(
    record: Record,
    *,
    consumer: str,
    error: BaseException,
    attempts: int,
    first_failed_at: datetime,
) -> Message:
    """The message for `<topic>.<consumer>.dlq`; the same record always gets the same event id.

    A record without key or body gets an empty one and says so in `x-origin-key: absent` or
    `x-origin-value: absent`. Original headers that are no text are escaped with backslashes; the
    mirror table keeps them exactly.
    """
    headers = {name: _text(value) for name, value in record.headers}
    headers |= {
        "x-error-class": type(error).__name__,
        "x-error-hash": error_hash(error),
        "x-attempts": str(attempts),
        "x-origin-topic": record.topic,
        "x-origin-partition": str(record.partition),
        "x-origin-offset": str(record.offset),
        "x-first-failed-at": first_failed_at.isoformat(),
        "x-service-version": service_version(),
    }
    if record.key is None:
        headers["x-origin-key"] = ABSENT
    if record.value is None:
        headers["x-origin-value"] = ABSENT
    return Message(
        topic=dead_letter_topic(record.topic, consumer),
        key=(record.key or b"").decode("utf-8", "surrogateescape"),
        event_id=derived_id("dead-letter", consumer, record.topic, record.partition, record.offset),
        type=headers.get("ce_type", "unknown"),
        payload=record.value or b"",
        headers=headers,
    )


def error_hash(error: BaseException) -> str:
    """Groups errors of one cause: class and the innermost places in code, never the message."""
    places = traceback.extract_tb(error.__traceback__)[-3:]
    cause = "|".join(f"{place.name}:{place.lineno}" for place in places)
    return hashlib.sha256(f"{type(error).__qualname__}|{cause}".encode()).hexdigest()[:16]


def service_version() -> str:
    """The version of the code that failed."""
    return metadata.version(_DISTRIBUTION)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
