"""With network policies in force, every pod reaches what it needs, and nothing else."""

from typing import Any

import pytest
from chart import features
from chart.cases import DISTRIBUTED, EMBEDDED
from chart.reading import Pod, chosen, of_kind, pods
from chart.render import Case, objects

Json = dict[str, Any]

NAMES, HTTP, KAFKA, ARANGODB, TRACES = 53, 8080, 9092, 8529, 4317
PEERS: Json = {
    "networkPolicy": {
        "kafkaTo": [{"podSelector": {"matchLabels": {"app": "kafka"}}}],
        "arangodbTo": [{"podSelector": {"matchLabels": {"app": "arangodb"}}}],
    }
}
POLICIES = features.ANYWHERE["network policies"]
APART = DISTRIBUTED.having("distributed with policies", POLICIES)
NAMED = APART.having("distributed with policies and peers", PEERS)
ALONE = EMBEDDED.having("embedded with policies", POLICIES)


def rules(pod: Pod, case: Case, direction: str) -> list[Json]:
    """Return the rules in force for a pod; none at all would mean that everything is allowed."""
    about = [
        one["spec"] for one in of_kind(objects(case), "NetworkPolicy") if chosen(one["spec"]["podSelector"], pod.labels)
    ]
    assert any(direction.capitalize() in policy["policyTypes"] for policy in about), pod
    return [rule for policy in about for rule in policy.get(direction, [])]


def reached(pod: Pod, case: Case) -> set[int]:
    """Return the ports that a pod may speak to; a rule without ports would open all."""
    return {port["port"] for rule in rules(pod, case, "egress") for port in rule["ports"]}


def test_each_component_reaches_its_servers() -> None:
    """Kafka for all services, ArangoDB for all but the observer; the test pod asks the two services with an API."""
    needed = {
        "observer": {NAMES, KAFKA, TRACES},
        "processor": {NAMES, KAFKA, ARANGODB, TRACES},
        "scoring": {NAMES, KAFKA, ARANGODB, TRACES},
        "admin-api": {NAMES, KAFKA, ARANGODB, TRACES},
        "init": {NAMES, KAFKA, ARANGODB, TRACES},
        "test": {NAMES, HTTP, TRACES},
    }
    assert {pod.component: reached(pod, APART) for pod in pods(objects(APART))} == needed
    alone = {"embedded": {NAMES, TRACES}, "test": {NAMES, HTTP, TRACES}}
    assert {pod.component: reached(pod, ALONE) for pod in pods(objects(ALONE))} == alone


def test_servers_can_be_told_apart() -> None:
    """A port is open to the peers that the values name for it."""
    for pod in pods(objects(NAMED)):
        for rule in rules(pod, NAMED, "egress"):
            for port, key in ((KAFKA, "kafkaTo"), (ARANGODB, "arangodbTo")):
                if port in {one["port"] for one in rule["ports"]}:
                    assert rule["to"] == PEERS["networkPolicy"][key]


@pytest.mark.parametrize("case", [APART, ALONE], ids=str)
def test_prometheus_reaches_every_service(case: Case) -> None:
    """At the port that is scraped, from the namespace that the values name, and from no other."""
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    for pod in pods(objects(case)):
        incoming = rules(pod, case, "ingress")
        scraping = [rule for rule in incoming if monitoring in rule.get("from", [])]
        assert bool(scraping) == pod.serves, pod
        assert all({port["port"] for port in rule["ports"]} == {"http"} for rule in scraping)


def test_nobody_reaches_the_admin_api_from_elsewhere() -> None:
    """No rule of its is open to everybody: it knows people's names. The consumers answer to Prometheus alone."""
    for pod in pods(objects(APART)):
        incoming = rules(pod, APART, "ingress")
        assert all(rule["from"] for rule in incoming), pod
        if pod.component in {"processor", "scoring"}:
            assert len(incoming) == 1
