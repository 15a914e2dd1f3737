"""A small kustomize, for machines without one: only what our own kustomizations use.

Known: resources, components, namespace, labels (with templates), configMapGenerator (literals,
merge; without hash), patches (strategic merge by file; target by kind, name and one label),
images, replicas. Anything else is an error, never ignored. `check.py` compares the result with
kubectl's wherever that is installed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition")
# By which field lists of objects are merged (patchMergeKey of the Kubernetes API).
MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "topologySpreadConstraints": "topologyKey",
}


class UnknownFeatureError(Exception):
    """A kustomization uses something that this renderer does not know."""


def render(folder: Path) -> list[Document]:
    """Every object that `kubectl kustomize folder` would print, in no particular order."""
    return _build(folder.resolve(), [])


def _build(folder: Path, received: list[Document]) -> list[Document]:
    """A component changes what it received; a kustomization starts from nothing."""
    spec = yaml.safe_load((folder / "kustomization.yaml").read_text())
    kind = spec.pop("kind")
    spec.pop("apiVersion")
    if not spec.pop("generatorOptions", {"disableNameSuffixHash": True})["disableNameSuffixHash"]:
        raise UnknownFeatureError(f"{folder}: names with a hash")
    documents = received if kind == "Component" else []
    for step in STEPS:
        if step in spec:
            documents = STEPS[step](documents, spec.pop(step), folder)
    if spec:
        raise UnknownFeatureError(f"{folder}: {sorted(spec)}")
    return documents


def _resources(documents: list[Document], names: list[str], folder: Path) -> list[Document]:
    for name in names:
        path = folder / name
        new = _build(path.resolve(), []) if path.is_dir() else _load(path)
        for document in new:
            if any(_id(document) == _id(other) for other in documents):
                raise ValueError(f"{path}: {_id(document)} twice")
            documents.append(document)
    return documents


def _components(documents: list[Document], names: list[str], folder: Path) -> list[Document]:
    for name in names:
        documents = _build((folder / name).resolve(), documents)
    return documents


def _config_maps(documents: list[Document], maps: list[Document], folder: Path) -> list[Document]:
    for spec in maps:
        data = dict(literal.split("=", 1) for literal in spec.pop("literals", []))
        name, behaviour = spec.pop("name"), spec.pop("behavior", "create")
        if spec or behaviour not in ("create", "merge"):
            raise UnknownFeatureError(f"{folder}: configMapGenerator {spec or behaviour}")
        if behaviour == "merge":
            (existing,) = [d for d in documents if _id(d) == ("ConfigMap", name)]
            existing["data"] |= data
        else:
            document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
            documents.append(document | {"data": data})
    return documents


def _patches(documents: list[Document], patches: list[Document], folder: Path) -> list[Document]:
    for spec in patches:
        target = spec.pop("target", None)
        changes = _load(folder / spec.pop("path"))
        if spec or (target and set(target) - {"kind", "name", "labelSelector"}):
            raise UnknownFeatureError(f"{folder}: patch {spec or target}")
        for change in changes:
            wanted = target or {"kind": change["kind"], "name": change["metadata"]["name"]}
            hit = [document for document in documents if _selected(document, wanted)]
            if not hit:
                raise ValueError(f"{folder}: nothing to patch: {wanted}")
            for document in hit:
                name = document["metadata"]["name"]
                merged = merge(document, change)
                merged["metadata"]["name"] = name
                document.clear()
                document.update(merged)
    return documents


def _selected(document: Document, target: Mapping[str, str]) -> bool:
    label, _, value = target.get("labelSelector", "").partition("=")
    labels = document["metadata"].get("labels", {})
    return (
        document["kind"] == target.get("kind", document["kind"])
        and document["metadata"]["name"] == target.get("name", document["metadata"]["name"])
        and (not label or labels.get(label) == value)
    )


def merge(old: Any, new: Any, key: str = "") -> Any:
    """Strategic merge: objects by field, lists of objects by their merge key, the rest replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        merged = dict(old)
        for name, value in new.items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = merge(old[name], value, name) if name in old else value
        return copy.deepcopy(merged)
    if isinstance(old, list) and isinstance(new, list) and key in MERGE_KEYS:
        by = MERGE_KEYS[key]
        merged_list = [copy.deepcopy(item) for item in old]
        fresh = []
        for item in new:
            places = [i for i, other in enumerate(merged_list) if other.get(by) == item.get(by)]
            if places:
                merged_list[places[0]] = merge(merged_list[places[0]], item)
            else:
                fresh.append(copy.deepcopy(item))
        return fresh + merged_list  # kustomize puts new items first
    return copy.deepcopy(new)


def _namespace(documents: list[Document], name: str, _: Path) -> list[Document]:
    for document in documents:
        if document["kind"] == "Namespace":
            document["metadata"]["name"] = name
        elif document["kind"] not in CLUSTER_WIDE:
            document["metadata"]["namespace"] = name
    return documents


def _labels(documents: list[Document], specs: list[Document], folder: Path) -> list[Document]:
    for spec in specs:
        if set(spec) - {"pairs", "includeTemplates"}:
            raise UnknownFeatureError(f"{folder}: labels {sorted(spec)}")
        for document in documents:
            places = [document["metadata"]]
            if spec.get("includeTemplates") and document["kind"] in WORKLOADS:
                places.append(document["spec"]["template"].setdefault("metadata", {}))
            for place in places:
                place["labels"] = place.get("labels", {}) | spec["pairs"]
    return documents


def _replicas(documents: list[Document], specs: list[Document], folder: Path) -> list[Document]:
    for spec in specs:
        hit = [
            document
            for document in documents
            if document["kind"] in ("Deployment", "StatefulSet")
            and document["metadata"]["name"] == spec["name"]
        ]
        if not hit:
            raise ValueError(f"{folder}: no replicas of {spec['name']}")
        for document in hit:
            document["spec"]["replicas"] = spec["count"]
    return documents


def _images(documents: list[Document], specs: list[Document], folder: Path) -> list[Document]:
    for spec in specs:
        if set(spec) - {"name", "newName", "newTag", "digest"}:
            raise UnknownFeatureError(f"{folder}: images {sorted(spec)}")
        for container in _containers(documents):
            name, _, tag = container["image"].partition(":")
            if name != spec["name"]:
                continue
            end = f"@{spec['digest']}" if "digest" in spec else f":{spec.get('newTag', tag)}"
            container["image"] = spec.get("newName", name) + end.rstrip(":")
    return documents


def _containers(documents: Iterable[Document]) -> list[Document]:
    pods = [d["spec"]["template"]["spec"] for d in documents if d["kind"] in WORKLOADS]
    return [c for pod in pods for c in (*pod.get("initContainers", ()), *pod["containers"])]


def _load(path: Path) -> list[Document]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def _id(document: Document) -> tuple[str, str]:
    return document["kind"], document["metadata"]["name"]


# In kustomize's own order: what it gathers first, then what it changes.
STEPS: Mapping[str, Callable[[list[Document], Any, Path], list[Document]]] = {
    "resources": _resources,
    "components": _components,
    "configMapGenerator": _config_maps,
    "patches": _patches,
    "namespace": _namespace,
    "labels": _labels,
    "replicas": _replicas,
    "images": _images,
}
