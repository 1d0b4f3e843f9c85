"""What a lead's document keeps of its touchpoints beside the tally: traits, and when the person was last seen."""

from leadflow.core.scoring.tally import Stated
from leadflow.core.touchpoint import Signal

MAX_TRAITS = 200  # per leaf; the first by name stay, so that order does not matter


def latest_traits(traits: dict[str, Stated], signal: Signal) -> dict[str, Stated]:
    """Last writer wins per trait, by (event time, message id)."""
    if not signal.traits:
        return traits
    latest = dict(traits)
    for name, value in signal.traits.items():
        known = latest.get(name)
        if known is None or (known.at, known.message_id) < (signal.at, signal.message_id):
            latest[name] = Stated(signal.at, signal.message_id, value)
    return {name: latest[name] for name in sorted(latest)[:MAX_TRAITS]}


def latest_seen(known: int | None, signal: Signal) -> int | None:
    """Sales acting on a lead, and events marked as not active, do not mean that the person was seen."""
    if not signal.active or signal.type == "action":
        return known
    return signal.at if known is None or known < signal.at else known
