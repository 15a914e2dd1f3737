"""Adapters from what operators wrote down: one channel per network, one adapter per account.

Secrets go from here into the adapters and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from common.settings import BlueskyLink, Link, MailLink, PlainLink, WebhookLink
from platforms import lengths
from platforms.adapter import Adapter, Audience, ReadBack, Unit
from platforms.bluesky.adapter import BlueskyAdapter
from platforms.bluesky.session import Session
from platforms.mail.adapter import MailAdapter
from platforms.mail.mailbox import ImapServer, Mailbox
from platforms.mail.smtp import SmtpServer
from platforms.simulator.client import SimulatorAdapter
from platforms.webhook.adapter import WebhookAdapter
from responder.domain.circuits import Pace
from responder.gateways.adapted import AdaptedChannel


def open_channels(
    links: Sequence[Link], *, timeout: timedelta, proxy: str | None = None
) -> dict[str, AdaptedChannel]:
    """The channels by network. Raises ConfigurationError without a secret. Connects nowhere."""
    accounts: dict[str, dict[str, Adapter]] = {}
    for link in links:
        adapter = _adapter(link, timeout, proxy)
        accounts.setdefault(link.network, {}).update(dict.fromkeys(_accounts(link), adapter))
    return {network: AdaptedChannel(network, ours) for network, ours in accounts.items()}


def paces_of(links: Sequence[Link]) -> Mapping[tuple[str, str], Pace]:
    """How fast each account may be, where the operator says so."""
    return {
        (link.network, account): Pace(link.per_minute, link.burst)
        for link in links
        if link.per_minute is not None
        for account in _accounts(link)
    }


def _accounts(link: Link) -> Sequence[str]:
    return (link.account,) if isinstance(link, BlueskyLink | MailLink) else link.accounts


def _adapter(link: Link, timeout: timedelta, proxy: str | None) -> Adapter:
    match link:
        case BlueskyLink():
            password = link.secret.read().get_secret_value()
            session = Session(
                str(link.url), link.account, password=password, timeout=timeout, proxy=proxy
            )
            return BlueskyAdapter(session)
        case MailLink():
            return _mail(link, timeout)
        case WebhookLink():
            return WebhookAdapter(
                str(link.url),
                [secret.read().get_secret_value() for secret in link.secrets],
                audiences=frozenset(Audience(word) for word in link.audiences),
                max_length=link.max_length,
                timeout=timeout,
                proxy=proxy,
            )
        case PlainLink():
            return SimulatorAdapter(
                str(link.url),
                limit=lengths.limit(Unit(link.counting), link.max_length),
                audiences=frozenset(Audience(word) for word in link.audiences),
                read_back=ReadBack(link.read_back),
                timeout=timeout,
                proxy=proxy,
            )


def _mail(link: MailLink, timeout: timedelta) -> MailAdapter:
    password = link.secret.read().get_secret_value()
    username = link.username or link.account
    server = SmtpServer(
        host=link.smtp.host,
        port=link.smtp.port,
        security=link.smtp.security,
        username=username if link.smtp.login else None,
        password=password if link.smtp.login else None,
        timeout=timeout,
    )
    archive = None
    if link.imap is not None:
        archive = Mailbox(
            ImapServer(
                host=link.imap.host,
                port=link.imap.port,
                security=link.imap.security,
                username=username,
                password=password,
                folder=link.imap.folder,
                timeout=timeout,
            )
        )
    return MailAdapter(
        server,
        sender_name=link.sender_name,
        archive=archive,
        settles_within=timedelta(seconds=link.settles_s),
    )
