"""Fixtures of the platforms' tests: far ends on loopback, each once per module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from common.testing.stack.errors import StackError
from platforms.testing.bluesky import Network, Size, open_network
from platforms.testing.mail import MailWorld, open_mail_world


@pytest.fixture(scope="module")
def light_bluesky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A server of accounts with real rate limits; the view of the network answers 502."""
    try:
        with open_network(tmp_path_factory.mktemp("bluesky"), Size.LIGHT, limited=True) as network:
            yield network
    except StackError as error:
        pytest.skip(f"no Bluesky here: {error}")


@pytest.fixture(scope="module")
def mail_world() -> Iterator[MailWorld]:
    """OpenSMTPD and Dovecot."""
    try:
        with open_mail_world() as world:
            yield world
    except StackError as error:
        pytest.skip(f"no mail servers here: {error}")
