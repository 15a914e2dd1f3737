"""OMBUD_CHANNELS: one list for reading and sending; secrets are named, and never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from common.errors import ConfigurationError
from common.settings import BlueskyLink, LinkSettings, MailLink, PlainLink, SecretRef, WebhookLink

PLAIN: dict[str, Any] = {
    "network": "mastodon",
    "url": "https://social.example",
    "accounts": ["motorrad_ag"],
}
BLUESKY = {"kind": "bluesky", "account": "motorrad.example", "secret": {"env": "APP_PASSWORD"}}
MAIL = {
    "kind": "mail",
    "account": "service@motorrad.example",
    "smtp": {"host": "smtp.example"},
    "secret": {"env": "APP_PASSWORD"},
}
WEBHOOK = {
    **PLAIN,
    "kind": "webhook",
    "network": "forum",
    "secrets": [{"env": "APP_PASSWORD"}],
}


def test_every_kind_is_read_and_an_entry_without_one_is_plain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMBUD_CHANNELS", json.dumps([PLAIN, BLUESKY, MAIL, WEBHOOK]))
    kinds = [type(link) for link in LinkSettings().channels]
    assert kinds == [PlainLink, BlueskyLink, MailLink, WebhookLink]


@pytest.mark.parametrize(
    "entry",
    [
        {**PLAIN, "kind": "fax"},
        {**BLUESKY, "password": "in the open"},
        {**BLUESKY, "secret": {"env": "A", "file": "b"}},
        {**BLUESKY, "secret": "in the open"},
        {**MAIL, "account": "no address"},
        {**WEBHOOK, "secrets": []},
    ],
)
def test_what_means_nothing_ends_the_start(
    entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMBUD_CHANNELS", json.dumps([entry]))
    with pytest.raises(ValidationError) as told:
        LinkSettings()
    assert "in the open" not in str(told.value)


def test_a_secret_comes_from_where_it_was_said_to_lie(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("APP_PASSWORD", "geheim-1")
    (tmp_path / "password").write_text("geheim-2\n")
    in_environment = SecretRef(env="APP_PASSWORD").read()
    in_file = SecretRef(file=tmp_path / "password").read()
    assert in_environment.get_secret_value() == "geheim-1"
    assert in_file.get_secret_value() == "geheim-2"
    monkeypatch.setenv("OMBUD_CHANNELS", json.dumps([BLUESKY]))
    shown = repr(LinkSettings()) + repr(in_environment) + repr(in_file)
    assert "geheim" not in shown


@pytest.mark.parametrize("where", [{"env": "NOT_SET"}, {"file": "/nowhere/at/all"}])
def test_a_missing_secret_names_its_place(where: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"NOT_SET|/nowhere/at/all"):
        SecretRef.model_validate(where).read()
