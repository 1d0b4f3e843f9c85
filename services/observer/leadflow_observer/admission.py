"""How much the observer takes on at once: beyond it, requests are turned away before their bodies are read."""

from leadflow.pipeline.backlog import RETRY_SECONDS, Backlog
from leadflow.pipeline.ingest.refusal import Refusal, try_later

_BEHIND = try_later(503, "behind", "what came before has to be worked off: send it again", RETRY_SECONDS)
_OVERLOADED = try_later(503, "overloaded", "too many requests at once: send it again")


class Admission:
    """Counts requests and the bytes that their bodies may take up, and looks at the backlog."""

    def __init__(self, max_requests: int, max_bytes: int, backlog: Backlog) -> None:
        self.inside = 0  # requests
        self._requests = max_requests
        self._bytes = max_bytes
        self._backlog = backlog

    def enter(self, size: int) -> Refusal | None:
        """Let a request of up to `size` bytes in, if there is room. None: it is in, and needs one `leave`."""
        if self._backlog.full:
            return _BEHIND
        if self.inside >= self._requests or self._bytes < size:
            return _OVERLOADED
        self.inside += 1
        self._bytes -= size
        return None

    def leave(self, size: int) -> None:
        """Give the room back."""
        self.inside -= 1
        self._bytes += size
