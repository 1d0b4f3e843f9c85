"""What happens to whom, by seed: deaths, stops, sleeps longer than a session, and newcomers, one after the other."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic

from e2e.waiting import wait_for
from fire.cast import SESSION_SECONDS, Cast
from fire.member import Member

ASLEEP = SESSION_SECONDS * 2
PATIENCE = 180.0  # seconds until the others must have got on


class Deed(StrEnum):
    """What may be done to a member."""

    KILL = "kill -9"
    STOP = "SIGTERM"
    FREEZE = "SIGSTOP"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class Scene:
    """One deed on a member of a role; `chance` decides on the moment and the member, `at_once` on its return."""

    deed: Deed
    role: str
    chance: float
    at_once: bool

    def __str__(self) -> str:
        return f"{self.deed.value} {self.role}"


_SURE = (
    (Deed.KILL, "processor"),
    (Deed.FREEZE, "scoring"),
    (Deed.KILL, "observer"),
    (Deed.JOIN, "processor"),
    (Deed.STOP, "scoring"),
    (Deed.FREEZE, "processor"),
    (Deed.KILL, "scoring"),
    (Deed.JOIN, "scoring"),
    (Deed.STOP, "processor"),
    (Deed.STOP, "observer"),
    (Deed.KILL, "admin-api"),
)
"""Every run sees these, in an order of its own; longer ones more of the same."""


def scenes(seed: int, number: int) -> tuple[Scene, ...]:
    """The schedule of a run."""
    dice = random.Random(f"chaos-{seed}")  # noqa: S311  a story to tell again, no secret
    deeds: list[tuple[Deed, str]] = []
    while len(deeds) < number:
        deeds += dice.sample(_SURE, len(_SURE))
    return tuple(Scene(deed, role, dice.random(), dice.random() < 0.5) for deed, role in deeds[:number])


@dataclass(slots=True)
class Chaos:
    """Does the deeds, and brings everybody back in time. `done` is the schedule as it came."""

    cast: Cast
    done: list[str] = field(default_factory=list)
    _asleep: dict[str, float] = field(default_factory=dict)  # until when (monotonic)
    _away: list[Member] = field(default_factory=list)  # dead or stopping, to be started again

    def play(self, scene: Scene) -> None:
        """Do one deed; those who are still away from earlier ones come back before."""
        self._bring_back()
        if scene.deed is Deed.JOIN:
            if len(self.cast.of(scene.role)) < 5:
                member = self.cast.enter(scene.role)
                member.start()
                self.done.append(f"{member.name} joins")
            return
        up = [member for member in self.cast.of(scene.role) if member.alive and not member.frozen]
        if not up:
            return
        member = up[int(scene.chance * len(up))]
        self.done.append(f"{scene.deed.value} {member.name}")
        if scene.deed is Deed.FREEZE:
            member.freeze()
            self._asleep[member.name] = monotonic() + ASLEEP
            return
        if scene.deed is Deed.KILL:
            member.kill()
        else:
            member.ask_to_stop()
        self._away.append(member)
        if scene.at_once:
            self._bring_back()

    def wait_until(self, progress: Callable[[], bool], what: str) -> None:
        """Until the others get on; sleepers wake up meanwhile."""

        def look() -> bool:
            self._wake()
            self._check()
            return progress()

        wait_for(look, what, seconds=PATIENCE)

    def calm(self) -> None:
        """Everybody is back and ready."""
        self._bring_back()
        self.wait_until(lambda: not self._asleep, "the end of every sleep")
        for member in self.cast.members:
            member.wait_until_ready()

    def _bring_back(self) -> None:
        """Start those who are away; one that was asked to stop has ended in the regular way before."""
        for member in self._away:
            if member.alive:
                member.wait_until_stopped()
            member.start()
        self._away.clear()

    def _wake(self) -> None:
        for member in self.cast.members:
            if member.name in self._asleep and self._asleep[member.name] < monotonic():
                member.thaw()
                del self._asleep[member.name]
                self.done.append(f"{member.name} wakes up")

    def _check(self) -> None:
        """Nobody ends by itself."""
        gone: Sequence[Member] = [one for one in self.cast.members if one not in self._away and not one.alive]
        assert not gone, f"{', '.join(f'{one.name} ended by itself with {one.code}' for one in gone)}"
