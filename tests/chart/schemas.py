"""Validates rendered objects as strictly as an API server: a field or a kind that it does not know is an error."""

import functools
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, Registry

Json = dict[str, Any]

# The oldest that Chart.yaml promises, one between, and the newest that kubernetes-validate ships.
VERSIONS = ("1.29", "1.33", "1.37")
CRDS = Path(__file__).with_name("crds")
_SHIPPED = resources.files("kubernetes_validate") / "kubernetes-json-schema"
_DEFINITIONS = "json-schema:///api/_definitions.json"  # where a reference to /api/_definitions.json leads
_METADATA = {"$ref": f"{_DEFINITIONS}#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}


def problems(rendered: Json, version: str) -> list[str]:
    """Return what an API server of that version would refuse, one sentence each."""
    return list(_problems(json.dumps(rendered, sort_keys=True), version))


@functools.cache
def _problems(rendered: str, version: str) -> tuple[str, ...]:
    """Validate equal objects once: most are the same in most cases."""
    loaded = json.loads(rendered)
    api_version, kind = loaded["apiVersion"], loaded["kind"]
    validator = _validator(api_version, kind, version)
    if validator is None:
        return (f"{kind} of {api_version} is unknown to Kubernetes {version} and to {CRDS.name}/",)
    return tuple(
        f"{kind} {loaded['metadata']['name']} {'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in validator.iter_errors(loaded)
    )


@functools.cache
def _validator(api_version: str, kind: str, version: str) -> Draft202012Validator | None:
    custom = CRDS / f"{api_version.replace('/', '_')}_{kind}.json".lower()
    if custom.exists():
        schema = json.loads(custom.read_text(encoding="utf-8"))
        schema["properties"]["metadata"] = _METADATA
    else:
        # The group's first label alone: networking.k8s.io/v1 is networking-v1.
        group = re.sub(r"^([^./]+)[^/]*/", r"\1-", api_version)
        shipped = _SHIPPED / f"v{version}.0-local-strict" / f"{kind}-{group}.json".lower()
        if not shipped.is_file():
            return None
        schema = json.loads(shipped.read_text(encoding="utf-8"))
        if schema["properties"]["apiVersion"].get("enum") != [api_version]:
            return None
    return Draft202012Validator(schema, registry=_definitions(version))


@functools.cache
def _definitions(version: str) -> Registry:
    shared = json.loads((_SHIPPED / f"v{version}.0-local-strict" / "_definitions.json").read_text(encoding="utf-8"))
    return Registry([(_DEFINITIONS, shared)])
