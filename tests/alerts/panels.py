"""What dashboards and rules ask for, asked of a Prometheus."""

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress

from alerts.traffic import flowing
from e2e.waiting import wait_for
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


def of_kafka(place: str) -> bool:
    """Whether a question is about what there is on Kafka alone."""
    return place.partition(": ")[2].startswith(("Transactions ", "Transactions given up ", "Rebalances "))


def answered(prometheus: Prometheus, expression: str) -> bool:
    """Whether it gets a number as its answer now."""
    return any(not math.isnan(sample.value) for sample in prometheus.query(expression))


def unanswered_on_kafka(prometheus: Prometheus, port: int, seconds: float = 60.0) -> list[str]:
    """The questions about Kafka that get no number while people come and go; none, if all is well."""
    still = {place: query for place, query in questions() if of_kafka(place)}

    def all_answered() -> bool:
        for place in [place for place, query in still.items() if answered(prometheus, query)]:
            del still[place]
        return not still

    with flowing(port), suppress(AssertionError):
        wait_for(all_answered, "an answer to every query", seconds=seconds, pause=1.0)
    return list(still)
