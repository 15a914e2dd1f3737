"""The Kubernetes check is seen failing: each rule and schema is broken once on purpose."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.events import topics
from common.events.catalog import SERVICES

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
sys.path.insert(0, str(K8S))

import check  # noqa: E402
import generate  # noqa: E402
import render  # noqa: E402
import rules  # noqa: E402

Objects = dict[str, Any]


@pytest.fixture(scope="module")
def production() -> list[Any]:
    return render.render(K8S / "overlays" / "production")


def container(objects: Objects) -> Any:
    return objects["Deployment/router"]["spec"]["template"]["spec"]["containers"][0]


def pod(objects: Objects) -> Any:
    return objects["Deployment/router"]["spec"]["template"]["spec"]


def env(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


BREACHES: dict[str, Callable[[Objects], Any]] = {
    "may run as root": lambda o: pod(o)["securityContext"].update(runAsNonRoot=False),
    "no seccomp profile": lambda o: pod(o)["securityContext"].pop("seccompProfile"),
    "gets a service account token": lambda o: pod(o).pop("automountServiceAccountToken"),
    "shares the host's namespaces": lambda o: pod(o).update(hostNetwork=True),
    "forbidden type": lambda o: pod(o)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    "may gain privileges": lambda o: container(o)["securityContext"].pop(
        "allowPrivilegeEscalation"
    ),
    "keeps capabilities": lambda o: container(o)["securityContext"].pop("capabilities"),
    "may write to its root": lambda o: container(o)["securityContext"].update(
        readOnlyRootFilesystem=False
    ),
    "requests no cpu": lambda o: container(o)["resources"]["requests"].pop("cpu"),
    "no limit on memory": lambda o: container(o)["resources"].pop("limits"),
    "image without a version": lambda o: container(o).update(image="ombud/router:latest"),
    "no liveness probe": lambda o: container(o).pop("livenessProbe"),
    "written in the open": lambda o: container(o)["env"].append(env("OMBUD_X_PASSWORD", "hunter2")),
    "does not ask /health/ready": lambda o: container(o)["readinessProbe"]["httpGet"].update(
        path="/"
    ),
    "grace is not 60 s": lambda o: pod(o).pop("terminationGracePeriodSeconds"),
    "does not wait": lambda o: container(o).pop("lifecycle"),
    "not spread": lambda o: pod(o).pop("topologySpreadConstraints"),
    "service account of its own": lambda o: pod(o).update(serviceAccountName="audit"),
    "no disruption budget": lambda o: o.pop("PodDisruptionBudget/router"),
    "selects no pod": lambda o: o["Service/router"]["spec"].update(selector={"a": "b"}),
    "does not exist": lambda o: container(o)["envFrom"].append({"configMapRef": {"name": "x"}}),
    "is not documented": lambda o: container(o)["envFrom"].append({"secretRef": {"name": "x"}}),
    "not kept in the repository": lambda o: o.update(
        {"Secret/x": {"kind": "Secret", "metadata": {"name": "x"}}}
    ),
    "restricted profile": lambda o: o["Namespace/ombud"]["metadata"].pop("labels"),
    "nothing denies by default": lambda o: o.pop("NetworkPolicy/default-deny"),
}


def broken(production: list[Any], breach: Callable[[Objects], Any]) -> list[Any]:
    objects = check.by_name(copy.deepcopy(production))
    breach(objects)
    return list(objects.values())


@pytest.mark.parametrize("message", BREACHES)
def test_each_rule_can_fail(production: list[Any], message: str) -> None:
    assert not list(rules.broken_rules(production))
    found = list(rules.broken_rules(broken(production, BREACHES[message])))
    assert any(message in problem for problem in found), found


SHAPES: dict[str, Callable[[Objects], Any]] = {
    "Deployment/router": lambda o: o["Deployment/router"]["spec"].update(replicas="3"),
    "Service/router": lambda o: o["Service/router"]["spec"].update(porst=[]),
    "KafkaTopic/mentions.raw": lambda o: o["KafkaTopic/mentions.raw"]["spec"].update(partition=1),
    "KafkaUser/ombud-audit": lambda o: o["KafkaUser/ombud-audit"]["spec"]["authorization"]["acls"][
        0
    ]["resource"].update(name="*"),
    "PodMonitor/ombud": lambda o: o["PodMonitor/ombud"]["spec"].pop("selector"),
    "PrometheusRule/ombud": lambda o: o["PrometheusRule/ombud"]["spec"]["groups"][0]["rules"][
        0
    ].pop("expr"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_kind_of_schema_can_fail(production: list[Any], name: str) -> None:
    (wanted,) = [
        each
        for each in broken(production, SHAPES[name])
        if f"{each['kind']}/{each['metadata']['name']}" == name
    ]
    assert any(name in problem for problem in check.bad_shapes([wanted]))


def test_a_hand_edited_topic_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert generate.stale() == []
    edited = {tmp_path / "topics.yaml": "what the catalogue says"}
    monkeypatch.setattr(generate, "generated", lambda: edited)
    (tmp_path / "topics.yaml").write_text("what somebody wrote")
    assert generate.stale() == [tmp_path / "topics.yaml"]


def test_a_feature_that_the_renderer_does_not_know_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: x-\n"
    )
    with pytest.raises(render.UnknownFeatureError, match="namePrefix"):
        render.render(tmp_path)


def test_every_service_may_only_do_what_the_catalogue_says() -> None:
    acls = generate.user("classifier")["spec"]["authorization"]["acls"]
    rights = {
        (acl["resource"]["type"], acl["resource"]["name"], operation)
        for acl in acls
        for operation in acl["operations"]
    }
    assert rights == {
        ("topic", "mentions.raw", "Read"),
        ("topic", "mentions.raw", "Describe"),
        ("topic", "mentions.classified", "Write"),
        ("topic", "mentions.classified", "Describe"),
        ("topic", "crisis.events", "Write"),
        ("topic", "crisis.events", "Describe"),
        ("topic", "mentions.raw.classifier.dlq", "Write"),
        ("topic", "mentions.raw.classifier.dlq", "Describe"),
        ("group", "ombud.classifier", "Read"),
        ("group", "ombud.classifier", "Describe"),
    }


TAIL = re.compile(r"TopicTail,.*?\[(\w+)\.name\]", re.S)


@pytest.mark.parametrize("service", SERVICES)
def test_whoever_streams_a_topic_may_read_it(service: str) -> None:
    """A broker without rights lets everybody read: only a cluster would show it, as silence."""
    bootstrap = (ROOT / f"services/{service}/src/{service}/bootstrap.py").read_text()
    streamed = {getattr(topics, name).name for name in TAIL.findall(bootstrap)}
    assert ("TopicTail(" in bootstrap or "TopicTail," in bootstrap) == bool(streamed)
    acls = generate.user(service)["spec"]["authorization"]["acls"]
    readable = {acl["resource"]["name"] for acl in acls if "Read" in acl["operations"]}
    assert streamed <= readable
    assert streamed == set(generate.TAILED.get(service, ()))


def test_every_door_is_documented(production: list[Any]) -> None:
    policies = [each for each in production if each["kind"] == "NetworkPolicy"]
    wanted = set(re.findall(r"'ombud\.io/provides': '([\w-]+)'", str(policies)))
    listed = (K8S / "overlays" / "README.md").read_text()
    assert "mail" in wanted
    assert {label for label in wanted if f"`{label}`" not in listed} == set()
