"""People who turn up, act on two devices and a phone, and leave their address: who is one person comes out late."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

ACTIVE = 6  # at once: several clients speak of one person at the same time
STEPS = 9
_ACTS: tuple[Json, ...] = (
    {"type": "track", "event": "Search"},
    {"type": "track", "event": "Pricing Viewed"},
    {"type": "page", "context": {"page": {"path": "/blog/x"}}},
    {"type": "track", "event": "Feature Used"},
    {"type": "track", "event": "Email Clicked"},
)


class Crowd:
    """An endless row of touchpoints, the same for the same seed. Not for several threads at once."""

    def __init__(self, name: str, seed: int, *, active: int = ACTIVE, begin: datetime | None = None) -> None:
        """`name` makes the ids of two crowds differ. Everything happens in the three days after `begin`."""
        self._name = name
        self._random = random.Random(seed)  # noqa: S311  a story to tell again, no secret
        self._born = 0
        self._messages = 0
        self._begin = begin or datetime.now(UTC) - timedelta(days=3)
        self._ahead = [self._person() for _ in range(active)]

    def touchpoint(self) -> Json:
        """The next one, by somebody of those who are around."""
        place = self._random.randrange(len(self._ahead))
        event = self._ahead[place].pop()
        if not self._ahead[place]:
            self._ahead[place] = self._person()
        self._messages += 1
        at = self._begin + timedelta(minutes=self._messages % 4_000)
        return {**event, "messageId": f"{self._name}-{self._messages}", "timestamp": at.isoformat()}

    def _person(self) -> list[Json]:
        """What a new person is going to do, the last thing first."""
        self._born += 1
        who = f"{self._name}-p{self._born}"
        devices = [f"{who}-{letter}" for letter in "abc"]
        contact = {"email": f"{who}@mail.example"}
        own = {"phone": f"+8490{self._born % 10_000_000:07d}"} if self._name.endswith("0") else {}
        known: list[Json] = [
            {"type": "identify", "anonymousId": devices[0], "traits": contact},
            {"type": "identify", "anonymousId": devices[1], "traits": contact},
            {"type": "track", "event": "Form Submitted", "anonymousId": devices[1], "properties": {**contact, **own}},
            {"type": "track", "event": "Demo Requested", "anonymousId": devices[2], "properties": {**contact, **own}},
        ]
        if self._random.random() < 0.3:
            known.append({"type": "track", "event": "Order Completed", "anonymousId": devices[2]})
        acts = [
            {**self._random.choice(_ACTS), "anonymousId": self._random.choice(devices)}
            for _ in range(STEPS - len(known))
        ]
        story = known + acts
        self._random.shuffle(story)
        return story
