"""What every network looks like to a dispatch, and which channel serves which network.

The process border of the house: a channel never raises for what the network does, it says what is
known. A network's own protocol lives in libs/platforms (HOUSE section 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from common.errors import InvalidInputError
from responder.domain.channels import Capabilities
from responder.domain.content import Content
from responder.domain.dispatches import Outcome
from responder.domain.read_back import Post

ANY_NETWORK = "*"


class ThreadUnreadableError(Exception):
    """The thread could not be read now; nothing follows from it for the dispatch."""


class Channel(Protocol):
    """One network, or a stand-in for several."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def send(self, content: Content, *, idempotency_key: str) -> Outcome:
        """Try to publish once; returns within the channel's time limit and never raises for the
        network's sake. SENT and REFUSED are said only when the answer proves them."""
        ...

    async def read_thread(self, content: Content) -> Sequence[Post]:
        """The posts that answer what `content` answers. Raises ThreadUnreadableError."""
        ...


class Channels:
    """The channels of this deployment by network; `*` stands in for networks not named."""

    def __init__(self, by_network: Mapping[str, Channel]) -> None:
        self._by_network = dict(by_network)

    def find(self, network: str) -> Channel | None:
        """The channel that serves the network, if any does."""
        return self._by_network.get(network) or self._by_network.get(ANY_NETWORK)

    def require(self, network: str) -> Channel:
        """The same; raises InvalidInputError `no_channel`."""
        if (channel := self.find(network)) is None:
            raise InvalidInputError(f"no channel is set up for {network}", code="no_channel")
        return channel

    def all(self) -> Sequence[Capabilities]:
        """What each channel can do (S14), in order of network."""
        return [channel.capabilities for _, channel in sorted(self._by_network.items())]
