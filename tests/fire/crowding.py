"""One profile with half of all touchpoints, or thousands of ids storming one address: what the others notice of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from fire import promises
from fire.aftermath import look_around
from fire.cast import Cast, distributed, initialise, playing
from fire.outage import quantile
from fire.senders import Senders
from fire.settling import settle
from fire.subscriber import Subscriber
from fire.workload import Request, Workload
from kill.crowd import Json
from pipeline.aftermath import Aftermath, broken
from pipeline.in_memory import MODEL
from tools.broker import Cluster

from leadflow.core.time import SECOND, from_rfc3339

BATCH = 20
SHARED = "info-desk@storm.example"
Numbers = dict[str, Any]


def hot_profile(touchpoints: int) -> list[Request]:
    """One person who does as much as all the others together."""
    who = {"anonymousId": "hot-device", "userId": "hot-user"}
    return _batches(
        {"type": "track", "event": "Feature Used", "messageId": f"hot-{number}", **who} for number in range(touchpoints)
    )


def merge_storm(ids: int) -> list[Request]:
    """Anonymous ids, all of which claim one e-mail address: more than a profile may have."""
    return _batches(
        {
            "type": "identify",
            "anonymousId": f"storm-{number}",
            "messageId": f"storm-{number}",
            "traits": {"email": SHARED},
        }
        for number in range(ids)
    )


def _batches(events: Iterable[Json]) -> list[Request]:
    rows = zip_longest(*[iter(events)] * BATCH)
    return [Request("/v1/batch", tuple(event for event in row if event is not None)) for row in rows]


def shuffled_in(others: Sequence[Request], crowd: Sequence[Request]) -> Iterator[Request]:
    """All of both in their orders, the crowd spread evenly among the others."""
    places = [(number / len(row), which) for which, row in enumerate((others, crowd)) for number in range(len(row))]
    rows = (iter(others), iter(crowd))
    return (next(rows[which]) for _, which in sorted(places))


@dataclass(slots=True)
class Pace:
    """Offers so many requests a second to the senders, however fast they are taken."""

    senders: Senders
    a_second: float
    _never: Event = field(default_factory=Event)

    def offer(self, requests: Iterable[Request]) -> None:
        """Return when the last one has been offered."""
        began = monotonic()
        for number, request in enumerate(requests):
            self._never.wait(max(0.0, began + number / self.a_second - monotonic()))
            self.senders.offer([request])


@dataclass(frozen=True, slots=True)
class Crowding:
    """Ordinary people at a steady pace, and beside them whoever crowds."""

    cluster: Cluster
    folder: Path
    others: int  # touchpoints of ordinary people
    a_second: float  # requests of theirs

    def run(self, crowd: Sequence[Request] = ()) -> Numbers:
        """How long it took from the receipt of the others' touchpoints to their stage changes, and all in all."""
        settings = distributed(self.folder, self.cluster.url)
        initialise(self.folder, settings)
        cast = Cast(self.folder, settings)
        ordinary = Workload(0, self.others).requests
        with playing(cast):
            senders = Senders([member.port for member in cast.of("observer")], 0)
            subscriber = Subscriber(self.cluster.bootstrap)
            senders.start()
            subscriber.start()
            began = monotonic()
            faster = 1 + len(crowd) / len(ordinary)
            Pace(senders, self.a_second * faster).offer(shuffled_in(ordinary, crowd))
            senders.finish()
            offered = monotonic() - began
            settle(self.cluster.bootstrap)
            took = monotonic() - began
            subscriber.finish()
            cast.end()
            seen, _ = look_around(self.cluster.bootstrap, self.folder / "store.db")
            wrong = [
                *senders.ledger.unexpected,
                *promises.lost(senders.ledger, (), seen),
                *broken(seen, MODEL),
                *promises.heard_badly(subscriber.changes, seen.changes),
                *promises.ill(cast),
            ]
            assert not wrong, f"{len(wrong)} promises broken, the first: {wrong[:10]}"
        return {**_delays(seen), "offered_s": round(offered, 1), "all done_s": round(took, 1), **_sizes(seen)}


def _delays(seen: Aftermath) -> Numbers:
    """From the receipt of an ordinary touchpoint to the decision that it triggered, in seconds."""
    received = {document.message_id: document.received_at for document in seen.touchpoints.values()}
    took = sorted(
        (from_rfc3339(change.decided_at) - received[change.trigger.message_id]) / SECOND
        for change in seen.changes
        if change.trigger.message_id in received and not change.trigger.message_id.startswith(("hot", "storm"))
    )
    return {"changes": len(took), "p50_s": quantile(took, 0.5), "p99_s": quantile(took, 0.99), "slowest_s": took[-1]}


def _sizes(seen: Aftermath) -> Numbers:
    largest = max(seen.groups().values(), key=len)
    return {"touchpoints": len(seen.touchpoints), "leads": len(seen.leads), "largest profile": len(largest)}
