"""The catalogue, looped over: nobody can add an event and forget its contract."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from common.events import asyncapi, codec
from common.events.catalog import CATALOG, SERVICES, all_topics, consumed_topics
from common.events.envelope import Message
from common.testing.contracts import (
    CONTRACTS,
    assert_satisfies_consumers,
    examples,
    least_message,
)

ROOT = Path(__file__).parents[4]
SPECS = list(CATALOG.values())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_every_event_has_an_example_and_a_least_message_per_consumer(spec):
    assert list(examples(spec.type)), f"no example of {spec.type}"
    for consumer in spec.consumers:
        assert consumer in SERVICES
        assert least_message(consumer, spec.type) is not None


@pytest.mark.parametrize("example", list(examples()), ids=lambda e: f"{e.type}/{e.path.stem}")
def test_every_example_ever_committed_decodes_and_satisfies_its_consumers(example):
    event = codec.decode(codec.read_head(example.headers), example.key, example.value)
    again = codec.encode(event)
    assert codec.decode(codec.read_head(example.headers), example.key, again.payload) == event
    assert_satisfies_consumers(
        Message(
            topic=event.spec.topic.name,
            key=event.key,
            event_id=event.id,
            type=event.type,
            payload=example.value,
        )
    )


@pytest.mark.parametrize("example", list(examples()), ids=lambda e: f"{e.type}/{e.path.stem}")
def test_every_example_fits_the_published_schema(example):
    schema = json.loads((CONTRACTS / "schemas" / f"{example.type}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(example.value))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_the_least_message_of_a_decoding_consumer_decodes(spec):
    example = next(examples(spec.type))
    for consumer in spec.consumers - {"audit"}:  # audit keeps bytes and never decodes
        body = json.dumps(least_message(consumer, spec.type)).encode()
        codec.decode(codec.read_head(example.headers), example.key, body)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_personal_fields_exist_in_the_shape(spec):
    for path in spec.personal:
        assert any(_has(json.loads(example.value), path) for example in examples(spec.type)), (
            f"{spec.type}: no example with the field {path}"
        )


def _has(body, path):
    for part in path.split("."):
        if part not in body:
            return False
        body = body[part]
    return True


def test_a_message_without_a_needed_field_is_caught():
    example = next(examples("router.case.opened.v1"))
    body = json.loads(example.value)
    del body["mention"]["author"]
    message = Message(
        topic="cases.events",
        key=example.key.decode(),
        event_id=codec.read_head(example.headers).id,
        type=example.type,
        payload=json.dumps(body).encode(),
    )
    with pytest.raises(AssertionError, match=r"mention\.author is missing"):
        assert_satisfies_consumers(message)


def test_asyncapi_is_valid_and_the_generated_files_are_fresh():
    schema = json.loads((Path(__file__).parent / "vendor/asyncapi-3.0.0.json").read_text())
    document = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text())
    jsonschema.Draft7Validator(schema).validate(document)
    stale = [p for p, text in asyncapi.generated_files(ROOT).items() if p.read_text() != text]
    assert not stale, f"run `make contracts`: {stale}"


def test_no_contract_file_is_left_over_from_an_event_that_is_gone():
    for path in CONTRACTS.glob("schemas/*.json"):
        assert path.stem in CATALOG
    for path in CONTRACTS.glob("consumers/*/*.json"):
        assert path.parent.name in CATALOG[path.stem].consumers


def test_topics_belong_to_their_publisher_and_every_consumer_has_dead_letters():
    names = {topic.name for topic in all_topics()}
    for spec in SPECS:
        assert spec.topic.owner == spec.producer
    for service in SERVICES:
        for topic in consumed_topics(service):
            assert f"{topic.name}.{service}.dlq" in names
