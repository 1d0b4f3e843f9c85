"""Reads rendered objects: their pods, what selects them, what they are given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_UNITS = {"m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}


@dataclass(frozen=True)
class Pod:
    """The pods of one object: a workload's template, or a pod by itself."""

    owner: Json
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Json

    def __str__(self) -> str:
        """Return what a failure calls it."""
        return f"{self.owner['kind']} {self.owner['metadata']['name']}"

    @property
    def component(self) -> str:
        """Which part of Leadflow runs here."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def container(self) -> Json:
        """The one container."""
        (container,) = self.spec["containers"]
        loaded: Json = container
        return loaded

    @property
    def serves(self) -> bool:
        """Whether it stays and answers, rather than run once."""
        return self.owner["kind"] in {"Deployment", "StatefulSet"}


def of_kind(rendered: tuple[Json, ...], *kinds: str) -> list[Json]:
    """Return the objects of these kinds."""
    return [one for one in rendered if one["kind"] in kinds]


def pods(rendered: tuple[Json, ...]) -> list[Pod]:
    """Return all pods that the objects make."""
    found = []
    for one in rendered:
        template = one if one["kind"] == "Pod" else one.get("spec", {}).get("template")
        if one["apiVersion"] in {"v1", "apps/v1", "batch/v1"} and template:
            metadata = template["metadata"]
            found.append(Pod(one, metadata.get("labels", {}), metadata.get("annotations", {}), template["spec"]))
    return found


def chosen(selector: Json, labelled: Mapping[str, str]) -> bool:
    """Whether a label selector selects what has these labels; an empty one selects everything."""
    operators = {
        "In": lambda key, values: labelled.get(key) in values,
        "NotIn": lambda key, values: labelled.get(key) not in values,
        "Exists": lambda key, _: key in labelled,
        "DoesNotExist": lambda key, _: key not in labelled,
    }
    equal = all(labelled.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return equal and all(
        operators[expression["operator"]](expression["key"], expression.get("values", []))
        for expression in selector.get("matchExpressions", [])
    )


def environment(pod: Pod, rendered: tuple[Json, ...]) -> dict[str, str | Json]:
    """Return {variable: text, or the reference that its value comes from}, as the container sees it."""
    held = {one["metadata"]["name"]: one["data"] for one in of_kind(rendered, "ConfigMap")}
    together: dict[str, str | Json] = {}
    for source in pod.container.get("envFrom", []):
        together |= held[source["configMapRef"]["name"]]
    for variable in pod.container.get("env", []):
        together[variable["name"]] = variable.get("valueFrom") or variable.get("value", "")
    return together


def scalers(rendered: tuple[Json, ...]) -> list[tuple[str, str, int, int, Json]]:
    """Return (kind, name of the target, fewest, most, the scaler itself) of every autoscaler."""
    found = []
    for one in of_kind(rendered, "HorizontalPodAutoscaler", "ScaledObject"):
        spec, target = one["spec"], one["spec"]["scaleTargetRef"]
        fewest = spec["minReplicas"] if "minReplicas" in spec else spec["minReplicaCount"]
        most = spec["maxReplicas"] if "maxReplicas" in spec else spec["maxReplicaCount"]
        found.append((target.get("kind", "Deployment"), target["name"], fewest, most, one))
    return found


def counts(pod: Pod, rendered: tuple[Json, ...]) -> tuple[int, int]:
    """Return (fewest, most) pods of a service."""
    for kind, name, fewest, most, _ in scalers(rendered):
        if (pod.owner["kind"], pod.owner["metadata"]["name"]) == (kind, name):
            return fewest, most
    replicas = pod.owner["spec"]["replicas"]
    return replicas, replicas


def quantity(written: str | float) -> float:
    """Return what `500m`, `2` or `8Gi` amounts to."""
    text = str(written)
    digits = text.rstrip("kmKMGTi")
    return float(digits) * _UNITS[text[len(digits) :]]


def strings(value: object) -> Iterator[str]:
    """Yield every string in an object, wherever it stands."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
