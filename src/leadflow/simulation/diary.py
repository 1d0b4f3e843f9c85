"""What one person does, step after step, while it is being told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from leadflow.core.time import SECOND
from leadflow.simulation.people import DIRECT, Origin

StepType = Literal["page", "track", "identify", "group"]
Fields = Mapping[str, Any]

_NOTHING: Fields = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One touchpoint before it has its form on the wire. `at`: milliseconds since the epoch."""

    at: int
    type: StepType
    device: int
    name: str | None = None  # of a track call
    path: str | None = None
    properties: Fields = field(default_factory=dict)
    traits: Fields = field(default_factory=dict)
    mailed: bool = False  # an e-mail tool tells it, and knows the address
    account: bool = False  # signed in: the call carries the account's id
    origin: Origin = DIRECT


class Diary:
    """Steps in the order of time; each comes at least a second after the one before, and none after `end`."""

    def __init__(self, rng: Random, end: int) -> None:
        """Begin an empty diary whose last moment is before `end`, in milliseconds since the epoch."""
        self.steps: list[Step] = []
        self.account = False
        self._rng = rng
        self._end = end
        self._now = 0
        self._path: str | None = None
        self._device = 0
        self._origin = DIRECT

    def visit(self, at: int, device: int, origin: Origin) -> None:
        """Begin a visit on one of the person's devices, not before the last one was over."""
        self._now = max(at, self._now + 1_200 * SECOND if self.steps else at)
        self._device, self._origin, self._path = device, origin, None

    def page(self, path: str, **properties: Any) -> None:
        """Open a page."""
        self._path = path
        self._add("page", properties=properties)

    def track(self, name: str, **properties: Any) -> None:
        """Do something that has a name."""
        self._add("track", name=name, properties=properties)

    def identify(self, traits: Fields) -> None:
        """Say who one is."""
        self._add("identify", traits=traits)

    def group(self, traits: Fields) -> None:
        """Say where one works."""
        self._add("group", traits=traits)

    def mail(self, name: str, **properties: Any) -> None:
        """What the e-mail tool reports."""
        self._add("track", name=name, properties=properties, mailed=True)

    def _add(
        self,
        kind: StepType,
        *,
        name: str | None = None,
        properties: Fields = _NOTHING,
        traits: Fields = _NOTHING,
        mailed: bool = False,
    ) -> None:
        self.steps.append(
            Step(
                at=min(self._now, self._end - 1),
                type=kind,
                device=self._device,
                name=name,
                path=None if mailed else self._path,
                properties=properties,
                traits=traits,
                mailed=mailed,
                account=self.account,
                origin=self._origin,
            )
        )
        self._now += self._rng.randint(1, 90) * SECOND + self._rng.randrange(SECOND)
