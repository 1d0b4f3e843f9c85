"""The topics, for those who have Strimzi make them."""

import yaml

from leadflow.contracts.topics import TOPICS, Topic
from leadflow.runtime.settings import load_settings
from leadflow.runtime.topics import topics_of

_PROBE = 12_345  # days; no topic has them by itself


def topics_yaml() -> str:
    """Return the list that templates/kafka/topics.yaml reads.

    `partitions` 0: kafka.partitions. `retentionDays` 0: for ever. `adjustable`: settings.retentionDays stands over it.
    """
    adjusted = topics_of(load_settings(retention_days=_PROBE))
    topics = [_topic(topic, asked) for topic, asked in zip(TOPICS, adjusted, strict=True)]
    head = "# Made by `make chart` from leadflow.contracts.topics.\n"
    return head + yaml.safe_dump({"topics": topics}, sort_keys=False)


def _topic(topic: Topic, asked: Topic) -> dict[str, object]:
    return {
        "name": topic.name,
        "partitions": topic.partitions or 0,
        "cleanup": topic.cleanup,
        "retentionDays": topic.retention_days or 0,
        "adjustable": asked.retention_days == _PROBE,
    }
