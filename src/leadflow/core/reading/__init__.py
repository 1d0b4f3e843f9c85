"""Reading a touchpoint: from the client's own bytes to identifiers and to the signal that scoring counts.

Whatever JSON was sent, reading never raises: what cannot be understood is left out.
"""

from leadflow.core.reading.envelope import Envelope
from leadflow.core.reading.event import Event, read_event
from leadflow.core.reading.identifiers import CONVERSION_EVENTS, Identifiers, Sent, identify, read_identifiers
from leadflow.core.reading.sender import SenderFields, read_sent, sent_by
from leadflow.core.reading.signal import hear, read_signal

__all__ = [
    "CONVERSION_EVENTS",
    "Envelope",
    "Event",
    "Identifiers",
    "SenderFields",
    "Sent",
    "hear",
    "identify",
    "read_event",
    "read_identifiers",
    "read_sent",
    "read_signal",
    "sent_by",
]
