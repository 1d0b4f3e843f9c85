"""What containers are told: settings that exist, with values that are taken, and secrets by reference."""

import re
from typing import Any

from chart.cases import DISTRIBUTED, EMBEDDED, in_every_case
from chart.reading import Pod, environment, of_kind, pods, strings
from chart.render import Case, objects

from leadflow.runtime.settings import Settings, load_settings

Json = dict[str, Any]

SECRETS = {
    f"LEADFLOW_{name.upper()}" for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
}
# Where the chart has a better place for a setting than `settings`, or decides itself.
SASL: Json = {"kafka": {"security": "sasl_ssl", "username": "me", "mechanism": "PLAIN"}}
AUTHORITY: Json = {"ca": {"existingConfigMap": "authorities"}}
CLIENT: Json = {"client": {"existingSecret": "certificate"}}
PLACES: dict[str, tuple[Json, str]] = {
    "LEADFLOW_LOG": ({"kafka": {"brokers": ["a:1", "b:2"]}}, "kafka://a:1,b:2"),
    "LEADFLOW_STORE": ({"arangodb": {"endpoints": ["a:1", "b:2"], "database": "d"}}, "arango://a:1,b:2/d"),
    "LEADFLOW_PARTITIONS": ({"kafka": {"partitions": 48}}, "48"),
    "LEADFLOW_MODEL": ({"model": {"name": "ecommerce"}}, "ecommerce"),
    "LEADFLOW_KAFKA_SECURITY": (SASL, "sasl_ssl"),
    "LEADFLOW_KAFKA_USERNAME": (SASL, "me"),
    "LEADFLOW_KAFKA_MECHANISM": (SASL, "PLAIN"),
    "LEADFLOW_KAFKA_CA_FILE": ({"kafka": {"security": "ssl", "tls": AUTHORITY}}, "/etc/leadflow/kafka-ca/ca.crt"),
    "LEADFLOW_KAFKA_CERT_FILE": ({"kafka": {"security": "ssl", "tls": CLIENT}}, "/etc/leadflow/kafka-client/tls.crt"),
    "LEADFLOW_KAFKA_KEY_FILE": ({"kafka": {"security": "ssl", "tls": CLIENT}}, "/etc/leadflow/kafka-client/tls.key"),
    "LEADFLOW_ARANGO_USERNAME": ({"arangodb": {"username": "me"}}, "me"),
    "LEADFLOW_ARANGO_TLS": ({"arangodb": {"tls": {"enabled": True}}}, "true"),
    "LEADFLOW_ARANGO_CA_FILE": (
        {"arangodb": {"tls": {"enabled": True, **AUTHORITY}}},
        "/etc/leadflow/arango-ca/ca.crt",
    ),
}
FIXED = {"LEADFLOW_DATA": "/data", "LEADFLOW_PORT": "8080"}
SAMPLES: Json = {
    "int": 3,
    "float": 2.5,
    "str": "text",
    "source_quality": "web:opt_in",
    "otlp_endpoint": "http://a:4318",
}
MADE_UP = "name:a-secret-of-a-test"
NEEDED = {
    "observer": {"LEADFLOW_WRITE_KEYS", "LEADFLOW_HASH_SECRET", "LEADFLOW_KAFKA_PASSWORD"},
    "processor": {"LEADFLOW_HASH_SECRET", "LEADFLOW_KAFKA_PASSWORD", "LEADFLOW_ARANGO_PASSWORD"},
    "scoring": {"LEADFLOW_HASH_SECRET", "LEADFLOW_KAFKA_PASSWORD", "LEADFLOW_ARANGO_PASSWORD"},
    "admin-api": SECRETS,
    "init": {"LEADFLOW_KAFKA_PASSWORD", "LEADFLOW_ARANGO_PASSWORD"},
    "embedded": {"LEADFLOW_WRITE_KEYS", "LEADFLOW_ADMIN_TOKEN", "LEADFLOW_HASH_SECRET"},
    "test": {"LEADFLOW_WRITE_KEYS", "LEADFLOW_ADMIN_TOKEN"},
}


@in_every_case
def test_every_setting_exists_and_is_taken(case: Case) -> None:
    """The program starts with what each pod is given: no name is misspelt, no value refused."""
    for pod in pods(objects(case)):
        given = environment(pod, objects(case))
        assert {name for name in given if name.startswith("LEADFLOW_")} <= known()
        load_settings(
            **{
                name.removeprefix("LEADFLOW_").lower(): MADE_UP if name in SECRETS else value
                for name, value in given.items()
                if name in known()
            }
        )


def known() -> set[str]:
    """Return the variable of every setting."""
    return {f"LEADFLOW_{name.upper()}" for name in Settings.model_fields}


@in_every_case
def test_no_variable_is_given_twice(case: Case) -> None:
    """Of two, the last would win in silence."""
    for pod in pods(objects(case)):
        names = [variable["name"] for variable in pod.container.get("env", [])]
        assert len(names) == len(set(names))


@in_every_case
def test_secrets_are_references(case: Case) -> None:
    """No Secret is made here, no secret stands in a ConfigMap or in a pod, and no one that is not needed is given."""
    assert of_kind(objects(case), "Secret") == []
    assert {"LEADFLOW_WRITE_KEYS", "LEADFLOW_ADMIN_TOKEN", "LEADFLOW_HASH_SECRET"} <= SECRETS
    for pod in pods(objects(case)):
        given = environment(pod, objects(case))
        for name in SECRETS & given.keys():
            assert isinstance(given[name], dict), f"{name} of {pod} is written out"
            assert given[name].keys() == {"secretKeyRef"}  # type: ignore[union-attr]
        assert SECRETS & given.keys() <= NEEDED[pod.component]
    assert not SECRETS & {name for one in of_kind(objects(case), "ConfigMap") for name in one["data"]}


@in_every_case
def test_nothing_that_looks_like_a_key_stands_anywhere(case: Case) -> None:
    """No PEM block, no URL with a password, no long random text that is not a checksum of our own."""
    for one in objects(case):
        for text in strings(one):
            assert "PRIVATE KEY" not in text
            assert not re.search(r"://[^/\s:]+:[^/\s@]+@", text)


def test_every_setting_can_be_reached() -> None:
    """Each is given through `settings` or at a place of its own, and arrives where services read it."""
    plain = [name for name in Settings.model_fields if variable(name) not in SECRETS | PLACES.keys() | FIXED.keys()]
    case = DISTRIBUTED.having("every setting", {"settings": {camel(name): sample(name) for name in plain}})
    given = environment(of_component("scoring", case), objects(case))
    assert {name: given.get(variable(name)) for name in plain} == {name: written(sample(name)) for name in plain}
    for name, (values, expected) in PLACES.items():
        case = DISTRIBUTED.having(name, values)
        assert environment(of_component("scoring", case), objects(case))[name] == expected
    assert given | FIXED == given


def test_every_secret_can_be_reached() -> None:
    """Each may stand in a Secret, and under a key, of the operator's choice."""
    keys = {name: f"key-of-{name.lower()}" for name in SECRETS}
    named = {camel(name.removeprefix("LEADFLOW_").lower()): key for name, key in keys.items()}
    case = DISTRIBUTED.having("secrets", SASL | {"secrets": {"existingSecret": "elsewhere", "keys": named}})
    found = environment(of_component("admin-api", case), objects(case))
    for name, key in keys.items():
        assert found[name] == {"secretKeyRef": {"name": "elsewhere", "key": key}}


def test_a_changed_setting_changes_every_pod() -> None:
    """The checksum of the configuration starts pods anew when, and only when, it is another one."""
    changed = DISTRIBUTED.having("changed", {"settings": {"maxInFlight": 64}})
    same = DISTRIBUTED.having("same", {"observer": {"podAnnotations": {"any": "thing"}}})
    for component in ("observer", "processor", "scoring", "admin-api"):
        before = of_component(component, DISTRIBUTED).annotations["checksum/config"]
        assert of_component(component, same).annotations["checksum/config"] == before
        assert of_component(component, changed).annotations["checksum/config"] != before
    model = EMBEDDED.having("a model", {"model": {"file": "name: mine"}})
    other = EMBEDDED.having("another model", {"model": {"file": "name: other"}})
    assert of_component("embedded", model).annotations != of_component("embedded", other).annotations


def variable(name: str) -> str:
    """Return the variable of a setting."""
    return f"LEADFLOW_{name.upper()}"


def camel(name: str) -> str:
    """Return a setting's name as values write it."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def sample(name: str) -> Any:
    """Return a value that a setting may have."""
    field = Settings.model_fields[name]
    if field.default not in {None, ""}:
        return not field.default if isinstance(field.default, bool) else field.default
    return SAMPLES.get(name) or next(SAMPLES[kind] for kind in ("int", "float", "str") if kind in str(field.annotation))


def written(value: Any) -> str:
    """Return how the environment holds a value."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def of_component(component: str, case: Case) -> Pod:
    """Return the one kind of pods of a component."""
    (found,) = [pod for pod in pods(objects(case)) if pod.component == component]
    return found
