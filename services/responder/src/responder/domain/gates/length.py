"""Too long for the channel: said while writing, not when sending (S14)."""

from __future__ import annotations

from collections.abc import Iterator

from responder.domain.gates.findings import Finding, Level
from responder.domain.gates.reply import Limit, Reply


def length(reply: Reply) -> Iterator[Finding]:
    """`length.channel` at what does not fit; the first limit that is exceeded is named."""
    for limit in reply.limits:
        counted = limit.count(reply.text)
        if counted > limit.most:
            yield Finding(
                rule="length.channel",
                level=Level.BLOCK,
                start=_fits(reply.text, limit),
                end=len(reply.text),
                message=f"{counted} {limit.unit} are more than the {limit.most} allowed here.",
                way_out="Shorten it, or answer in a linked pair of a public and a private reply.",
            )
            return


def _fits(text: str, limit: Limit) -> int:
    """How many code points fit: bisected, because counting is the channel's."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if limit.count(text[:middle]) <= limit.most else (low, middle - 1)
        )
    return low
