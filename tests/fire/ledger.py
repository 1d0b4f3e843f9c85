"""What senders know: which messages were acknowledged to them, and every answer with its time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPResponse
from threading import Lock

from kill.crowd import Json

OK, BUSY, NOBODY, CUT = 200, 503, 0, -1
"""Statuses; 0: nobody listens, -1: the connection ended before the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt: when it ended (monotonic), how long it took, and its status."""

    at: float
    seconds: float
    status: int


@dataclass(slots=True)
class Ledger:
    """Shared by the threads of all senders."""

    acknowledged: dict[str, Json] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)  # acknowledged, though nobody can use them: they go to `rejected`
    answers: list[Answer] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def note(self, answer: Answer) -> None:
        """One attempt has ended."""
        with self._lock:
            self.answers.append(answer)

    def acknowledge(self, events: Sequence[Json], unusable: frozenset[str] = frozenset()) -> None:
        """These are durable from now on."""
        with self._lock:
            self.acknowledged.update((one["messageId"], one) for one in events if one["messageId"] not in unusable)
            self.refused |= unusable

    def judge(self, response: HTTPResponse, content: bytes) -> None:
        """A full success, or a 503 that says when to come again; anything else is noted as unexpected."""
        shed = response.status == BUSY and response.getheader("Retry-After") is not None
        if not shed and (response.status, content) != (OK, b'{"success":true}'):
            with self._lock:
                self.unexpected.append(f"{response.status} {content[:200]!r}")

    def count(self, status: int) -> int:
        """How many attempts had this status."""
        with self._lock:
            return sum(answer.status == status for answer in self.answers)

    def seconds(self, which: Callable[[Answer], bool]) -> list[float]:
        """How long the attempts of a kind took, sorted."""
        with self._lock:
            return sorted(answer.seconds for answer in self.answers if which(answer))
