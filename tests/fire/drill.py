"""A fire drill: load, chaos, calm, and what is found then. A seed tells the same story again, as far as machines do."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from fire import paths, promises
from fire.aftermath import look_around
from fire.cast import Cast, distributed, initialise, playing
from fire.chaos import Chaos, Scene, scenes
from fire.ledger import Ledger
from fire.reference import differences, embedded_run
from fire.sales_desk import SalesDesk
from fire.senders import Senders, outcomes
from fire.settling import settle
from fire.subscriber import Subscriber
from fire.workload import Request, Workload
from kill.rounds import TROUBLES
from pipeline.aftermath import broken
from pipeline.in_memory import MODEL
from tools.arango_double.process import Place
from tools.broker import Cluster

Numbers = dict[str, Any]


@dataclass(slots=True)
class Drill:
    """One run over a cluster that holds no topics of Leadflow yet. `folder` takes the store and every log.

    Documents are in SQLite, or where `place` says: on the double, which is in trouble while the load lasts.
    """

    cluster: Cluster
    folder: Path
    seed: int
    touchpoints: int
    deeds: int
    place: Place | None = None
    chaos: Chaos = field(init=False)

    def run(self) -> Numbers:
        """AssertionError says what is broken, with seed, schedule and logs; else what happened, in numbers."""
        settings = distributed(self.folder, self.cluster.url) | (self.place.settings if self.place else {})
        began = monotonic()
        initialise(self.folder, settings)
        cast = Cast(self.folder, settings)
        self.chaos = Chaos(cast)
        try:
            with playing(cast):
                numbers = self._play(cast)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.again()}\nschedule: {', '.join(self.chaos.done)}") from error
        return {**numbers, "seconds": round(monotonic() - began, 1)}

    def again(self) -> str:
        """The command that tells the same story."""
        store = " --arango" if self.place else ""
        return f"python -m fire --seed {self.seed} --touchpoints {self.touchpoints} --deeds {self.deeds}{store}"

    def _play(self, cast: Cast) -> Numbers:
        """Send, do the deeds, let everything come to rest; then look."""
        subscriber = Subscriber(self.cluster.bootstrap)
        senders = Senders([member.port for member in cast.of("observer")], self.seed)
        desk = SalesDesk(cast.of("admin-api")[0].port, self.seed)
        for thread in (subscriber, senders, desk):
            thread.start()
        if self.place is not None:
            self.place.trouble(**TROUBLES)
        for scene, portion in self._script():
            self._act(scene, portion, senders, subscriber)
        if self.place is not None:
            self.place.trouble()
        self.chaos.calm()
        senders.finish()
        desk.finish()
        settled = settle(self.cluster.bootstrap)
        subscriber.finish()
        wrong = [*senders.ledger.unexpected, *desk.unexpected, *promises.without_receipt(cast, senders.ledger)]
        cast.end()
        wrong += promises.ill(cast)
        numbers, broken_ones = self._judge(senders.ledger, desk, subscriber)
        wrong += broken_ones
        assert not wrong, f"{len(wrong)} promises broken, the first: {wrong[:10]}"
        return {
            "deeds": len(self.chaos.done),
            **outcomes(senders.ledger),
            "settled_s": round(settled, 1),
            "most_MiB": {role: max(one.peak_kib for one in cast.of(role)) // 1024 for role in cast.roles()},
            **numbers,
        }

    def _script(self) -> Iterator[tuple[Scene, tuple[Request, ...]]]:
        """Each scene with its share of the load."""
        requests, schedule = Workload(self.seed, self.touchpoints).requests, scenes(self.seed, self.deeds)
        for number, scene in enumerate(schedule):
            first, behind = (len(requests) * n // len(schedule) for n in (number, number + 1))
            yield scene, requests[first:behind]

    def _act(self, scene: Scene, portion: tuple[Request, ...], senders: Senders, subscriber: Subscriber) -> None:
        """Do the deed in the midst of a portion; then the others get on: more is taken, more changes are heard."""
        before = senders.offered
        senders.offer(portion)
        some = before + int(scene.chance * len(portion) / 2)
        self.chaos.wait_until(lambda: senders.taken >= some, f"{some} requests taken")
        heard = len(subscriber.changes)
        self.chaos.play(scene)
        self.chaos.wait_until(
            lambda: senders.taken >= senders.offered and len(subscriber.changes) > heard,
            f"life after {scene}: {senders.taken} of {senders.offered} requests are taken, {heard} changes were heard",
        )

    def _judge(self, ledger: Ledger, desk: SalesDesk, subscriber: Subscriber) -> tuple[Numbers, list[str]]:
        """Compare what is left with what was acknowledged, with itself, and with undisturbed runs."""
        seen, resolved = look_around(self.cluster.bootstrap, self.place or self.folder / "store.db")
        reference = embedded_run(self.folder / "embedded", seen, paths.in_order(resolved))
        found = paths.paths_of(seen.changes)
        arrived = paths.arrivals(record for partition in resolved for record in partition)
        alike, astray = paths.compared(
            arrived, found, paths.arrivals(reference.resolved), paths.paths_of(reference.aftermath.changes)
        )
        wrong = [
            *promises.lost(ledger, desk.acknowledged, seen),
            *broken(seen, MODEL),
            *promises.heard_badly(subscriber.changes, seen.changes),
            *differences(seen, reference.aftermath, MODEL),
            *paths.differing(found, asyncio.run(paths.decided_by_one(resolved, MODEL))),
            *astray,
        ]
        numbers = {
            "touchpoints": len(seen.touchpoints),
            "actions": len(desk.acknowledged),
            "leads": len(seen.leads),
            "merged": sum(lead.parent is not None for lead in seen.leads.values()),
            "changes": len(seen.changes),
            "same order as embedded": alike,
            "leads with changes": len(found),
        }
        return numbers, wrong
