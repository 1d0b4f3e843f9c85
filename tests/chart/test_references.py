"""What names or selects another object finds it, and no other."""

from collections.abc import Iterator
from typing import Any

from chart.cases import in_every_case
from chart.reading import Pod, chosen, of_kind, pods, strings
from chart.render import Case, objects

Json = dict[str, Any]


def selected(selector: Json, rendered: tuple[Json, ...]) -> list[Pod]:
    """Return the pods that a selector selects."""
    return [pod for pod in pods(rendered) if chosen(selector, pod.labels)]


def ports(pod: Pod) -> set[str | int]:
    """Return the ports of a container, by name and by number."""
    return {port[key] for port in pod.container.get("ports", []) for key in ("name", "containerPort")}


@in_every_case
def test_a_workload_selects_its_own_pods(case: Case) -> None:
    """And those of no other, not even of jobs and tests."""
    for one in of_kind(objects(case), "Deployment", "StatefulSet"):
        assert [pod.owner for pod in selected(one["spec"]["selector"], objects(case))] == [one]


@in_every_case
def test_a_service_has_the_pods_of_one_component(case: Case) -> None:
    """Which serve the port that it leads to."""
    for service in of_kind(objects(case), "Service"):
        (pod,) = selected({"matchLabels": service["spec"]["selector"]}, objects(case))
        assert pod.serves
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports(pod)
        assert service["metadata"]["name"] == pod.owner["metadata"]["name"]


@in_every_case
def test_a_stateful_set_has_its_service(case: Case) -> None:
    """The one that its spec names."""
    services = {service["metadata"]["name"] for service in of_kind(objects(case), "Service")}
    for one in of_kind(objects(case), "StatefulSet"):
        assert one["spec"]["serviceName"] in services


@in_every_case
def test_a_network_policy_is_about_pods_that_are_there(case: Case) -> None:
    """Each selects pods of this release alone, and lets traffic to ports that they have."""
    for policy in of_kind(objects(case), "NetworkPolicy"):
        about = selected(policy["spec"]["podSelector"], objects(case))
        assert about, policy["metadata"]["name"]
        assert policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == case.release
        for rule in policy["spec"].get("ingress", []):
            assert all({port["port"] for port in rule.get("ports", [])} <= ports(pod) for pod in about)


@in_every_case
def test_policies_leave_no_service_out(case: Case) -> None:
    """Where there are policies, every pod has one for what comes in and one for what goes out."""
    policies = of_kind(objects(case), "NetworkPolicy")
    for pod in pods(objects(case)) if policies else []:
        about = [one for one in policies if chosen(one["spec"]["podSelector"], pod.labels)]
        assert {"Ingress", "Egress"} <= {kind for one in about for kind in one["spec"]["policyTypes"]}, pod


@in_every_case
def test_a_monitor_finds_its_services(case: Case) -> None:
    """Every service that can be scraped is selected once, and has the port that is scraped."""
    for monitor in of_kind(objects(case), "ServiceMonitor"):
        found = [
            service
            for service in of_kind(objects(case), "Service")
            if chosen(monitor["spec"]["selector"], service["metadata"]["labels"])
        ]
        assert found
        for service in found:
            names = {port["name"] for port in service["spec"]["ports"]}
            assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= names


@in_every_case
def test_routes_lead_to_services(case: Case) -> None:
    """An Ingress and an HTTPRoute name services, and ports that those have."""
    served = {
        (service["metadata"]["name"], port[key])
        for service in of_kind(objects(case), "Service")
        for port in service["spec"]["ports"]
        for key in ("name", "port")
    }
    assert set(_backends(objects(case))) <= served


def _backends(rendered: tuple[Json, ...]) -> Iterator[tuple[str, str | int]]:
    for ingress in of_kind(rendered, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                yield service["name"], service["port"].get("name") or service["port"]["number"]
    for route in of_kind(rendered, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                yield backend["name"], backend["port"]


@in_every_case
def test_what_pods_read_is_there(case: Case) -> None:
    """Config maps and accounts are made here, or named in the values, as all secrets are."""
    given = set(strings(case.given))
    held = {one["metadata"]["name"] for one in of_kind(objects(case), "ConfigMap")}
    accounts = {one["metadata"]["name"] for one in of_kind(objects(case), "ServiceAccount")}
    # What operators make: a user's password, and each cluster's own authority.
    suffixes = {"KafkaUser": "", "Kafka": "-cluster-ca-cert", "ArangoDeployment": "-ca"}
    made = {one["metadata"]["name"] + suffixes[one["kind"]] for one in of_kind(objects(case), *suffixes)}
    for pod in pods(objects(case)):
        assert pod.spec.get("serviceAccountName", "default") in accounts | given | {"default"}
        for kind, name in _references(pod.spec):
            assert name in given | (held if kind == "configMap" else made), f"{pod} reads the {kind} {name}"


@in_every_case
def test_volumes_are_claimed(case: Case) -> None:
    """A pod that mounts a claim names one that a StatefulSet of this release makes."""
    made = {
        f"{claim['metadata']['name']}-{one['metadata']['name']}-0"
        for one in of_kind(objects(case), "StatefulSet")
        for claim in one["spec"]["volumeClaimTemplates"]
    }
    for pod in pods(objects(case)):
        named = [
            volume["persistentVolumeClaim"]["claimName"]
            for volume in pod.spec.get("volumes", [])
            if "persistentVolumeClaim" in volume
        ]
        assert set(named) <= made, pod


def _references(value: object) -> Iterator[tuple[str, str]]:
    """Yield (configMap or secret, name) of everything that a pod's spec refers to."""
    names = {"configMapRef": "configMap", "configMapKeyRef": "configMap", "configMap": "configMap"}
    names |= {"secretRef": "secret", "secretKeyRef": "secret", "secret": "secret"}
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in names:
                yield names[key], inner.get("name") or inner["secretName"]
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


@in_every_case
def test_kafkas_parts_are_of_one_cluster(case: Case) -> None:
    """Pools, topics and users carry the label that tells Strimzi which cluster they are of, and it is made here."""
    clusters = {one["metadata"]["name"] for one in of_kind(objects(case), "Kafka")}
    for one in of_kind(objects(case), "KafkaNodePool", "KafkaTopic", "KafkaUser"):
        assert one["metadata"]["labels"]["strimzi.io/cluster"] in clusters


@in_every_case
def test_backups_are_of_the_database(case: Case) -> None:
    """The policy selects the deployment that is made here."""
    for policy in of_kind(objects(case), "ArangoBackupPolicy"):
        (database,) = of_kind(objects(case), "ArangoDeployment")
        assert chosen(policy["spec"]["selector"], database["metadata"]["labels"])
