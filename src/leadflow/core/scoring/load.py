"""A model file as a Model. Every problem is found in one go and named with its line."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from leadflow.core.scoring import load_rules, load_stages
from leadflow.core.scoring.model import GroupKind, Model, Rule, Settings
from leadflow.core.scoring.places import ModelError, Place, read_places

__all__ = ["ModelError", "load_model", "shipped_model"]

PARTS = (
    "model",
    "time_zone",
    "facts",
    "events",
    "groups",
    "fit",
    "completeness",
    "source_quality",
    "grades",
    "temperature",
    "stages",
    "detours",
    "flags",
    "settings",
)


def load_model(text: str, origin: str) -> Model:
    """Read a model from YAML; `origin` is the file's name for messages.

    Raises ModelError, whose message has a line `origin:line: what, and what is allowed` for each problem.
    """
    whole, problems = read_places(text, origin)
    content = whole.plain()
    problems.raise_any()
    found = whole.fields(PARTS)
    problems.raise_any()  # with a part missing the rest would only be noise
    model = _model(found, _version(content))
    problems.raise_any()
    return model


@lru_cache  # frozen, and dear to read
def shipped_model(name: str = "b2b") -> Model:
    """A model that comes with Leadflow. Raises ModelError when there is none of that name."""
    file = resources.files("leadflow.models") / f"{name}.yaml"
    if not name.replace("-", "").isalnum() or not file.is_file():
        raise ModelError(f"there is no shipped model {name!r}")
    return load_model(file.read_text(encoding="utf-8"), f"{name}.yaml")


def _model(found: Mapping[str, Place], version: str) -> Model:
    taken: dict[str, int] = {}
    facts = load_rules.read_facts(found["facts"])
    groups = load_rules.read_groups(found["groups"], taken)
    default_quality, factors = load_rules.read_quality(found["source_quality"])
    rules: dict[str, Rule] = {rule.id: rule for group in groups for rule in group.rules}
    kinds: dict[str, GroupKind] = {rule.id: group.kind for group in groups for rule in group.rules}
    return Model(
        name=found["model"].text(),
        version=version,
        time_zone=_time_zone(found["time_zone"]),
        facts=facts,
        events=load_rules.read_events(found["events"]),
        groups=groups,
        fit=load_rules.read_fit(found["fit"], facts, taken),
        completeness=load_rules.read_completeness(found["completeness"], facts),
        source_quality=factors,
        default_quality=default_quality,
        grades=load_rules.read_grades(found["grades"]),
        temperatures=load_rules.read_temperatures(found["temperature"]),
        stages=load_stages.read_stages(found["stages"]),
        detours=load_stages.read_detours(found["detours"]),
        flags=load_stages.read_flags(found["flags"]),
        settings=_settings(found["settings"]),
        rules=rules,
        kinds=kinds,
    )


def _settings(place: Place) -> Settings:
    names = ("target_professions", "target_industries", "target_countries")
    sets = ("competitor_domains", "free_mail_domains", "free_plans")
    found = place.fields((*names, *sets, "trial_lasts"))

    def texts(name: str) -> tuple[str, ...]:
        return found[name].texts() if name in found else ()

    def lowered(name: str) -> frozenset[str]:
        return frozenset(text.lower() for text in texts(name))

    return Settings(
        target_professions=texts("target_professions"),
        target_industries=texts("target_industries"),
        target_countries=texts("target_countries"),
        competitor_domains=lowered("competitor_domains"),
        free_mail_domains=lowered("free_mail_domains"),
        free_plans=lowered("free_plans"),
        trial_lasts=found["trial_lasts"].duration() if "trial_lasts" in found else 0,
    )


def _time_zone(place: Place) -> str:
    name = place.text()
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # a name that is not known, or that is a path out of the data base
        place.wrong(f"{name!r} is no time zone: names such as Asia/Ho_Chi_Minh or UTC are allowed")
        return "UTC"
    return name


def _version(content: object) -> str:
    """Twelve hexadecimal digits of the content; comments, order of keys and layout do not matter."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(canonical).hexdigest()[:12]
