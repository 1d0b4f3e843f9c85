"""The embedded pipeline, and what can befall it."""

import os
import re
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from alerts.deeds import Deeds
from alerts.repeating import repeating
from alerts.traffic import flowing, post, send
from e2e import plain_http
from e2e.server import SETTINGS, Server
from e2e.waiting import wait_for

DEFECT = Path(__file__).parent / "defect"
_BAD, _BURNS = "a-defect-shows", "a-defect-burns"
_DAY = 86_400_000
_PROMISED = 5.0  # seconds to a stage change
_FEW_IN_FLIGHT = 4
_SEEN_SECONDS = 3.0  # within which every process is scraped
_SLACK_BYTES = 512 * 1024

DEEDS: "Deeds[Alone]" = Deeds()


@dataclass(slots=True)
class Alone:
    """One process that is everything, with a defect that waits to be met."""

    server: Server
    number: int = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.server._process is not None
        return self.server._process.pid

    def track(self, **what: object) -> dict[str, object]:
        """One event of somebody new."""
        self.number += 1
        name = f"alone-{self.number}"
        return {"type": "track", "event": "Search", "messageId": name, "anonymousId": name, **what}

    def restart(self) -> None:
        """End it as a crash does and start it again."""
        self.server.kill()
        self.server.start().close()


@contextmanager
def alone(folder: Path, **settings: str) -> Iterator[Alone]:
    """Run one."""
    given = {
        **SETTINGS,
        "LEADFLOW_MAX_IN_FLIGHT": str(_FEW_IN_FLIGHT),
        "PYTHONPATH": str(DEFECT),
        **settings,
    }
    server = Server(folder, given)
    server.start().close()
    try:
        yield Alone(server)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{server.tail()}") from error
    finally:
        if server.running:
            server.kill()


@DEEDS("LeadflowPoison")
def a_touchpoint_meets_a_defect(scene: Alone) -> Iterator[None]:
    """Our code fails on it."""
    assert send(scene.port, [scene.track(properties={"q": _BAD})]) == httpx.codes.OK
    yield


@DEEDS("LeadflowLeadsParked")
def a_merge_meets_a_defect(scene: Alone) -> Iterator[None]:
    """Our code fails on a control record."""
    trap = scene.server.folder / "links-break"
    trap.touch()
    for visitor in ("parked-1", "parked-2"):
        event = scene.track(anonymousId=visitor, event="Form Submitted")
        assert send(scene.port, [event]) == httpx.codes.OK
    who = {"traits": {"email": "parked@acme.test"}}
    for visitor in ("parked-1", "parked-2"):
        assert send(scene.port, [scene.track(type="identify", anonymousId=visitor, **who)]) == httpx.codes.OK
    yield
    trap.unlink()


@DEEDS("LeadflowHopRetries")
def the_store_is_locked(scene: Alone) -> Iterator[None]:
    """Somebody else holds the file."""
    with flowing(scene.port, pause=0.2), _locked(scene.server.folder / "data" / "store.db"):
        yield


@DEEDS("LeadflowStageChangesLate")
def a_backlog_is_worked_off(scene: Alone) -> Iterator[None]:
    """What has been waiting for longer than was promised becomes stage changes."""
    with flowing(scene.port, pause=0.05, batch=20, seed=1):
        with _locked(scene.server.folder / "data" / "store.db"):
            wait_for(lambda: _oldest(scene) > _PROMISED, "a record that has waited for long")
        yield


@DEEDS("LeadflowMergesRefused")
def many_share_an_address(scene: Alone) -> Iterator[None]:
    """A form sends the address of the shop instead of the visitor's."""
    shared = {"traits": {"email": "shop@acme.test"}}
    people = [scene.track(type="identify", userId=f"user-{number}", **shared) for number in range(60)]
    assert send(scene.port, people) == httpx.codes.OK
    yield


@DEEDS("LeadflowEventsRejected")
def a_site_sends_broken_events(scene: Alone) -> Iterator[None]:
    """Half of what comes in is no event."""
    with flowing(scene.port, pause=0.2, batch=1), repeating(lambda: post(scene.port, "/v1/track", b"{")):
        yield


@DEEDS("LeadflowObserverSheds", "LeadflowIngestionBudgetBurnsFast", "LeadflowIngestionBudgetBurnsSlowly")
def more_come_than_can_be_served(scene: Alone) -> Iterator[None]:
    """Sixteen at once where four are served."""
    with flowing(scene.port, pause=0.001, threads=16, batch=20):
        yield


@DEEDS("LeadflowCpuNearLimit")
def a_loop_never_ends(scene: Alone) -> Iterator[None]:
    """A defect burns the core. It comes first in the queue for one, where we may decide that: others may be at work."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, scene.pid, -15)
        Path(f"/proc/{scene.pid}/autogroup").write_text("-15", encoding="ascii")  # where sessions share the cores
    assert send(scene.port, [scene.track(properties={"q": _BURNS})]) == httpx.codes.OK
    yield
    scene.restart()


@DEEDS("LeadflowFlushesFail")
def the_disk_is_full(scene: Alone) -> Iterator[None]:
    """No file of the process may be larger than some hundred kilobytes, which log and store are soon."""
    unlimited = resource.prlimit(scene.pid, resource.RLIMIT_FSIZE)
    size = scene.server.log.stat().st_size + _SLACK_BYTES  # it goes on to tell what happens
    with flowing(scene.port, pause=0.02, threads=2, batch=50, seed=4):
        resource.prlimit(scene.pid, resource.RLIMIT_FSIZE, (size, unlimited[1]))
        yield
    resource.prlimit(scene.pid, resource.RLIMIT_FSIZE, unlimited)


@DEEDS("LeadflowMemoryNearLimit")
def memory_runs_out(scene: Alone) -> Iterator[None]:
    """It is allowed little more than it uses."""
    status = Path(f"/proc/{scene.pid}/status").read_text(encoding="ascii")
    (resident,) = (int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
    before = resource.prlimit(scene.pid, resource.RLIMIT_RSS)
    resource.prlimit(scene.pid, resource.RLIMIT_RSS, (round(resident * 1.02), before[1]))
    yield
    resource.prlimit(scene.pid, resource.RLIMIT_RSS, before)


@DEEDS(
    "LeadflowConsumerStopped",
    "LeadflowPartDown",
    "LeadflowNotReady",
    "LeadflowHopStalled",
    "LeadflowBacklogDrainsSlowly",
    "LeadflowLagGrows",
    "LeadflowLossRisk",
)
def a_bad_deploy(scene: Alone) -> Iterator[None]:
    """Our code fails on most of what comes in, for days: the records that wait are made that old."""
    for _ in range(4):
        assert send(scene.port, [scene.track(properties={"q": _BAD}) for _ in range(400)]) == httpx.codes.OK
    with flowing(scene.port, pause=0.02, batch=20):
        wait_for(lambda: _stopped(scene), "the consumer's end")
        _age(scene.server.folder / "data" / "log.db", days=4)
        yield
    scene.server._settings = {name: value for name, value in scene.server._settings.items() if name != "PYTHONPATH"}
    scene.restart()


@DEEDS("LeadflowRestarts")
def it_crashes_again_and_again(scene: Alone) -> Iterator[None]:
    """Killed as soon as it has been seen alive."""
    with repeating(scene.restart, pause=_SEEN_SECONDS):
        yield


@DEEDS("LeadflowTargetDown", "LeadflowServiceAbsent", "LeadflowAbsent")
def nobody_starts_it_again(scene: Alone) -> Iterator[None]:
    """Killed for good."""
    scene.server.kill()
    yield


def _stopped(scene: Alone) -> bool:
    """Whether scoring has stopped by itself."""
    parts = plain_http.get(f"{scene.server.url}/readyz").json()["parts"]
    return "could not be processed" in str(parts["scoring:resolved"])


def _oldest(scene: Alone) -> float:
    """How long the oldest record has been waiting, of any hop and partition."""
    text = plain_http.get(f"{scene.server.url}/metrics").text
    return max(map(float, re.findall(r"(?m)^leadflow_\w+_lag_seconds\{.*?\} (\S+)$", text)), default=0.0)


def _age(log: Path, days: int) -> None:
    """Make every record of the log older."""
    with sqlite3.connect(log, timeout=30) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'records_*'").fetchall()
        for (table,) in tables:
            connection.execute(f"UPDATE {table} SET at = at - ?", [days * _DAY])  # noqa: S608  a name of its own
    connection.close()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    connection = sqlite3.connect(file, timeout=30, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()
