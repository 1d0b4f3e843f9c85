"""What can go wrong between a client and a database, by a seed: before a request is done, and after."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Troubles:
    """Shares, 0 to 1, of requests (conflicts: of written documents) that meet each trouble; all 0 at first.

    `unavailable`: 503. `reset`: the connection ends before anything is done. `lost`: it ends after all is done.
    `torn`: all is done, and the answer breaks off in its middle. `stalled`: all is done, and the answer never comes.
    `conflict`: error 1200, nothing done. `latency` in seconds.
    """

    seed: int = 0
    unavailable: float = 0.0
    reset: float = 0.0
    lost: float = 0.0
    torn: float = 0.0
    stalled: float = 0.0
    conflict: float = 0.0
    latency: float = 0.0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - trouble that repeats itself

    def strike(self, share: float) -> bool:
        """Whether this one meets the trouble."""
        return share > 0 and self._random.random() < share

    def stop(self) -> None:
        """From now on all goes well."""
        self.become({})

    def become(self, odds: Mapping[str, float]) -> None:
        """From now on these, and no others."""
        for name in ("unavailable", "reset", "lost", "torn", "stalled", "conflict", "latency"):
            setattr(self, name, odds.get(name, 0.0))
