"""Mail servers by address: the scheme decides the protection, the secret is never repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.errors import ConfigurationError
from router.gateways.mail_servers import imap_server, smtp_server

SOON = timedelta(seconds=5)


def test_the_scheme_says_how_it_is_protected():
    server = smtp_server("smtps://mia:a%40b@mail.example", timeout=SOON)
    assert (server.host, server.port, server.security) == ("mail.example", 465, "tls")
    assert server.password == "a@b"
    assert smtp_server("smtp://mail.example", timeout=SOON).security == "starttls"
    assert smtp_server("smtp+plain://127.0.0.1:2525", timeout=SOON).port == 2525
    box = imap_server("imaps://mia:secret@mail.example/Answers", timeout=SOON)
    assert (box.folder, box.port, box.security) == ("Answers", 993, "tls")
    assert imap_server("imaps://mia:secret@mail.example", timeout=SOON).folder == "INBOX"


@pytest.mark.parametrize(
    "url",
    ["smtp+plain://mail.example", "http://mail.example", "smtps://", "smtps://mail.example:x"],
)
def test_an_address_that_is_none_is_refused_without_its_secret(url):
    with pytest.raises(ConfigurationError) as caught:
        smtp_server(url.replace("://", "://mia:geheim@"), timeout=SOON)
    assert "geheim" not in str(caught.value)


def test_a_mailbox_needs_a_user():
    with pytest.raises(ConfigurationError):
        imap_server("imaps://mail.example", timeout=SOON)
