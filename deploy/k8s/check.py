"""`make k8s-check`: renders every overlay and holds it against schemas and our own rules.

1. generated files are fresh; 2. our renderer and kubectl or kustomize, where installed, agree;
3. kubernetes-validate, strict, on the three newest Kubernetes versions that it knows;
4. custom resources against small schemas of the fields that we set (schemas/); 5. rules.py.
Works offline. Prints what is wrong and exits 1, or one line per overlay and exits 0.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml
from kubernetes_validate import utils as schemas

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generate import stale  # noqa: E402
from render import Document, render  # noqa: E402
from rules import broken_rules  # noqa: E402

OPERATORS = ("kafka.strimzi.io", "monitoring.coreos.com")
OVERLAYS = [
    path.parent
    for path in sorted(HERE.glob("overlays/**/kustomization.yaml"))
    if "kind: Kustomization" in path.read_text()
]
CUSTOM = {path.stem: json.loads(path.read_text()) for path in HERE.glob("schemas/*.json")}
# Its schemas are large and asked for again with every object.
schemas.schema_contents = cache(schemas.schema_contents)


def versions() -> list[str]:
    """The three newest minor versions whose schemas are installed."""
    known = {schemas.major_minor(version) for version in schemas.all_versions()}
    return sorted(known, key=lambda version: [int(part) for part in version.split(".")])[-3:]


def differences(folder: Path, documents: list[Document]) -> Iterator[str]:
    """Where our renderer and the real one disagree; nothing where there is no real one."""
    command = real_kustomize()
    if command is None:
        return
    done = subprocess.run(  # noqa: S603
        [*command, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        yield f"{command[0]}: {done.stderr.strip()}"
        return
    theirs = by_name(yaml.safe_load_all(done.stdout))
    ours = by_name(documents)
    for name in sorted(ours.keys() ^ theirs.keys()):
        yield f"only {'ours' if name in ours else 'theirs'}: {name}"
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            yield f"rendered differently: {name}"


def real_kustomize() -> list[str] | None:
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


def by_name(documents: Iterable[Document]) -> dict[str, Document]:
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in documents}


def bad_shapes(documents: list[Document]) -> Iterator[str]:
    """Fields that the API server, or the operator of a custom resource, would refuse."""
    for name, document in by_name(documents).items():
        group = document["apiVersion"].partition("/")[0]
        try:
            if group in OPERATORS:
                jsonschema.validate(document, CUSTOM[document["kind"].lower()])
            else:
                for version in versions():
                    kubernetes_validate.validate(document, version, strict=True)
        except jsonschema.ValidationError as error:
            place = ".".join(map(str, error.absolute_path))
            yield f"{name}: {place}: {error.message[:200]}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield f"{name}: {error.message}"


def main() -> int:
    problems = [f"stale: {path}; run python deploy/k8s/generate.py" for path in stale()]
    for folder in OVERLAYS:
        name = folder.relative_to(HERE / "overlays").as_posix()
        documents = render(folder)
        found = [
            *differences(folder, documents),
            *bad_shapes(documents),
            *broken_rules(documents),
        ]
        problems += [f"{name}: {problem}" for problem in found]
        print(f"{name}: {len(documents)} objects, {len(found)} problems")
    real = real_kustomize()
    compared = (
        f"compared with {' '.join(real)}" if real else "no kubectl or kustomize to compare with"
    )
    print(f"Kubernetes {', '.join(versions())}; {compared}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
