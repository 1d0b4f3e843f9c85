"""Who owns which partition. Ownership moves whenever the schedule wants it to: the old owner is not asked."""

from simulator.faults import Faults
from simulator.faulty_log import FaultyAssignment, Membership
from simulator.schedule import Schedule
from simulator.worker import Worker

from leadflow.adapters.log_memory import MemoryAssignment, MemoryLog, _Ownership

Place = tuple[str, str, int]
"""(group, topic, partition)."""


class Broker:
    """The members of all groups, and the owner of each partition. `batch`: the most records that a fetch returns."""

    def __init__(self, log: MemoryLog, schedule: Schedule, faults: Faults, batch: int) -> None:
        self.schedule = schedule
        self.faults = faults
        self.batch = batch
        self.orphans = False  # whether partitions wait for `settle`; the order of farewells must not matter
        self.ticks = 0  # raised when fetches that wait for records have waited long enough
        self._log = log
        self._members: list[Membership] = []
        self._owners: dict[Place, Membership] = {}

    def join(self, member: Membership) -> None:
        """A new member gets what nobody alive owns and, while faults are on, some of what others own."""
        self._members.append(member)
        for partition in range(self._log.partitions(member.topic)):
            place = (member.group, member.topic, partition)
            owner = self._owners.get(place)
            if owner is None or owner.worker.dead or self.faults.strikes(0.5):
                self._assign(place, member)

    def leave(self, member: Membership) -> None:
        """A member says goodbye: its partitions will go to the others."""
        self._members.remove(member)
        for place, owner in list(self._owners.items()):
            if owner is member:
                del self._owners[place]
                self._fenced(place)
        self.orphans = True

    def settle(self) -> None:
        """Give partitions without a living owner to somebody who is awake, if there is anybody."""
        self.orphans = False
        self._members = [member for member in self._members if not member.worker.dead]
        for member in list(self._members):
            for partition in range(self._log.partitions(member.topic)):
                place = (member.group, member.topic, partition)
                owner = self._owners.get(place)
                if owner is None or owner.worker.dead:
                    self.move(place)

    def move(self, place: Place) -> None:
        """Give a partition to somebody awake who does not own it; the old owner, if it sleeps, will be fenced."""
        owner = self._owners.get(place)
        others = [
            member
            for member in self._members
            if (member.group, member.topic) == place[:2]
            and member is not owner
            and member.worker.awake
            and not member.worker.retired
        ]
        if others:
            self._assign(place, self.schedule.random.choice(others))

    def take_from_sleepers(self) -> None:
        """Their sessions have expired: what they own goes to others."""
        for place, owner in list(self._owners.items()):
            if not owner.worker.awake:
                self.move(place)

    def expire(self, place: Place) -> None:
        """A partition's owner is fenced, before there is another one."""
        self._owners.pop(place)
        self._fenced(place)

    def owns(self, worker: Worker) -> bool:
        """Whether any partition is a worker's."""
        return any(owner.worker is worker for owner in self._owners.values())

    def places(self) -> list[Place]:
        """Every partition that has an owner."""
        return list(self._owners)

    def rewind(self, place: Place, offset: int | None) -> None:
        """Set a group's committed offset, as an operator may, and start the partition's owner anew."""
        self._fenced(place).committed = offset
        self.schedule.note(f"  ! {place} committed := {offset}")
        owner = self._owners.pop(place, None)
        if owner is not None and not owner.worker.dead:
            self._assign(place, owner)
        else:
            self.settle()

    def _assign(self, place: Place, member: Membership) -> None:
        owned = self._fenced(place)
        self._owners[place] = member
        self.schedule.note(f"  {place[1]}[{place[2]}] now belongs to {member.worker.name}")
        member.give(FaultyAssignment(MemoryAssignment(self._log, (place[1], place[2]), owned), member))

    def _fenced(self, place: Place) -> _Ownership:
        """Fence whoever owns a partition; waiting fetches return, so that they notice."""
        owned = self._log._owned.setdefault(place, _Ownership())
        owned.epoch += 1
        self.ticks += 1
        return owned
