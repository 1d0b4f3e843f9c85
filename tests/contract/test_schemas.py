"""The schema files: current, valid, and true to what is really encoded."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from leadflow.cli.schemas import BASELINE, drift, incompatible, write
from leadflow.contracts.lead import (
    ChangeTrigger,
    Contribution,
    Criterion,
    MarketingSource,
    ModelRef,
    NextStage,
    ScoreView,
    StageChanged,
)
from leadflow.contracts.schemas import CONTRACTS, files
from leadflow.contracts.topics import TOPICS
from leadflow.contracts.touchpoint import Touchpoint

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"

CHANGE = StageChanged(
    id="c1",
    profile_id="p1",
    sequence=1,
    from_="visitor",
    to="lead",
    at="2026-01-01T00:00:00.000Z",
    decided_at="2026-01-01T00:00:00.000Z",
    trigger=ChangeTrigger(message_id="m1", rule="form"),
    score=ScoreView(engagement=8.0, fit=0.0, grade="B", completeness=6.0, total=14.0, temperature="cold"),
    contributions=(Contribution(rule="form", count=1, points=8.0, age_s=0),),
    criteria=(Criterion(text="left a contact", met=True),),
    next=NextStage(stage="mql", missing=("engagement of 50",)),
    model=ModelRef(name="b2b", version="1"),
    source=MarketingSource(conversion="Form Submitted", channel="direct", campaign=None),
)


def test_the_committed_schemas_are_those_of_the_wire_types() -> None:
    """`make schemas` has been run since the types changed."""
    assert list(drift(SCHEMAS)) == []


def test_nothing_that_was_released_has_been_broken() -> None:
    """Every topic can still be read by those who knew the baseline."""
    assert list(incompatible(SCHEMAS)) == []


def test_every_topic_has_a_schema_and_a_baseline() -> None:
    """No topic goes without a contract."""
    names = {f"{topic.name}.json" for topic in TOPICS}
    assert names == files().keys() == {path.name for path in (SCHEMAS / BASELINE).glob("*.json")}


@pytest.mark.parametrize("name", [f"{contract.topic}.json" for contract in CONTRACTS])
def test_each_file_is_a_valid_json_schema(name: str) -> None:
    """The files hold to the 2020-12 dialect that they name."""
    jsonschema.Draft202012Validator.check_schema(json.loads(files()[name]))


def test_an_encoded_stage_change_satisfies_its_schema() -> None:
    """The public names (`from`, not `from_`) are what subscribers get."""
    value = json.loads(msgspec.json.encode(CHANGE))
    jsonschema.validate(value, json.loads(files()["stage-changes.json"]))
    assert value["from"] == "visitor"


def test_an_encoded_touchpoint_satisfies_its_schema() -> None:
    """Defaults are left out, and the client's own bytes may be any JSON."""
    touchpoint = Touchpoint(
        message_id="m", source="web", type="track", at=1, received_at=1, body=msgspec.Raw(b'{"event":"x"}')
    )
    value = json.loads(msgspec.json.encode(touchpoint))
    jsonschema.validate(value, json.loads(files()["touchpoints.json"]))
    assert "context" not in value


def test_drift_is_noticed(tmp_path: Path) -> None:
    """A changed, a missing and a superfluous file are each named."""
    write(tmp_path)
    assert list(drift(tmp_path)) == []
    (tmp_path / "rejected.json").write_text("{}")
    (tmp_path / "resolved.json").unlink()
    (tmp_path / "other.json").write_text("{}")
    found = "\n".join(drift(tmp_path))
    assert all(name in found for name in ("rejected.json", "resolved.json", "other.json"))


def test_an_incompatible_change_since_the_baseline_is_noticed(tmp_path: Path) -> None:
    """A property that the baseline has and the types do not is a break."""
    write(tmp_path / BASELINE)
    released = tmp_path / BASELINE / "lead-scores.json"
    old = json.loads(released.read_text())
    old["$defs"]["LeadScore"]["properties"]["owner"] = {"type": "string"}
    released.write_text(json.dumps(old))
    assert list(incompatible(tmp_path)) == ["lead-scores $.owner: was removed or renamed"]
