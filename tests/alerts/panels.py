"""What dashboards and rules ask for, asked of a Prometheus."""

import math
from collections.abc import Iterator, Mapping

from observability.rule_files import recorded
from tools.dashboards.files import BOARDS
from tools.prometheus import Prometheus

_GRAFANA: Mapping[str, str] = {"$namespace": ".*", "$__rate_interval": "20s", "$__range": "5m"}
"""What Grafana puts into queries, as it would be with these short intervals."""


def questions() -> Iterator[tuple[str, str]]:
    """Each query with the place where it stands; and each recorded series."""
    for board in BOARDS:
        for panel in board.json()["panels"]:
            for target in panel.get("targets", ()):
                expression = target["expr"]
                for name, value in _GRAFANA.items():
                    expression = expression.replace(name, value)
                yield f"{board.name}: {panel['title']} {target['refId']}", expression
    for name in recorded():
        yield f"rule: {name}", name


def answered(prometheus: Prometheus, expression: str) -> bool:
    """Whether it gets a number as its answer now."""
    return any(not math.isnan(sample.value) for sample in prometheus.query(expression))
