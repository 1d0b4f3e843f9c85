"""The JSON Schema (2020-12) of every topic's value, generated from the wire types: the types are the one source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import msgspec

from leadflow.contracts import topics
from leadflow.contracts.identity import IdentityRecord
from leadflow.contracts.lead import LeadAlert, LeadScore, StageChanged
from leadflow.contracts.resolved import ResolvedRecord
from leadflow.contracts.touchpoint import Rejected, Touchpoint

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAJOR = 1
"""Part of each schema's id. It rises with a break that was made on purpose; see docs/contracts.md."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A topic's value type. `public`: subscribers outside Leadflow read it."""

    topic: str
    value: Any
    public: bool


CONTRACTS = (
    Contract(topics.TOUCHPOINTS, Touchpoint, public=False),
    Contract(topics.IDENTITY, IdentityRecord, public=False),
    Contract(topics.RESOLVED, ResolvedRecord, public=False),
    Contract(topics.LEAD_SCORES, LeadScore, public=True),
    Contract(topics.STAGE_CHANGES, StageChanged, public=True),
    Contract(topics.LEAD_ALERTS, LeadAlert, public=True),
    Contract(topics.REJECTED, Rejected, public=True),
)


def schema_of(contract: Contract) -> dict[str, Any]:
    """Return the schema of one topic's value as a JSON document."""
    # msgspec cannot write a default that is Raw (its generator turns defaults into plain values, and refuses that one).
    with mock.patch("msgspec._json_schema.to_builtins", _plain):
        schema = msgspec.json.schema(contract.value)
    head = {"$schema": DIALECT, "$id": f"urn:leadflow:schema:{contract.topic}:{MAJOR}", "title": contract.topic}
    return {**head, **schema}


def _plain(value: Any, **options: Any) -> Any:
    """Turn a default into plain values; a Raw one is the JSON that it holds."""
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else msgspec.to_builtins(value, **options)


def files() -> Mapping[str, bytes]:
    """Return every schema file by name, in the one form in which it is stored."""
    return {
        f"{contract.topic}.json": msgspec.json.format(
            msgspec.json.encode(schema_of(contract), order="sorted"), indent=2
        )
        + b"\n"
        for contract in CONTRACTS
    }
