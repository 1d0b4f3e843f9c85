"""Where in a trace something happened: W3C Trace Context, as far as records carry it."""

import hashlib
import re
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One span of one trace: lower-case hexadecimal, 32 and 16 digits. `sampled`: somebody wants to see it."""

    trace: str
    span: str
    sampled: bool = True

    def inner(self, place: str) -> "TraceContext":
        """The span of what happens to this one at `place`.

        A digest, not a random number: whoever does the same work again, after a crash, writes the same context.
        """
        digest = hashlib.blake2b(f"{self.trace}-{self.span}-{place}".encode(), digest_size=8)
        return TraceContext(self.trace, digest.hexdigest(), self.sampled)

    def traceparent(self) -> str:
        """The value of the header `traceparent`."""
        return f"00-{self.trace}-{self.span}-{_SAMPLED if self.sampled else 0:02x}"


def read_traceparent(text: str) -> TraceContext | None:
    """Read a `traceparent` (W3C Trace Context, 2021, 3.2); None if it is none. Later versions may go on behind it."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if (version == "00" and more) or trace == _NO_TRACE or span == _NO_SPAN:
        return None
    return TraceContext(trace, span, sampled=bool(int(flags, 16) & _SAMPLED))
