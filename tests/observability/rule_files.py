"""The rule files of the chart, read as data."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import yaml
from tools.prometheus import RULES


@cache
def rules() -> Sequence[dict[str, Any]]:
    """Every rule of every group of every file."""
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(RULES.glob("*.yaml"))]
    return [rule for document in documents for group in document["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> set[str]:
    """The names of the recorded series."""
    return {rule["record"] for rule in rules() if "record" in rule}
