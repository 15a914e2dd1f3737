"""What every network looks like to a dispatch, and which channel serves which network.

The process border of the house: a channel never raises for what the network does, it says what is
known. A network's own protocol lives in libs/platforms (HOUSE section 1).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from common.errors import InvalidInputError
from responder.domain.channels import Capabilities
from responder.domain.content import Content
from responder.domain.dispatches import Dispatch, Frozen, Outcome
from responder.domain.read_back import Post
from responder.domain.words import Audience

ANY_NETWORK = "*"


class ThreadUnreadableError(Exception):
    """The thread could not be read now; nothing follows from it for the dispatch."""


class Finding(enum.Enum):
    """Is the reply on the network?"""

    PRESENT = "present"
    ABSENT = "absent"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Found:
    """What a look for a reply brought; `platform_id` comes with PRESENT."""

    finding: Finding
    platform_id: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Who sees a published reply; `visibility` is None where nobody could tell."""

    reach: str
    visibility: Audience | None


class Channel(Protocol):
    """One network, or a stand-in for several."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def prepare(self, dispatch: Dispatch) -> Frozen | Outcome:
        """What will be sent, or why nothing will (REFUSED or HELD_OFF). Publishes nothing."""
        ...

    async def send(self, frozen: Frozen, *, account: str) -> Outcome:
        """Try to publish once; returns within the channel's time limit and never raises for the
        network's sake. SENT and REFUSED are said only when the answer proves them."""
        ...

    async def find(self, frozen: Frozen, *, account: str) -> Found:
        """Look for exactly this reply, where the network knows our own ids."""
        ...

    async def observe(self, frozen: Frozen, platform_id: str, *, account: str) -> Seen:
        """Who sees what was published; returns soon."""
        ...

    async def read_thread(self, content: Content) -> Sequence[Post]:
        """The posts that answer what `content` answers. Raises ThreadUnreadableError."""
        ...

    async def aclose(self) -> None: ...


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

    def repeatable(self) -> Sequence[str]:
        """The networks on which an attempt of unclear outcome may be made again."""
        return [can.network for can in self.all() if can.repeats_are_harmless]

    async def aclose(self) -> None:
        """Close what is open."""
        for channel in self._by_network.values():
            await channel.aclose()
