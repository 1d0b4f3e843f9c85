"""Which series there are: what the code declares, what the rules record, and what every Python process tells."""

import re
from functools import cache

from observability.rule_files import recorded
from prometheus_client import REGISTRY

# Importing declares them.
import leadflow.metrics  # noqa: F401

_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
_OF_EVERY_PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"}
_OF_PROMETHEUS = {"up", "ALERTS"}
_STRING = re.compile(r'"[^"]*"')
_NAME = re.compile(r"\b(?:leadflow[a-z0-9_:]*|process_[a-z_]+|up|ALERTS)\b")


@cache
def known() -> frozenset[str]:
    """Every name that a query may use."""
    describing = [one for one in REGISTRY._collector_to_names if hasattr(one, "describe")]
    families = [family for collector in describing for family in collector.describe()]
    declared = {f"{family.name}{suffix}" for family in families for suffix in _SUFFIXES.get(family.type, ())}
    return frozenset(declared | recorded() | _OF_EVERY_PROCESS | _OF_PROMETHEUS)


def used(expression: str) -> set[str]:
    """The names that an expression uses; those within its strings are none."""
    return set(_NAME.findall(_STRING.sub('""', expression)))
