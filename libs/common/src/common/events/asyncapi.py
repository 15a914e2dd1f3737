"""Writes what the catalogue says for others to read: AsyncAPI, JSON schemas, docs/events.md.

    python -m common.events.asyncapi            write the generated files
    python -m common.events.asyncapi --check    exit 1 if one of them is stale

A schema that would break consumers is refused: it needs a new version of the event.

The output depends on the catalogue alone, so that a stale file shows as a difference.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from common.events.catalog import CATALOG, SERVICES, EventSpec, all_topics, consumed_topics
from common.events.compatibility import breaking_changes
from common.events.topics import TOPICS, Topic

HEADERS: Mapping[str, Any] = {
    "type": "object",
    "required": [
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_subject",
        "ce_time",
        "ce_correlationid",
        "content-type",
    ],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string"},
        "ce_subject": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_dataschema": {"type": "string"},
        "ce_correlationid": {"type": "string", "format": "uuid"},
        "ce_causationid": {"type": "string", "format": "uuid"},
        "traceparent": {"type": "string"},
        "content-type": {"type": "string", "const": "application/json"},
    },
}


def schema_of(spec: EventSpec) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's body, self-contained under `$defs`."""
    schema = msgspec.json.schema(spec.data, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": spec.type,
        **schema,
    }


def asyncapi_document() -> dict[str, Any]:
    """The whole pipeline as an AsyncAPI 3.0 document."""
    messages, schemas = {}, {}
    for spec in CATALOG.values():
        (_, parts) = msgspec.json.schema_components(
            [spec.data], ref_template="#/components/schemas/{name}"
        )
        schemas.update(parts)
        messages[_name(spec)] = _message(spec)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ombud events",
            "version": "1",
            "description": "Generated from common.events.catalog; CloudEvents 1.0 binary mode.",
        },
        "defaultContentType": "application/json",
        "channels": {_identifier(topic.name): _channel(topic) for topic in TOPICS},
        "operations": _operations(),
        "components": {
            "messages": dict(sorted(messages.items())),
            "schemas": {name: schemas[name] for name in sorted(schemas)},
        },
    }


def _name(spec: EventSpec) -> str:
    return _identifier(spec.type)


def _identifier(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text)


def _message(spec: EventSpec) -> dict[str, Any]:
    return {
        "name": spec.type,
        "summary": _first_line(spec.data.__doc__),
        "contentType": "application/json",
        "headers": dict(HEADERS),
        "payload": {"$ref": f"#/components/schemas/{spec.data.__name__}"},
        "x-consumers": sorted(spec.consumers),
        "x-personal-data": list(spec.personal),
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"{topic.about}; key: conversation id",
        "messages": {
            _name(spec): {"$ref": f"#/components/messages/{_name(spec)}"}
            for spec in CATALOG.values()
            if spec.topic == topic
        },
        "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions}},
    }


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for service in SERVICES:
        for topic in TOPICS:
            if topic.owner == service:
                operations[f"{service}_publishes_{_identifier(topic.name)}"] = {
                    "action": "send",
                    "channel": {"$ref": f"#/channels/{_identifier(topic.name)}"},
                }
        for topic in consumed_topics(service):
            operations[f"{service}_consumes_{_identifier(topic.name)}"] = {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{_identifier(topic.name)}"},
                "messages": [
                    {"$ref": f"#/channels/{_identifier(topic.name)}/messages/{_name(spec)}"}
                    for spec in CATALOG.values()
                    if spec.topic == topic and service in spec.consumers
                ],
            }
    return operations


def events_page() -> str:
    """docs/events.md: the catalogue for people."""
    lines = [
        "# Events",
        "",
        "Generated from `common.events.catalog` by `make contracts`; do not edit.",
        "Every event is keyed by its conversation's id, so order per conversation holds on every",
        "topic. Bodies are JSON, envelopes are `ce_*` headers (CloudEvents 1.0, binary mode).",
        "",
    ]
    for topic in TOPICS:
        lines += [f"## {topic.name}", "", f"Published by **{topic.owner}**: {topic.about}.", ""]
        lines += ["| event | says | consumed by | personal data |", "|---|---|---|---|"]
        lines += [
            f"| [`{spec.type}`](../libs/common/contracts/schemas/{spec.type}.json) "
            f"| {_first_line(spec.data.__doc__)} | {', '.join(sorted(spec.consumers))} "
            f"| {', '.join(f'`{name}`' for name in spec.personal) or 'none'} |"
            for spec in CATALOG.values()
            if spec.topic == topic
        ]
        lines.append("")
    lines += ["## Topics", "", "| topic | owner | partitions | kept for |", "|---|---|---|---|"]
    lines += [
        f"| `{topic.name}` | {topic.owner} | {topic.partitions} | {topic.retention.days} days |"
        for topic in all_topics()
    ]
    return "\n".join(lines) + "\n"


def _first_line(doc: str | None) -> str:
    return " ".join((doc or "").strip().split("\n\n")[0].split())


def generated_files(root: Path) -> dict[Path, str]:
    """Every generated file with what it should contain; `root` is the project's folder."""
    contracts = root / "libs/common/contracts"
    files = {
        contracts / "asyncapi.yaml": yaml.safe_dump(
            asyncapi_document(), sort_keys=False, allow_unicode=True, width=100
        ),
        root / "docs/events.md": events_page(),
    }
    for spec in CATALOG.values():
        text = json.dumps(schema_of(spec), indent=2, ensure_ascii=False) + "\n"
        files[contracts / "schemas" / f"{spec.type}.json"] = text
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description="Generate contracts and docs/events.md.")
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    options = parser.parse_args()
    files = generated_files(options.root)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    broken = [
        f"{path.name}: {change}"
        for path in stale
        if path.suffix == ".json" and path.exists()
        for change in breaking_changes(json.loads(path.read_text()), json.loads(files[path]))
    ]
    if broken:
        print("This needs a new version of the event:", *broken, sep="\n  ", file=sys.stderr)
        return 2
    if not options.check:
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path])
    for path in stale:
        print(f"{'stale' if options.check else 'written'}: {path}")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
