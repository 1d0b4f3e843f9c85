"""What is rendered: every tier, and on one of them every feature alone, all together and none."""

import functools

from chart.render import CHART, Case, Json, merged

# What an operator has to give, whatever the tier.
GIVEN: Json = {
    "secrets": {"existingSecret": "leadflow-secrets"},
    "kafka": {"brokers": ["kafka-0.kafka:9092", "kafka-1.kafka:9092"]},
    "arangodb": {"endpoints": ["arangodb-0.arangodb:8529", "arangodb-1.arangodb:8529"]},
}
FEATURES: dict[str, Json] = {}

EMBEDDED = Case("embedded")
DISTRIBUTED = Case("distributed", ("distributed.yaml",)).having("distributed", GIVEN)
TIERS = tuple(
    Case(path.stem, ("distributed.yaml", path.name)).having(path.stem, GIVEN)
    for path in sorted(CHART.glob("tier-*.yaml"))
)
BASE = TIERS[0] if TIERS else DISTRIBUTED
FEATURED = (
    *(BASE.having(f"{BASE} with {name}", values) for name, values in FEATURES.items()),
    BASE.having(f"{BASE} with everything", functools.reduce(merged, FEATURES.values(), {})),
)
ALL = (EMBEDDED, DISTRIBUTED, *TIERS, *FEATURED)
