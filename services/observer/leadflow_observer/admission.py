"""How much the observer takes on at once: beyond it, requests are turned away before their bodies are read."""


class Admission:
    """Counts requests and the bytes that their bodies may take up."""

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self.inside = 0  # requests
        self._requests = max_requests
        self._bytes = max_bytes

    def enter(self, size: int) -> bool:
        """Let a request of up to `size` bytes in, if there is room; every True needs one `leave`."""
        if self.inside >= self._requests or self._bytes < size:
            return False
        self.inside += 1
        self._bytes -= size
        return True

    def leave(self, size: int) -> None:
        """Give the room back."""
        self.inside -= 1
        self._bytes += size
