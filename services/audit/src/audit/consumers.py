"""The input side of audit: every event of every topic goes into the history."""

from __future__ import annotations

from audit.handlers.append_entries import append_entries
from common.inbox.handling import RawHandler

EVERYTHING: RawHandler = append_entries
