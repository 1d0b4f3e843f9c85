"""What befalls the world while it works: touchpoints arrive, workers die, sleep and come, partitions change hands."""

from msgspec.structs import replace
from simulator.scenarios import Scenario
from simulator.story import touchpoints_of
from simulator.worker import Worker
from simulator.world import ROLES, World, at_once, models

from leadflow.contracts.collections import CHECKPOINTS, DECISIONS, LEADS, PROFILES
from leadflow.contracts.topics import IDENTITY, RESOLVED, TOUCHPOINTS
from leadflow.core.scoring.tally import EMPTY
from leadflow.pipeline.replay.parked import parked_leads, release
from leadflow.ports import Emit, Record

_LONGEST_SLEEP = 400  # steps
_LONGEST_PAUSE = 150
_CALM_STEPS = 30_000  # more than any run needs: beyond, it does not come to rest


class Director:
    """Acts before each step while a storm lasts; afterwards it only sees to it that there are workers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = world.schedule.random
        self.coming = touchpoints_of(world.scenario, self.chance)
        self._storm_ends = 0
        self.operating = True  # whether operators replay leads, and lose them
        self._upgrade_at = self.chance.randint(50, 500) if world.scenario.new_model else None
        world.schedule.act = self.act

    @property
    def scenario(self) -> Scenario:
        """What this run is about."""
        return self.world.scenario

    def storm(self, steps: int) -> None:
        """So many steps of trouble, and all touchpoints that are to come."""
        self.world.faults.on = True
        self._storm_ends = self.world.schedule.steps + steps
        for role in ROLES:
            while len(self.world.living(role)) < self.scenario.workers:
                self.world.spawn(role)
        while (left := self._storm_ends - self.world.schedule.steps) > 0:
            self.world.schedule.run(left)
            if not self.coming:
                break
            self._feed()

    def calm(self) -> None:
        """No more trouble: work everything off, first while zombies sleep, then with them awake."""
        world = self.world
        world.faults.on = False
        world.schedule.paused.clear()
        if self._upgrade_at is not None:
            self._upgrade()
        while self.coming:
            self._feed()
        self._work_off()
        for worker in world.workers:
            self._wake(worker)
        self._work_off()

    def _work_off(self) -> None:
        """Go on until there is nothing left to do; what the dead and the sleeping own goes to others."""
        broker, ticks = self.world.broker, -1
        while broker.ticks != ticks:
            broker.ticks += 1  # fetches that wait return, so that everybody looks around
            ticks = broker.ticks
            if not self.world.schedule.run(_CALM_STEPS):
                self.world.failures.append(f"no rest after {_CALM_STEPS} steps")
                return
            broker.take_from_sleepers()
            broker.settle()

    def act(self) -> None:
        """Called before each step."""
        world = self.world
        world.bury()
        if world.broker.orphans:
            world.broker.settle()
        storming = world.schedule.steps < self._storm_ends and world.faults.on
        for role in ROLES:
            short = self.scenario.workers - len(world.living(role))
            if short > 0 and (not storming or self._happens(0.05)):
                world.spawn(role)
        if storming:
            self._strike()

    def _strike(self) -> None:
        """One step of a storm."""
        world = self.world
        for worker in world.workers:
            if worker.wakes_at <= world.schedule.steps:
                self._wake(worker)
        if self._happens(0.1):  # deaths are noticed sooner or later
            world.broker.settle()
        if self._happens(0.01):  # a fetch that waits for records waits no longer
            world.broker.ticks += 1
        if self.coming and self._happens(0.1):
            self._feed()
        if self._upgrade_at is not None and world.schedule.steps >= self._upgrade_at:
            self._upgrade()
        self._operate()
        if self.scenario.redelivered and self._happens(0.03):
            self._redeliver()
        if self.scenario.chaos and self._happens(self.scenario.restless):
            (what,) = self.chance.choices(list(self.scenario.chaos), list(self.scenario.chaos.values()))
            getattr(self, f"_{what}")()

    def _operate(self) -> None:
        """What operators do meanwhile, and what they are there for."""
        if not self.operating:
            return
        if self.scenario.replays and self._happens(0.01):
            self.world.schedule.note("  ! a replay begins")
            self.world.replay(simulated=self._happens(0.7))
        if self.scenario.sick and self._happens(0.01):
            self.release()
        if self.scenario.corrupt and self._happens(0.01):
            self._corrupt()

    def _happens(self, odds: float) -> bool:
        return self.chance.random() < odds

    def _feed(self) -> None:
        """The next touchpoint arrives, now and then twice; or an old one once more."""
        if self.world.accepted and self._happens(0.15):
            self.world.send(self.chance.choice(list(self.world.accepted.values())))
        touchpoint = self.coming[0]
        if touchpoint.type == "action":
            targets = sorted(stored.key for stored in at_once(self.world.store.find(PROFILES)))
            if not targets:  # sales cannot act before there is anybody
                self.coming.sort(key=lambda item: item.type == "action")
                if self.coming[0].type == "action":
                    self.coming.clear()
                return
            touchpoint = replace(touchpoint, target=self.chance.choice(targets))
        del self.coming[0]
        self.world.send(touchpoint, self.chance.choice((1, 1, 1, 2)))

    def _some(self) -> Worker | None:
        """Any worker that is awake, half the time one that is about to make something durable: that hurts most."""
        living = self.world.living()
        if self._happens(0.5):
            delicate = self.world.schedule.waiting_to("commit", "replace", "insert", "checkpoints")
            living = [worker for worker in living if worker in delicate] or living
        return self.chance.choice(living) if living else None

    def _kill(self) -> None:
        if (worker := self._some()) is not None:
            worker.kill()

    def _stop(self) -> None:
        """A worker is asked to end, as at a deployment."""
        if (worker := self._some()) is not None:
            self.world.schedule.note(f"  ! {worker.name} is asked to stop")
            worker.stop.set()

    def _sleep(self) -> None:
        """A worker stops in the middle of whatever it does; mostly others take over before it goes on."""
        if (worker := self._some()) is None:
            return
        worker.awake = False
        worker.wakes_at = self.world.schedule.steps + self.chance.randint(5, _LONGEST_SLEEP)
        self.world.schedule.note(f"  ! {worker.name} sleeps until step {worker.wakes_at}")
        if self._happens(0.7):
            self.world.broker.take_from_sleepers()

    def _wake(self, worker: Worker) -> None:
        if not worker.awake and not worker.dead:
            self.world.schedule.note(f"  {worker.name} wakes")
            worker.awake = True

    def _move(self) -> None:
        """A partition changes hands although its owner is well."""
        places = self.world.broker.places()
        if places:
            self.world.broker.move(self.chance.choice(places))

    def _pause(self) -> None:
        """One partition of one topic rests."""
        topic = self.chance.choice((TOUCHPOINTS, IDENTITY, RESOLVED))
        partition = self.chance.randrange(self.world.log.partitions(topic))
        until = self.world.schedule.steps + self.chance.randint(5, _LONGEST_PAUSE)
        self.world.schedule.paused[f"{topic}[{partition}]"] = until
        self.world.schedule.note(f"  ! {topic}[{partition}] rests until step {until}")

    def _rewind_touchpoints(self) -> None:
        self._rewind(TOUCHPOINTS)

    def _rewind_identity(self) -> None:
        self._rewind(IDENTITY)

    def _rewind(self, topic: str) -> None:
        """An operator reads a topic again, from its start or from somewhere; `identity` only from where a batch began.

        Anywhere else the stored decisions would not be found again.
        """
        partition = self.chance.randrange(self.world.log.partitions(topic))
        committed = at_once(self.world.log.committed("processor", topic))[partition] or 0
        offset = 0 if self._happens(0.5) else self.chance.randint(0, committed)
        if topic == IDENTITY:
            offset = max((start for start in self._decided() if start <= offset), default=0)
        self.rewind_to(topic, partition, offset)

    def _decided(self) -> list[int]:
        return [int(stored.key) for stored in at_once(self.world.store.find(DECISIONS, limit=1_000))]

    def rewind_to(self, topic: str, partition: int, offset: int) -> None:
        """Set one partition back."""
        at_once(self.world.store.delete(CHECKPOINTS, [f"processor:{topic}:{partition}"]))
        self.world.broker.rewind(("processor", topic, partition), offset)

    def forget_scoring_offsets(self) -> None:
        """The log loses the scoring group's offsets: the checkpoints must know better."""
        for partition in range(self.world.log.partitions(RESOLVED)):
            self.world.broker.rewind(("scoring", RESOLVED, partition), None)

    def release(self) -> None:
        """Somebody tells the owners of parked leads to go on, whether anything was repaired or not."""
        for lead in at_once(parked_leads(self.world.store)):
            self.world.schedule.note(f"  ! lead {lead.profile_id} is released")
            self.world.log.write([release(lead.profile_id, lead.parked)])

    def _corrupt(self) -> None:
        """A lead loses what it has counted."""
        leads = sorted(at_once(self.world.store.find(LEADS, limit=1_000)), key=lambda stored: stored.key)
        if leads:
            stored = self.chance.choice(leads)
            self.world.schedule.note(f"  ! lead {stored.key} loses its counts")
            lead = replace(stored.value, own=EMPTY, traits={})
            at_once(self.world.store.replace(LEADS, [(stored.key, lead, stored.rev)]))

    def _redeliver(self) -> None:
        """An old record of `resolved` comes again, at a new position."""
        records: list[Record] = []
        for partition in range(self.world.log.partitions(RESOLVED)):
            records += at_once(self.world.log.read(RESOLVED, partition, 0, 1_000))
        if records:
            record = self.chance.choice(records)
            self.world.schedule.note(f"  ! {RESOLVED}[{record.partition}] {record.offset} comes again")
            self.world.log.write([Emit(topic=RESOLVED, key=record.key, value=record.value)])

    def _upgrade(self) -> None:
        """Another model: the old workers are killed or fall asleep in the middle of a batch, then new ones start."""
        world = self.world
        world.schedule.note("  ! a new model")
        self._upgrade_at = None
        world.model = models()[1]
        for worker in [worker for worker in world.workers if worker.role == "scoring" and not worker.dead]:
            if self._happens(0.5) or not world.broker.owns(worker):
                worker.kill()
            else:
                worker.awake, worker.retired = False, True
                worker.wakes_at = world.schedule.steps + self.chance.randint(5, _LONGEST_SLEEP)
        for place in world.broker.places():
            if place[0] == "scoring":
                world.broker.expire(place)
