"""The short way to read a record, for the great majority: decoded once, and passed on in the bytes that it came in.

An event that came alone, of a person whom it names, encoded as the observer does. All else goes the ordinary way.
"""

from typing import Literal

import msgspec

from leadflow.core.reading import SenderFields
from leadflow.core.touchpoint import Channel, Quality
from leadflow.pipeline.processor.senders import Sender, Senders


class Sighting(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """A Touchpoint whose event is read as far as it tells who sent it: no action, no batch's context.

    Every field is there with its type, because what is passed on must be what the next hops can read.
    """

    message_id: str
    source: str
    type: Literal["identify", "track", "page", "screen", "group", "alias"]
    at: int
    received_at: int
    body: SenderFields
    channel: Channel = "server"
    quality: Quality | None = None
    historical: bool = False
    bot: bool = False
    ip: str | None = None
    repair: int = 0


_decode = msgspec.json.Decoder(Sighting).decode


def sight(value: bytes, senders: Senders) -> tuple[Sighting, Sender] | None:
    """A record's touchpoint and its sender; None where only the ordinary way can tell."""
    try:
        sighting = _decode(value)
        sender = senders.told_by(sighting.body, sighting.type)
    except Exception:  # noqa: BLE001  the ordinary way says what is wrong with it
        return None
    return (sighting, sender) if sender.keys else None
