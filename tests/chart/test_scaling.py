"""How many pods there are: autoscalers, disruption budgets, and the bounds of DESIGN 9."""

from typing import Any

import pytest
from chart.cases import ALL, TIERS, in_every_case
from chart.reading import Pod, chosen, environment, of_kind, pods, quantity
from chart.render import Case, objects

Json = dict[str, Any]

# (processes, CPUs, GiB of memory, GB of disk) that a tier may take: up to one million profiles, and up to two.
GI = 2**30
SMALL = {"observer": (2, 4, 8, 20), "processing": (1, 4, 8, 120), "database": (1, 8, 16, 500), "admin": (1, 4, 8, 40)}
LARGE = {"observer": (4, 4, 8, 20), "processing": (2, 4, 8, 120), "database": (2, 8, 16, 500), "admin": (2, 4, 8, 40)}
BOUNDS = {"tier-100k": SMALL, "tier-1m": SMALL, "tier-2m": LARGE}
GROUPS = {"observer": "observer", "processor": "processing", "scoring": "processing", "admin-api": "admin"}


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


@in_every_case
def test_an_autoscaler_has_its_target(case: Case) -> None:
    """It is there, scaled by one alone, and says no number of its own that would fight the scaler's."""
    owners = {(pod.owner["kind"], pod.owner["metadata"]["name"]): pod.owner for pod in pods(objects(case))}
    targets = [(kind, name) for kind, name, *_ in scalers(objects(case))]
    assert len(targets) == len(set(targets))
    for target in targets:
        assert "replicas" not in owners[target]["spec"]
    for kind, name, fewest, most, _ in scalers(objects(case)):
        assert 1 <= fewest <= most, f"{kind} {name}"


@in_every_case
def test_without_an_autoscaler_the_number_is_said(case: Case) -> None:
    """Otherwise Kubernetes would run one pod, whatever the tier."""
    scaled = {(kind, name) for kind, name, *_ in scalers(objects(case))}
    for pod in pods(objects(case)):
        if pod.serves and (pod.owner["kind"], pod.owner["metadata"]["name"]) not in scaled:
            assert pod.owner["spec"]["replicas"] >= 1


@in_every_case
def test_no_more_consumers_than_partitions(case: Case) -> None:
    """A process without a partition does nothing but cost."""
    for pod in pods(objects(case)):
        if pod.component in {"processor", "scoring"}:
            assert counts(pod, objects(case))[1] <= int(str(environment(pod, objects(case))["LEADFLOW_PARTITIONS"])), (
                pod
            )


@in_every_case
def test_a_budget_never_stops_a_node_from_being_drained(case: Case) -> None:
    """It is about pods that are there, of which there is always one more than it asks for."""
    for budget in of_kind(objects(case), "PodDisruptionBudget"):
        (pod,) = [pod for pod in pods(objects(case)) if chosen(budget["spec"]["selector"], pod.labels)]
        fewest, _ = counts(pod, objects(case))
        assert fewest > 1
        least = budget["spec"].get("minAvailable", fewest - budget["spec"].get("maxUnavailable", 0))
        assert least < fewest


@pytest.mark.parametrize("case", [case for case in ALL if not case.name.endswith("no budgets")], ids=str)
def test_two_pods_have_a_budget(case: Case) -> None:
    """Whatever runs more than once keeps one pod while nodes are drained."""
    budgets = of_kind(objects(case), "PodDisruptionBudget")
    for pod in pods(objects(case)):
        if pod.serves and counts(pod, objects(case))[0] > 1:
            assert any(chosen(budget["spec"]["selector"], pod.labels) for budget in budgets), pod


@pytest.mark.parametrize("case", TIERS, ids=str)
def test_a_tier_stays_within_its_bounds(case: Case) -> None:
    """All pods of a component at their limits, at the most that a scaler may start, fit into DESIGN 9."""
    if case.name not in BOUNDS:
        pytest.skip("DESIGN 9 ends at two million profiles")
    used = dict.fromkeys(BOUNDS[case.name], (0.0, 0.0, 0.0))
    for pod in pods(objects(case)):
        if pod.serves:
            limits, (_, most) = pod.container["resources"]["limits"], counts(pod, objects(case))
            for name in ("cpu", "memory", "ephemeral-storage"):
                assert quantity(pod.container["resources"]["requests"][name]) <= quantity(limits[name])
            each = (quantity(limits[name]) for name in ("cpu", "memory", "ephemeral-storage"))
            group = GROUPS[pod.component]
            used[group] = tuple(total + most * one for total, one in zip(used[group], each, strict=True))  # type: ignore[assignment]
    for group, (processes, cpus, memory, disk) in BOUNDS[case.name].items():
        cpu_used, memory_used, disk_used = used[group]
        assert cpu_used <= processes * cpus, group
        assert memory_used <= processes * memory * GI, group
        assert disk_used <= processes * disk * 1e9, group
