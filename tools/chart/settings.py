"""The settings of the services, as the chart offers them."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from leadflow.runtime.settings import Settings

SECRETS = ("write_keys", "admin_token", "hash_secret", "kafka_password", "arango_password")
"""Settings that come from a Secret alone."""

PLACES: Mapping[str, str] = {
    "data": "the volume of the embedded pod; nothing is kept elsewhere",
    "log": "`kafka.brokers`, `kafka.strimzi`",
    "store": "`arangodb.endpoints`, `arangodb.database`, `arangodb.operator`",
    "port": "always 8080; `*.service.port` is what others see",
    "model": "`model`",
    "kafka_security": "`kafka.security`",
    "kafka_mechanism": "`kafka.mechanism`",
    "kafka_username": "`kafka.username`",
    "kafka_ca_file": "`kafka.tls.ca`",
    "kafka_cert_file": "`kafka.tls.client`",
    "kafka_key_file": "`kafka.tls.client`",
    "arango_username": "`arangodb.username`",
    "arango_tls": "`arangodb.tls.enabled`",
    "arango_ca_file": "`arangodb.tls.ca`",
}
"""Settings that have a place of their own in the values."""


def camel(name: str) -> str:
    """Return a setting's name in the values: `kafka_compression` is `kafkaCompression`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def free() -> list[str]:
    """Every setting that is set under `settings`."""
    return [name for name in Settings.model_fields if name not in PLACES and name not in SECRETS]


def schema() -> dict[str, Any]:
    """Return what may stand under `settings`, in JSON Schema. A secret that nobody listed stops the making."""
    known = Settings.model_json_schema()["properties"]
    for name in free():
        if SecretStr.__name__ in str(Settings.model_fields[name].annotation):
            raise ValueError(f"{name} is a secret: list it in {__name__}.SECRETS and in templates/_secrets.tpl")
    return {
        "description": "Every setting of docs/configuration.md that is no secret and has no place of its own.",
        "type": "object",
        "additionalProperties": False,
        "properties": {camel(name): _plain(known[name]) for name in free()},
    }


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field's schema without what pydantic tells itself; a setting that is not given is not there."""
    options = [option for option in field.get("anyOf", [field]) if option.get("type") != "null"]
    told = {"title", "default", "anyOf", "format", "writeOnly"}
    return {key: value for option in (*options, field) for key, value in option.items() if key not in told}


def places_table() -> str:
    """Return the settings that have a place of their own, in Markdown."""
    rows = [f"| `LEADFLOW_{name.upper()}` | {place} |" for name, place in PLACES.items()]
    rows += [f"| `LEADFLOW_{name.upper()}` | `secrets.keys.{camel(name)}` |" for name in SECRETS]
    return "\n".join(["| setting | where |", "|---|---|", *rows])
