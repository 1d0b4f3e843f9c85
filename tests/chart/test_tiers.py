"""Each tier stays below the bounds that the design sets (docs/sizing.md), also when everything that may scale has."""

from collections import Counter

import pytest
from chart.cases import TIERS
from chart.reading import counts, of_kind, pods, quantity
from chart.render import Case, Json, objects

GI = 2**30
# What each group may have at most: (processes, CPUs, GiB of memory, GB of disk), up to 1M and up to 2M profiles.
SMALL = {"observer": (2, 4, 8, 20), "processing": (1, 4, 8, 120), "database": (1, 8, 16, 500), "admin": (1, 4, 8, 40)}
LARGE = {"observer": (4, 4, 8, 20), "processing": (2, 4, 8, 120), "database": (2, 8, 16, 500), "admin": (2, 4, 8, 40)}
BOUNDS = {"tier-100k": SMALL, "tier-1m": SMALL, "tier-2m": LARGE}
GROUPS = {"observer": "observer", "processor": "processing", "scoring": "processing", "admin-api": "admin"}
BOUNDED = [tier for tier in TIERS if tier.name in BOUNDS]
SCALED: Json = {name: {"autoscaling": {"enabled": True}} for name in ("observer", "processor", "scoring")}
DATABASE: Json = {
    "endpoints": [],
    "passwordSecret": {"name": "arangodb-root", "key": "password"},
    "operator": {"enabled": True, "image": "arangodb/arangodb:3.12.5"},
}


def fullest(tier: Case) -> Case:
    """Return a tier that scales as far as it may and brings its own database."""
    return tier.having(f"{tier} at its fullest", SCALED | {"arangodb": DATABASE})


def asked(rendered: tuple[Json, ...], which: str) -> dict[str, Counter[str]]:
    """Return {group: {resource: amount}} of all requests, or all limits, at the most pods that there may be."""
    sums: dict[str, Counter[str]] = {}
    for pod in pods(rendered):
        if pod.serves:
            _, most = counts(pod, rendered)
            _add(sums.setdefault(GROUPS[pod.component], Counter()), pod.container["resources"][which], most)
    for database in of_kind(rendered, "ArangoDeployment"):
        together = sums.setdefault("database", Counter())
        for group in ("single", "dbservers", "coordinators", "agents"):
            servers = database["spec"].get(group)
            if servers:
                _add(together, servers["resources"][which], servers.get("count", 1))
                claim = servers.get("volumeClaimTemplate")
                _add(together, claim["spec"]["resources"]["requests"] if claim else {}, servers.get("count", 1))
    return sums


def _add(together: Counter[str], amounts: Json, times: int) -> None:
    for resource, amount in amounts.items():
        together[resource] += times * quantity(amount)  # type: ignore[assignment]


def test_every_tier_is_there() -> None:
    """The three that have bounds, and one beyond."""
    assert {tier.name for tier in TIERS} == {*BOUNDS, "tier-10m"}


@pytest.mark.parametrize("which", ["requests", "limits"])
@pytest.mark.parametrize("tier", BOUNDED, ids=str)
def test_a_tier_stays_within_its_bounds(tier: Case, which: str) -> None:
    """Each group by itself, and so all together: CPU, memory and disk."""
    sums = asked(objects(fullest(tier)), which)
    assert sums.keys() == BOUNDS[tier.name].keys()
    for group, (processes, cpus, memory, disk) in BOUNDS[tier.name].items():
        used = sums[group]
        assert 0 < used["cpu"] <= processes * cpus, group
        assert 0 < used["memory"] <= processes * memory * GI, group
        assert 0 < used["ephemeral-storage"] + used["storage"] <= processes * disk * 1e9, group


@pytest.mark.parametrize("tier", TIERS, ids=str)
def test_a_tier_survives_the_loss_of_a_pod(tier: Case) -> None:
    """Two of each at least."""
    for pod in pods(objects(tier)):
        assert not pod.serves or counts(pod, objects(tier))[0] >= 2, pod


@pytest.mark.parametrize("tier", TIERS, ids=str)
def test_no_request_is_above_its_limit(tier: Case) -> None:
    """Kubernetes would refuse the pod."""
    for pod in pods(objects(tier)):
        resources = pod.container["resources"]
        for name, amount in resources["requests"].items():
            assert quantity(amount) <= quantity(resources["limits"][name]), pod
