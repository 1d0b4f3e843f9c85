"""What is rendered: every tier, and in both modes every feature alone, all together and none."""

import functools
from collections.abc import Callable

from chart import features
from chart.render import CHART, Case, Json, merged

# What an operator has to give, whatever the tier.
GIVEN: Json = {
    "secrets": {"existingSecret": "leadflow-secrets"},
    "kafka": {"brokers": ["kafka-0.kafka:9092", "kafka-1.kafka:9092"]},
    "arangodb": {"endpoints": ["arangodb-0.arangodb:8529", "arangodb-1.arangodb:8529"]},
}


def _each(base: Case, wanted: dict[str, Json]) -> tuple[Case, ...]:
    return tuple(base.having(f"{base} with {name}", values) for name, values in wanted.items())


def _all(base: Case, wanted: dict[str, Json]) -> Case:
    return base.having(f"{base} with everything", functools.reduce(merged, wanted.values(), {}))


EMBEDDED = Case("embedded")
DISTRIBUTED = Case("distributed", ("distributed.yaml",)).having("distributed", GIVEN)
TIERS = tuple(
    Case(path.stem, ("distributed.yaml", path.name)).having(path.stem, GIVEN)
    for path in sorted(CHART.glob("tier-*.yaml"))
)
EMBEDDED_EVERYTHING = _all(EMBEDDED, features.ANYWHERE | features.EMBEDDED)
EVERYTHING = _all(DISTRIBUTED, features.ANYWHERE | features.DISTRIBUTED)
ALL = (
    EMBEDDED,
    *_each(EMBEDDED, features.ANYWHERE | features.EMBEDDED),
    EMBEDDED_EVERYTHING,
    DISTRIBUTED,
    *_each(DISTRIBUTED, features.ANYWHERE | features.DISTRIBUTED | features.APART),
    EVERYTHING,
    *TIERS,
)


def in_every_case(check: Callable[[Case], None]) -> Callable[[], None]:
    """Make a check of one case a test over all: a parameter a case would cost more than what most checks do."""

    def test() -> None:
        for case in ALL:
            try:
                check(case)
            except Exception as error:
                error.add_note(f"in the case {case}")
                raise

    test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
    return test
