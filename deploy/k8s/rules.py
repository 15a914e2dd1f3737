"""Our own rules for rendered objects: what schemas cannot know (RELIABILITY 5 and 9.9, PSS).

Each exception stands here with its reason; there is no other way to switch a rule off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from render import WORKLOADS, Document

ALLOWED_VOLUMES = {"configMap", "emptyDir", "secret", "projected", "persistentVolumeClaim"}
WRITABLE_ROOT = {
    "kafka": "the image writes its configuration beside its programs (local overlay only)",
}
SERVICES = {"ingest", "classifier", "router", "responder", "audit"}
# Documented in overlays/README.md, made by hand or by an operator.
SECRETS = (
    {f"ombud-{service}-database" for service in SERVICES}
    | {f"ombud-{service}" for service in SERVICES}
    | {"ombud-admin-database", "ombud-dev-tokens", "ombud-cluster-ca-cert", "ombud-channels"}
    | {"ombud-private-store"}
)


def broken_rules(documents: list[Document]) -> Iterator[str]:
    """One line per rule that an object breaks."""
    for document in documents:
        name = f"{document['kind']}/{document['metadata']['name']}"
        problems: list[str] = []
        if document["kind"] in WORKLOADS:
            problems += [*_pod(document), *_references(document, documents)]
        if document["kind"] == "Deployment" and document["metadata"]["name"] in SERVICES:
            problems += _service(document, documents)
        if document["kind"] in ("Service", "PodDisruptionBudget"):
            problems += _selects_nothing(document, documents)
        if document["kind"] == "Secret":
            problems.append("secrets are not kept in the repository")
        if document["kind"] == "Namespace":
            labels = document["metadata"].get("labels", {})
            if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
                problems.append("does not enforce the restricted profile")
        yield from (f"{name}: {problem}" for problem in problems)
    yield from _doors(documents)


def _pod(document: Document) -> Iterator[str]:
    pod = document["spec"]["template"]["spec"]
    security = pod.get("securityContext", {})
    if not security.get("runAsNonRoot") or not security.get("runAsUser"):
        yield "may run as root"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "no seccomp profile"
    if pod.get("automountServiceAccountToken") is not False:
        yield "gets a service account token"
    if any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
        yield "shares the host's namespaces"
    for volume in pod.get("volumes", ()):
        if not ALLOWED_VOLUMES & set(volume):
            yield f"volume {volume['name']} is of a forbidden type"
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        yield from (f"{container['name']}: {each}" for each in _container(container, document))


def _container(container: Document, document: Document) -> Iterator[str]:
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    if security.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "keeps capabilities"
    read_only = security.get("readOnlyRootFilesystem") is True
    if not read_only and container["name"] not in WRITABLE_ROOT:
        yield "may write to its root file system"
    resources = container.get("resources", {})
    if not {"cpu", "memory"} <= set(resources.get("requests", ())):
        yield "requests no cpu or memory"
    if "memory" not in resources.get("limits", ()):
        yield "has no limit on memory"
    tag = container["image"].rpartition("/")[2].partition(":")[2]
    if "@sha256:" not in container["image"] and tag in ("", "latest"):
        yield f"image without a version: {container['image']}"
    if document["kind"] != "Job" and "livenessProbe" not in container:
        yield "has no liveness probe"
    for variable in container.get("env", ()):
        secret = any(word in variable["name"] for word in ("PASSWORD", "SECRET", "DATABASE_URL"))
        if secret and "value" in variable:
            yield f"{variable['name']} is written in the open"


def _service(document: Document, documents: list[Document]) -> Iterator[str]:
    name = document["metadata"]["name"]
    pod = document["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for probe, path in (
        ("startupProbe", "/health/ready"),
        ("readinessProbe", "/health/ready"),
        ("livenessProbe", "/health/live"),
    ):
        if container.get(probe, {}).get("httpGet", {}).get("path") != path:
            yield f"{probe} does not ask {path}"
    if pod.get("terminationGracePeriodSeconds") != 60:
        yield "grace is not 60 s"
    if "preStop" not in container.get("lifecycle", {}):
        yield "does not wait for its endpoint to go"
    if not pod.get("topologySpreadConstraints"):
        yield "is not spread over hosts"
    if pod.get("serviceAccountName") != name:
        yield "has no service account of its own"
    wanted = document["spec"]["selector"]["matchLabels"]
    budgets = [each for each in documents if each["kind"] == "PodDisruptionBudget"]
    if not any(each["spec"]["selector"]["matchLabels"] == wanted for each in budgets):
        yield "has no disruption budget"
    if not wanted.items() <= document["spec"]["template"]["metadata"]["labels"].items():
        yield "does not select its own pods"


def _references(document: Document, documents: list[Document]) -> Iterator[str]:
    """Config maps, secrets and accounts that nobody makes."""
    maps = {each["metadata"]["name"] for each in documents if each["kind"] == "ConfigMap"}
    accounts = {each["metadata"]["name"] for each in documents if each["kind"] == "ServiceAccount"}
    pod = document["spec"]["template"]["spec"]
    account = pod.get("serviceAccountName")
    if account is not None and account not in accounts:
        yield f"service account {account} does not exist"
    for kind, name in _named(pod):
        if kind == "map" and name not in maps:
            yield f"config map {name} does not exist"
        if kind == "secret" and name not in SECRETS:
            yield f"secret {name} is not documented"


def _named(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("configMapRef", "configMapKeyRef", "configMap"):
                yield "map", item["name"]
            elif key in ("secretRef", "secretKeyRef"):
                yield "secret", item["name"]
            elif key == "secret":
                yield "secret", item["secretName"]
            else:
                yield from _named(item)


def _selects_nothing(document: Document, documents: list[Document]) -> Iterator[str]:
    selector = document["spec"]["selector"]
    selector = selector.get("matchLabels", selector)
    pods = [
        each["spec"]["template"]["metadata"]["labels"]
        for each in documents
        if each["kind"] in WORKLOADS
    ]
    if not any(selector.items() <= labels.items() for labels in pods):
        yield "selects no pod"


def _doors(documents: list[Document]) -> Iterator[str]:
    """Where there are network policies, the first one closes everything."""
    policies = [each["spec"] for each in documents if each["kind"] == "NetworkPolicy"]
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if policies and closed not in policies:
        yield "NetworkPolicy: nothing denies by default"
