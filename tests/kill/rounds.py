"""Rounds of sudden death on one data folder, and what is checked after them."""

import asyncio
import random
import resource
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import httpx
from e2e import plain_http
from e2e.server import ADMIN_TOKEN, SETTINGS
from e2e.waiting import wait_for
from kill.clients import Clients, counted
from kill.files import read, settle
from kill.subscriber import Subscriber
from kill.victim import Victim
from pipeline.aftermath import Aftermath, broken, components, read_aftermath
from pipeline.in_memory import Pipeline
from tools.arango_double.process import Place, place

from leadflow.core.identity.hashing import Hasher
from leadflow.core.scoring.load import shipped_model
from leadflow.core.time import DAY

SOURCE = "web"
RECENT = 15  # acknowledgements before each death whose receipts are asked for
HASHER = Hasher(SETTINGS["LEADFLOW_HASH_SECRET"].encode())
MODEL = shipped_model("b2b")


TROUBLES = {"conflict": 0.2, "unavailable": 0.05, "reset": 0.05, "lost": 0.05, "stalled": 0.01}
"""Shares of the requests to the store, or of its documents, that meet each."""

LIVES = {"under load": 6, "while starting": 3, "while stopping": 2}
"""How a server may come to its end, and how often in comparison."""
if hasattr(resource, "prlimit"):  # only there can the disk of a running process be filled
    LIVES["on a full disk"] = 1


class Lane:
    """One data folder whose server dies again and again while clients go on sending."""

    def __init__(self, folder: Path, seed: int, place: Place | None = None) -> None:
        """The seed decides who is killed how; how far the server was by then, the machine decides.

        Documents are kept in SQLite, or where `place` says, with trouble between the two.
        """
        folder.mkdir(parents=True)
        self._place = place
        self.deaths: Counter[str] = Counter()
        self._dice = random.Random(seed)  # noqa: S311
        self._victim = Victim(folder, {**SETTINGS, **(place.settings if place else {})})
        self._clients = Clients(self._victim.port, f"lane{seed}", seed)
        self._subscriber = Subscriber(self._victim.url)
        self._recent: dict[str, None] = {}
        self._start_up = 1.0  # seconds from start to the first answer: the latest that was seen

    def run(self, rounds: int) -> dict[str, object]:
        """Kill so often, check everything. AssertionError says what is broken; else what happened, in numbers."""
        self._clients.start()
        self._subscriber.start()
        try:
            if self._place is not None:
                self._victim.initialise()
                self._place.trouble(**TROUBLES)
            for _ in range(rounds):
                self._round()
            if self._place is not None:
                self._place.trouble()
            self._victim.start()
            self._victim.wait_until_ready()
            self._clients.finish()
            self._check()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._victim.tail()}") from error
        finally:
            self._victim.kill()
        return {"deaths": dict(self.deaths), **counted(self._clients.ledger), "start-up_s": round(self._start_up, 2)}

    def _round(self) -> None:
        """One life, from its start to its death."""
        began = monotonic()
        self._victim.start()
        how = self._dice.choices(tuple(LIVES), tuple(LIVES.values()))[0]
        self.deaths[how] += 1
        if how == "while starting":
            self._victim.lives_for(self._start_up * self._dice.uniform(0.1, 1.3))
        else:
            self._wait_for_answers(1)
            self._start_up = monotonic() - began
            self._wait_for_answers(self._dice.randint(0, 80))
        if how == "on a full disk":
            self._suffer()
        if how == "while stopping":
            self._victim.ask_to_stop()
            self._victim.lives_for(self._dice.uniform(0.0, 0.25))
        self._victim.kill()
        acknowledged = self._clients.ledger.acknowledged
        self._recent |= dict.fromkeys(list(acknowledged)[-RECENT:])

    def _suffer(self) -> None:
        """The disk fills up: clients are told to come again; half of the servers live to see it free again."""
        shed = self._clients.ledger.shed
        self._victim.fill_disk(self._dice.randint(0, 100_000))
        wait_for(lambda: self._clients.ledger.shed > shed + 1, "a 503 with Retry-After")
        wait_for(lambda: _tells_of_the_disk(*self._victim.readiness()), "a /readyz that says why")
        if self._dice.random() < 0.5:
            self._victim.free_disk()
            wait_for(lambda: self._victim.readiness()[0] == httpx.codes.OK, "readiness once there is room")
            self._wait_for_answers(5)

    def _wait_for_answers(self, more: int) -> None:
        """Until the clients have been given so many further acknowledgements."""
        before = self._clients.ledger.answers

        def answered() -> bool:
            self._victim.check()
            return self._clients.ledger.answers >= before + more

        wait_for(answered, f"{more} acknowledgements")

    def _check(self) -> None:
        """Everything that was acknowledged is there and counts once; the server ends in the regular way."""
        asyncio.run(settle(self._victim.data))
        wrong = [*self._receipts(), *self._clients.ledger.unexpected]
        self._subscriber.finish()
        self._victim.stop()
        seen = asyncio.run(read(self._victim.data, self._place))
        wrong += [*self._lost(seen), *broken(seen, MODEL), *asyncio.run(_compared(seen)), *self._heard(seen)]
        assert not wrong, f"{len(wrong)} promises broken, the first: {wrong[:10]}"

    def _receipts(self) -> Iterator[str]:
        """What was acknowledged shortly before a death has a receipt that says `scored`."""
        with plain_http.client(base_url=self._victim.url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}) as http:
            for message_id in self._recent:
                answer = http.get(f"/api/v1/receipts/{message_id}", params={"source": SOURCE})
                if answer.status_code != httpx.codes.OK or answer.json()["status"] != "scored":
                    yield f"receipt of {message_id}: {answer.status_code} {answer.text[:200]}"

    def _lost(self, seen: Aftermath) -> Iterator[str]:
        """Everything acknowledged is stored, nothing is stored that nobody sent."""
        ledger = self._clients.ledger
        stored = {document.message_id for document in seen.touchpoints.values()}
        refused = {document.message_id for document in seen.rejections.values()}
        for message_id in ledger.acknowledged.keys() - stored - refused:
            yield f"{message_id} was acknowledged and is lost"
        for message_id in stored - ledger.acknowledged.keys() - ledger.given_up:
            yield f"{message_id} was never sent"
        for message_id in refused:
            yield f"{message_id} was refused"

    def _heard(self, seen: Aftermath) -> Iterator[str]:
        """Who follows the stage changes has heard each once, in the order of each lead."""
        heard, published = self._subscriber.ids, [change.id for change in seen.changes]
        if Counter(heard) != Counter(published):
            yield f"the subscriber heard {len(heard)} changes ({len(set(heard))} different) of {len(published)}"
        place = {identity: number for number, identity in enumerate(heard)}
        latest: dict[str, int] = {}
        for change in seen.changes:
            if place.get(change.id, -1) <= latest.get(change.profile_id, -1):
                yield f"the subscriber heard {change.id} out of order"
            latest[change.profile_id] = place.get(change.id, -1)
        yield from self._subscriber.unexpected


def _tells_of_the_disk(status: int, text: str) -> bool:
    """A last small write may still have had room, a large one none."""
    return status == httpx.codes.SERVICE_UNAVAILABLE and ("log.db" in text or "store.db" in text)


async def _compared(seen: Aftermath) -> list[str]:
    """A quiet run of the same touchpoints gives the same people and scores; plain connection gives the same people."""
    quiet = Pipeline(hasher=HASHER)
    await quiet.send(document.value for document in seen.touchpoints.values() if document.value is not None)
    await quiet.settle(500)
    other = await read_aftermath(quiet.log, quiet.store)
    wrong: list[str] = []
    if set(seen.groups().values()) != components(seen.touchpoints.values()):
        wrong.append("the profiles are not what the touchpoints connect")
    at = max(document.at for document in seen.touchpoints.values()) + DAY
    found, expected = seen.worth(MODEL, at), other.worth(MODEL, at)
    differing = [who for who in expected if found.get(who) != expected[who]]
    wrong += [f"a quiet run has another score for {sorted(who)}" for who in differing]
    if found.keys() != expected.keys():
        wrong.append("a quiet run gives other leads")
    return wrong


def run_lanes(
    folder: Path, rounds: int, lanes: int = 2, seed: int = 0, *, arango: bool = False
) -> list[dict[str, object]]:
    """Share the rounds between lanes that run side by side; what each of them saw. `arango`: where documents are."""
    with ExitStack() as stack, ThreadPoolExecutor(lanes) as pool:
        places = [stack.enter_context(place(f"lane{number}")) if arango else None for number in range(lanes)]
        tasks = [
            pool.submit(Lane(folder / f"lane{number}", seed + number, places[number]).run, -(-rounds // lanes))
            for number in range(lanes)
        ]
        return [task.result() for task in tasks]
