"""From settings to the topics."""

import msgspec

from leadflow.contracts import topics
from leadflow.contracts.topics import Topic
from leadflow.runtime.settings import Settings

_ADJUSTABLE = frozenset({topics.TOUCHPOINTS, topics.IDENTITY, topics.RESOLVED})


def topics_of(settings: Settings) -> list[Topic]:
    """Return the topics, with the retention that the settings ask for."""
    return [
        msgspec.structs.replace(topic, retention_days=settings.retention_days) if topic.name in _ADJUSTABLE else topic
        for topic in topics.TOPICS
    ]
