"""What people read: a line for every event, persons masked by the catalogue."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from audit_builders import life_of, mention

from audit.domain.filing import NOWHERE, Filing
from audit.domain.masking import masked
from audit.domain.reading import readable
from audit.domain.wording import line_of
from audit.handlers.read_filing import read_body, read_filing
from common.events.catalog import CATALOG

CASE = UUID(int=5)


@pytest.mark.parametrize("type_", sorted(CATALOG))
def test_every_event_of_the_catalogue_has_a_line_of_its_own(type_: str) -> None:
    assert line_of(type_, {}) != line_of("x." + type_, {})


@pytest.mark.parametrize("type_", sorted(CATALOG))
def test_every_personal_path_of_the_catalogue_exists_in_its_event(type_: str) -> None:
    for path in CATALOG[type_].personal:
        shape: Any = CATALOG[type_].data
        for name in path.split("."):
            fields = {field.name: field.type for field in msgspec.structs.fields(shape)}
            assert name in fields, f"{type_}: {path}"
            shape = fields[name]


def test_persons_are_masked_and_the_rest_is_not() -> None:
    received, _, opened, claimed = life_of(mention(), CASE)
    for event in (received, opened, claimed):
        who, what, data = readable(
            read_body(event.value), event.head.type, masks=CATALOG[event.head.type].personal
        )
        text = json.dumps([who, what, data])
        assert "arla" not in text
        assert "springt" not in text
        assert "Mia" not in text
    assert data["case_id"] == str(CASE)


def test_who_and_what_are_said() -> None:
    claimed = life_of(mention(), CASE)[3]
    who, what, _ = readable(read_body(claimed.value), claimed.head.type, masks=())
    assert who == "Mia Sommer"
    assert what == "Case claimed until 2026-11-20T08:40:00Z"


def test_a_type_that_nobody_knows_is_shown_and_masked_whole() -> None:
    who, what, data = readable({"secret": 1}, "shop.order_item.shipped.v3", masks=None)
    assert (who, what, data) == (None, "shop order item shipped", "***")


def test_masks_reach_into_lists_and_leave_null() -> None:
    body = {"people": [{"name": "a", "age": 1}, {"name": None}], "actor": None}
    assert masked(body, ["people.name", "actor", "not.there"]) == {
        "people": [{"name": "***", "age": 1}, {"name": None}],
        "actor": None,
    }


def test_filings_are_read_by_name() -> None:
    received, _, opened, claimed = life_of(mention(), CASE)
    assert read_filing(received.value) == Filing(None, mention().mention_id, None)
    assert read_filing(opened.value) == Filing(CASE, mention().mention_id, None)
    assert read_filing(claimed.value) == Filing(CASE, None, "dev|mia")


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"\xff", b'{"case_id": "no id"}', b"[" * 9999, b'{"actor": 3}']
)
def test_a_strange_body_is_filed_nowhere(body: bytes) -> None:
    assert read_filing(body) == NOWHERE


@pytest.mark.parametrize("actor", ["", "a\\u0000b"])
def test_an_actor_that_the_database_could_not_hold_is_left_out(actor: str) -> None:
    assert read_filing(f'{{"actor": {{"id": "{actor}"}}}}'.encode()) == NOWHERE
