"""What is going to be sent in a run, all of it planned ahead: the same seed and size give the same requests."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kill.crowd import Crowd, Json

BEGIN = datetime(2025, 3, 3, tzinfo=UTC)  # long past, so that no clock of a machine clamps it
LATEST = timedelta(days=30)  # how late a touchpoint may be told
_ACTIVE = 40  # people at once
_MOST = 20  # events in a batch
_RECENT = 500  # events from which repetitions are drawn


@dataclass(frozen=True, slots=True)
class Request:
    """A path of the observer, and the events in its body; `unusable`: the message ids of those that it refuses."""

    path: str
    events: tuple[Json, ...]
    unusable: frozenset[str] = frozenset()


class Workload:
    """People with three devices each, an address, some with a phone and a log-in; repetitions, late and old events.

    A repetition may be another copy: the same message id without the e-mail, on another partition. Whichever copy is
    stored first stands, so what a run has to come to is only known from what it has stored.
    """

    def __init__(self, seed: int, touchpoints: int) -> None:
        """`touchpoints`: different message ids, at least; repetitions come on top."""
        self._dice = random.Random(f"workload-{seed}")  # noqa: S311  a story to tell again, no secret
        self._crowd = Crowd(f"s{seed}-0", seed, active=_ACTIVE, begin=BEGIN)
        self._told: list[Json] = []
        self.requests = tuple(self._requests(touchpoints))

    def _requests(self, touchpoints: int) -> Iterator[Request]:
        while len(self._told) < touchpoints:
            chance = self._dice.random()
            if chance < 0.3:
                event = self._event()
                yield Request(f"/v1/{event['type']}", (event,))
            else:
                yield self._batch("/v1/import" if chance < 0.36 else "/v1/batch")

    def _batch(self, path: str) -> Request:
        events = [self._event() for _ in range(self._dice.randint(2, _MOST))]
        unusable: frozenset[str] = frozenset()
        if self._dice.random() < 0.3:
            events.append(self._repetition())
        if self._dice.random() < 0.02:
            nobody = {"type": "track", "event": "Search", "messageId": f"{events[0]['messageId']}-nobody"}
            events.append(nobody)
            unusable = frozenset({nobody["messageId"]})
        self._dice.shuffle(events)
        return Request(path, tuple(events), unusable)

    def _event(self) -> Json:
        """The next thing that somebody does; some tell it late, some are logged in."""
        event = self._crowd.touchpoint()
        if self._dice.random() < 0.1:
            at = datetime.fromisoformat(event["timestamp"]) - self._dice.random() * LATEST
            event["timestamp"] = at.isoformat()
        if event.get("event") == "Feature Used":
            event["userId"] = f"user-{event['anonymousId'].rpartition('-')[0]}"
        self._told.append(event)
        return event

    def _repetition(self) -> Json:
        event = self._dice.choice(self._told[-_RECENT:])
        if self._dice.random() < 0.5:
            return event
        return {name: value for name, value in event.items() if name not in {"traits", "userId"}}
