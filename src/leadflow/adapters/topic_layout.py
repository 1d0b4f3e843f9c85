"""Which topics there are, how many partitions each has, and where a key belongs."""

from collections.abc import Callable, Iterable, Mapping
from zlib import crc32

from leadflow.contracts.topics import TOPICS, Topic
from leadflow.ports import Emit

Place = tuple[str, int]
"""(topic, partition)."""


class TopicLayout:
    """The topics with their partition counts.

    `partitions`: the count of those that do not fix their own, or each topic's count. `digest`: what a key's UTF-8
    bytes become before the remainder is taken.
    """

    def __init__(
        self,
        partitions: int | Mapping[str, int],
        topics: Iterable[Topic] = TOPICS,
        digest: Callable[[bytes], int] = crc32,
    ) -> None:
        if isinstance(partitions, int) and partitions < 1:
            raise ValueError(f"{partitions} partitions: a topic needs at least one")
        self.topics = {topic.name: topic for topic in topics}
        self._digest = digest
        self._counts = (
            {name: topic.partitions or partitions for name, topic in self.topics.items()}
            if isinstance(partitions, int)
            else {name: partitions[name] for name in self.topics}
        )

    def partitions(self, topic: str) -> int:
        """How many partitions `topic` has; ValueError if it is unknown."""
        try:
            return self._counts[topic]
        except KeyError:
            raise ValueError(f"there is no topic {topic!r}; known: {', '.join(sorted(self._counts))}") from None

    def partition_for(self, topic: str, key: str) -> int:
        """The digest of the key, modulo the count: the same in every process and run."""
        return self._digest(key.encode()) % self.partitions(topic)

    def check(self, topic: str, partition: int) -> Place:
        """The place, if it exists; ValueError otherwise."""
        count = self.partitions(topic)
        if not 0 <= partition < count:
            raise ValueError(f"topic {topic!r} has the partitions 0 to {count - 1}, not {partition}")
        return topic, partition

    def place(self, emit: Emit) -> Place:
        """Where a record goes: its own partition if it names one, else its key's."""
        topic = emit.topic
        if emit.partition is None:
            return topic, self._digest(emit.key.encode()) % (self._counts.get(topic) or self.partitions(topic))
        return self.check(topic, emit.partition)

    def places(self) -> Iterable[Place]:
        """Every partition of every topic, in the order of declaration."""
        return ((topic, partition) for topic, count in self._counts.items() for partition in range(count))
