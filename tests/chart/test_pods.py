"""What every pod of the chart promises to whoever runs the cluster."""

from chart.cases import in_every_case
from chart.reading import Pod, environment, of_kind, pods
from chart.render import Case, objects

PORT = 8080


def of(case: Case) -> list[Pod]:
    """Return the pods of a case; there are some."""
    found = pods(objects(case))
    assert found
    return found


@in_every_case
def test_nobody_is_root_and_nothing_can_be_written(case: Case) -> None:
    """Containers run as a user, without capabilities, on a read-only file system, under the runtime's seccomp."""
    for pod in of(case):
        whole, own = pod.spec["securityContext"], pod.container["securityContext"]
        assert whole["runAsNonRoot"]
        assert whole["runAsUser"] > 0
        assert whole["seccompProfile"] == own["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own["readOnlyRootFilesystem"]
        assert own["runAsNonRoot"]
        assert own["allowPrivilegeEscalation"] is own["privileged"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.spec.keys()
        assert all("hostPath" not in volume for volume in pod.spec.get("volumes", []))


@in_every_case
def test_no_pod_can_talk_to_the_cluster(case: Case) -> None:
    """No token is mounted, whatever the account allows, and no neighbour's address comes into the environment."""
    for pod in of(case):
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False
    assert all(account["automountServiceAccountToken"] is False for account in of_kind(objects(case), "ServiceAccount"))
    assert of_kind(objects(case), "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding") == []


@in_every_case
def test_kubernetes_knows_how_a_service_is(case: Case) -> None:
    """Start-up and liveness ask whether the process is alive, readiness whether it can work."""
    for pod in of(case):
        if pod.serves:
            assert {"name": "http", "containerPort": PORT} in pod.container["ports"]
            paths = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
            for probe, path in paths.items():
                assert pod.container[probe]["httpGet"] == {"path": path, "port": "http"}


@in_every_case
def test_the_server_listens_where_the_port_is_named(case: Case) -> None:
    """The setting of the port is the container's port, and the address is not that of the pod alone."""
    for pod in of(case):
        if pod.serves:
            given = environment(pod, objects(case))
            assert given["LEADFLOW_PORT"] == str(PORT)
            assert given["LEADFLOW_HOST"] in {"0.0.0.0", "::"}  # noqa: S104  that is the point


@in_every_case
def test_a_pod_may_finish_what_it_began(case: Case) -> None:
    """SIGKILL comes later than the longest that a stop may take."""
    for pod in of(case):
        if pod.serves:
            drain = float(str(environment(pod, objects(case)).get("LEADFLOW_DRAIN_TIMEOUT", "10")))
            assert pod.spec["terminationGracePeriodSeconds"] > drain


@in_every_case
def test_every_container_says_what_it_needs(case: Case) -> None:
    """Requests and limits of CPU, memory and ephemeral storage are there, and no request is above its limit."""
    for pod in of(case):
        resources = pod.container["resources"]
        assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory", "ephemeral-storage"}


@in_every_case
def test_mounts_and_volumes_are_of_one_mind(case: Case) -> None:
    """Every mount has its volume, every volume its mount, and what can be written is bounded."""
    for pod in of(case):
        claims = {claim["metadata"]["name"] for claim in pod.owner["spec"].get("volumeClaimTemplates", [])}
        volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
        assert {mount["name"] for mount in pod.container.get("volumeMounts", [])} == volumes.keys() | claims
        assert all("sizeLimit" in volume["emptyDir"] for volume in volumes.values() if "emptyDir" in volume)


@in_every_case
def test_pods_of_one_service_spread(case: Case) -> None:
    """Over nodes and zones, counting the pods of their own service."""
    for pod in of(case):
        if pod.owner["kind"] == "Deployment":
            keys = {constraint["topologyKey"] for constraint in pod.spec["topologySpreadConstraints"]}
            assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
            for constraint in pod.spec["topologySpreadConstraints"]:
                assert constraint["labelSelector"] == pod.owner["spec"]["selector"]


@in_every_case
def test_no_image_floats(case: Case) -> None:
    """Every image, also an operator's, has a tag that stays what it is, or a digest."""
    for pod in of(case):
        name, _, tag = pod.container["image"].rpartition(":")
        assert name
        assert tag != "latest"
    for one in of_kind(objects(case), "ArangoDeployment"):
        assert not one["spec"]["image"].endswith(":latest")
        assert ":" in one["spec"]["image"]
