"""What a touchpoint says about the channels by which a person may be contacted."""

from typing import Any

from leadflow.core.reading.event import Event, Json, object_of, truth_of
from leadflow.core.touchpoint import Action

CHANNELS = ("email", "sms", "push", "ads", "phone")

_UNSUBSCRIBED = frozenset(("unsubscribed", "email unsubscribed"))


def read_consents(event: Event, kind: str, action: Action | None) -> dict[str, bool]:
    """True or false by channel, as far as it is stated. The properties say more about this moment than the traits.

    The traits of the context are heard in identify calls only: SDKs repeat them with every later event, which would
    bring a consent back after it was withdrawn.
    """
    if action is not None:
        granted = truth_of(action.fields.get("granted"))
        channel = action.fields.get("channel")
        return {channel: granted} if action.type == "consent" and channel in CHANNELS and granted is not None else {}
    if kind == "group":
        return _stated(event.properties)
    consents = _stated(event.context_traits) if kind == "identify" else {}
    consents |= _stated(event.traits)
    consents |= _stated(event.properties)
    if kind == "track" and event.normal_name in _UNSUBSCRIBED:
        consents["email"] = False
    return consents


def _stated(fields: Json) -> dict[str, bool]:
    if "consent" not in fields:  # the great majority
        return {}
    consent: dict[str, Any] = {key.lower(): value for key, value in object_of(fields.get("consent")).items()}
    stated = {channel: truth_of(consent.get(channel)) for channel in CHANNELS}
    return {channel: granted for channel, granted in stated.items() if granted is not None}
