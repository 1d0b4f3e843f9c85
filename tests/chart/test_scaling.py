"""How many pods there are: autoscalers and disruption budgets."""

from chart.cases import DISTRIBUTED, in_every_case
from chart.reading import chosen, counts, environment, of_kind, pods, scalers
from chart.render import Case, objects

from leadflow.contracts.topics import RESOLVED, TOUCHPOINTS
from leadflow_processor.service import GROUP as PROCESSORS
from leadflow_scoring.service import GROUP as SCORERS


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


@in_every_case
def test_two_pods_have_a_budget(case: Case) -> None:
    """Whatever runs more than once keeps one pod while nodes are drained, unless values say otherwise."""
    budgets = of_kind(objects(case), "PodDisruptionBudget")
    unwanted = case.name.endswith("no budgets")
    for pod in pods(objects(case)):
        if pod.serves and not unwanted and counts(pod, objects(case))[0] > 1:
            assert any(chosen(budget["spec"]["selector"], pod.labels) for budget in budgets), pod


def test_consumers_scale_by_the_lag_of_their_own_group() -> None:
    """The group and the topic that KEDA looks at are those that the services use, prefix and all."""
    scaled = {name: {"autoscaling": {"enabled": True}} for name in ("processor", "scoring")}
    case = DISTRIBUTED.having("scaled with a prefix", scaled | {"settings": {"topicPrefix": "crm."}})
    triggers = [
        trigger["metadata"] for one in of_kind(objects(case), "ScaledObject") for trigger in one["spec"]["triggers"]
    ]
    assert [(trigger["consumerGroup"], trigger["topic"]) for trigger in triggers] == [
        (f"crm.{PROCESSORS}.{TOUCHPOINTS}", f"crm.{TOUCHPOINTS}"),
        (f"crm.{SCORERS}.{RESOLVED}", f"crm.{RESOLVED}"),
    ]


def test_another_strategy_is_set_by_its_type_alone() -> None:
    """The numbers of the default one do not stay behind: Kubernetes refuses them beside Recreate."""
    case = DISTRIBUTED.having("recreated", {"observer": {"strategy": {"type": "Recreate"}}})
    (observer,) = [one for one in of_kind(objects(case), "Deployment") if one["metadata"]["name"].endswith("-observer")]
    assert observer["spec"]["strategy"] == {"type": "Recreate"}
