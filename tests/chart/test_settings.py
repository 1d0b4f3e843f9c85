"""The settings of the services, as they arrive in the pods; and the topics, as Strimzi is asked to make them."""

import pytest
from chart.cases import DISTRIBUTED, EMBEDDED
from chart.render import Case, Json, RefusedError, objects, text
from tools.chart.settings import PLACES, SECRETS, camel, free, schema

from leadflow.adapters.topic_plan import desired
from leadflow.runtime.settings import Settings, load_settings
from leadflow.runtime.topics import topics_of

STRIMZI: Json = {"kafka": {"brokers": [], "strimzi": {"enabled": True}}}


def _one(case: Case, kind: str, name: str) -> Json:
    return next(one for one in objects(case) if (one["kind"], one["metadata"]["name"]) == (kind, name))


# Where another value than the default says more, or where there is no default.
ODD: Json = {
    "source_quality": "web:bought",
    "blocked_values": "0000,/^test/",
    "custom_ids": "loyalty_id",
    "otlp_endpoint": "http://collector.tracing:4318",
    "kafka_heartbeat": 2.5,
    "kafka_replication": 2,
}


def _example(name: str, asked: Json) -> object:
    """Return a value that is allowed: another one than the default where that is easily said."""
    default = Settings.model_fields[name].default
    if name in ODD or default is None:
        return ODD.get(name, "text")
    return asked["enum"][-1] if "enum" in asked else (not default if isinstance(default, bool) else default)


def test_every_free_setting_arrives_under_its_name() -> None:
    """In camel case among the values, as LEADFLOW_… in the pods, and the services read what was meant."""
    asked = schema()["properties"]
    names = [name for name in free() if name != "partitions"]  # kafka.partitions stands for it
    given = {name: _example(name, asked[camel(name)]) for name in names}
    case = EMBEDDED.having("every setting", {"settings": {camel(name): value for name, value in given.items()}})
    arrived = _one(case, "ConfigMap", "leadflow-settings")["data"]
    read = load_settings(**{name.removeprefix("LEADFLOW_").lower(): text for name, text in arrived.items()})
    assert {name for name in names if f"LEADFLOW_{name.upper()}" not in arrived} == set()
    assert {name: getattr(read, name) for name in names} == given


def test_every_setting_has_one_place() -> None:
    """Under `settings`, in a place of its own, or in a Secret."""
    assert sorted([*free(), *PLACES, *SECRETS]) == sorted(Settings.model_fields)


def test_large_numbers_stay_whole() -> None:
    """Helm reads numbers as floating point; 67108864 must not arrive as 6.7e+07."""
    case = EMBEDDED.having("large", {"settings": {"maxWaitingBytes": 67108864, "drainTimeout": 12.5}})
    arrived = _one(case, "ConfigMap", "leadflow-settings")["data"]
    assert (arrived["LEADFLOW_MAX_WAITING_BYTES"], arrived["LEADFLOW_DRAIN_TIMEOUT"]) == ("67108864", "12.5")


def test_a_misspelt_setting_is_refused() -> None:
    """By its name, before anything is rendered."""
    with pytest.raises(RefusedError, match="kafkaCompresion"):
        text(EMBEDDED.having("misspelt", {"settings": {"kafkaCompresion": "lz4"}}))


@pytest.mark.parametrize("brokers", [1, 3])
def test_strimzi_makes_the_topics_that_init_would(brokers: int) -> None:
    """Name, partitions, copies and settings are the same, so that `leadflow init` finds nothing to do."""
    values = {
        "kafka": {"partitions": 12, "strimzi": {"brokers": {"replicas": brokers}}},
        "settings": {"retentionDays": 3},
    }
    case = DISTRIBUTED.having("Strimzi", STRIMZI).having(f"{brokers} brokers", values)
    settings = load_settings(partitions=12, retention_days=3)
    wanted = desired(
        topics_of(settings), settings.topic_prefix, partitions=12, given=True, copies=None, brokers=brokers
    )
    made = [_wanted(one["spec"]) for one in objects(case) if one["kind"] == "KafkaTopic"]
    assert made == [(one.name, one.at_first, one.copies, one.config) for one in wanted]


def _wanted(spec: Json) -> tuple[str, int, int, dict[str, str]]:
    return (
        spec["topicName"],
        spec["partitions"],
        spec["replicas"],
        {name: str(value) for name, value in spec["config"].items()},
    )


def test_a_new_model_restarts_those_who_read_it() -> None:
    """Scoring and the admin API, not the others: intake and identity go on."""
    cases = [DISTRIBUTED.having(f"model {n}", {"model": {"file": f"model: mine\nversion: {n}\n"}}) for n in (1, 2)]
    first, second = ({one["metadata"]["name"]: one["spec"] for one in _deployments(case)} for case in cases)
    assert {name for name, spec in first.items() if spec != second[name]} == {"leadflow-scoring", "leadflow-admin-api"}


def _deployments(case: Case) -> list[Json]:
    return [one for one in objects(case) if one["kind"] == "Deployment"]
