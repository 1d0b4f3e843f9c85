"""A fault at every SQL statement: a full disk, an I/O error before and after it took effect, a lock, a crash."""

import asyncio
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn, cast

import pytest
from pipeline.in_memory import FixedClock
from pipeline.small_story import Crash, Ground, Teller, checked_outcome

from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.ports import Log, Store, Unavailable

pytestmark = [pytest.mark.usefixtures("hurried", "poison"), pytest.mark.timeout(300)]

_CHANGES = frozenset({"INSERT", "UPDATE", "CREATE", "ALTER"})
_SQLITE = {
    "full": ("database or disk is full", sqlite3.SQLITE_FULL),
    "io": ("disk I/O error", sqlite3.SQLITE_IOERR),
    "late": ("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC),
    "locked": ("database is locked", sqlite3.SQLITE_BUSY),
}
Strike = tuple[int, str]
"""(number of the statement, from 1; kind of fault)."""


def strikes_at(statements: Sequence[str]) -> Iterator[Strike]:
    """What can go wrong at each statement. One that only reads is like all others of its text: the first and last."""
    reads = {sql: number for number, sql in enumerate(statements, 1)}
    first: set[str] = set()
    for number, sql in enumerate(statements, 1):
        word = sql.split(None, 1)[0]
        if word == "BEGIN":
            yield number, "locked"
        elif word == "COMMIT":
            yield number, ("full", "io")[number % 2]
            yield number, "late"  # it took effect, and nobody knows
        elif word in _CHANGES:
            yield number, ("full", "io")[number % 2]
        elif sql not in first or reads[sql] == number:
            first.add(sql)
            yield number, "io"


class Fault:
    """Strikes once, at one statement. `each`: told of every commit that has gone well. `seen`: all statements."""

    def __init__(self, strike: Strike = (0, "io"), each: Callable[[Path], None] | None = None) -> None:
        self.seen: list[str] = []
        self._strike = strike
        self._each = each
        self._lock = Lock()

    @property
    def struck(self) -> bool:
        """Whether it came to that statement."""
        return 0 < self._strike[0] <= len(self.seen)

    def around(self, connection: sqlite3.Connection, sql: str, run: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        """Run a statement, or not."""
        with self._lock:
            self.seen.append(sql)
            strikes = len(self.seen) == self._strike[0]
        if strikes:
            self._fail(connection, run)
        cursor = run()
        if sql == "COMMIT" and self._each is not None:
            self._each(Path(sqlite3.Connection.execute(connection, "PRAGMA database_list").fetchone()[2]))
        return cursor

    def _fail(self, connection: sqlite3.Connection, run: Callable[[], sqlite3.Cursor]) -> NoReturn:
        number, how = self._strike
        if how == "full" and connection.in_transaction and number % 4 == 0:  # SQLite may end the transaction itself
            sqlite3.Connection.execute(connection, "ROLLBACK")
        if how == "late":
            run()
        raise _error(*_SQLITE[how])


def _error(text: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


class Watched(sqlite3.Connection):
    """A connection whose statements the fault sees, each row of many as one of its own."""

    fault = Fault()

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """See sqlite3. Nothing waits for the disk here: what it would have kept is what the images are made of."""
        if sql.startswith("PRAGMA synchronous"):
            sql = "PRAGMA synchronous = OFF"
        return self.fault.around(self, sql, lambda: sqlite3.Connection.execute(self, sql, parameters))

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """See sqlite3."""
        for row in parameters:
            self.execute(sql, row)
        return self.cursor()


class Files(Ground):
    """Log and store in files of one folder. A process that cannot open them ends and is started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def ports(self) -> AsyncIterator[tuple[Log, Store]]:
        """See Ground."""
        async with AsyncExitStack() as stack:
            try:
                log = await SqliteLog.open(self._folder / "log.db", partitions=1, clock=FixedClock(), inline_seconds=1)
                stack.push_async_callback(log.close)
                store = await SqliteStore.open(self._folder / "store.db", inline_seconds=1)
                stack.push_async_callback(store.close)
            except Unavailable as error:
                raise Crash from error
            log.writer._busy_seconds = store.writer._busy_seconds = 1e-9
            yield log, store


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Mapping[str, Any]]:
    """Tell the story on files in a folder, from where it stands there; what came of it."""
    real = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: real(path, factory=Watched, **cast("dict[str, Any]", options))
    )

    def told(fault: Fault, folder: Path | None = None, teller: Teller | None = None) -> Mapping[str, Any]:
        place = folder or tmp_path / "-".join(map(str, fault._strike))
        place.mkdir(exist_ok=True)
        monkeypatch.setattr(Watched, "fault", fault)
        ground = Files(place)

        async def run() -> Mapping[str, Any]:
            one = teller or Teller(ground)
            one.ground = ground
            await one.tell()
            monkeypatch.setattr(Watched, "fault", Fault())
            async with ground.ports() as (log, store):
                return await checked_outcome(log, store)

        try:
            return asyncio.run(run())
        finally:
            shutil.rmtree(place)

    return told


def test_a_fault_at_any_statement_changes_nothing(tell: Callable[..., Mapping[str, Any]]) -> None:
    """Whichever statement fails: clients are told to come again, and in the end the outcome is the same."""
    quiet = Fault()
    undisturbed = tell(quiet)
    struck: Counter[str] = Counter()
    refusals = 0
    for strike in strikes_at(quiet.seen):
        fault, teller = Fault(strike), Teller(Files(Path()))
        came = tell(fault, teller=teller)
        assert fault.struck
        struck[strike[1]] += 1
        refusals += teller.refusals
        for what, value in undisturbed.items():
            assert came[what] == value, f"{strike} ({quiet.seen[strike[0] - 1]}): other {what}"
    assert min(struck[how] for how in _SQLITE) > 50, struck
    assert refusals > 10


class Camera:
    """Takes the files as they lie on the disk after a commit, and as they would lie there had it been torn."""

    def __init__(self, folder: Path, album: Path, teller: Teller) -> None:
        self.images: list[tuple[Path, int, int]] = []  # folder, steps that were done, kind of image
        self._folder = folder
        self._album = album
        self._teller = teller
        self._lengths: dict[Path, int] = {}

    def take(self, committed: Path) -> None:
        """After a commit to one of the files."""
        ahead = committed.with_name(committed.name + "-wal")
        before, now = self._lengths.get(ahead, 0), ahead.stat().st_size
        self._lengths[ahead] = now
        torn = before + (now - before) // 3 if len(self.images) % 4 else now - 1
        for kind, length in enumerate((now, torn)):
            image = self._album / f"{len(self.images)}"
            image.mkdir(parents=True)
            for file in self._folder.iterdir():
                if not file.name.endswith("-shm"):  # memory, not disk
                    shutil.copyfile(file, image / file.name)
            with (image / ahead.name).open("r+b") as file_ahead:
                file_ahead.truncate(length)
            self.images.append((image, self._teller.done, kind))


def images_of(tell: Callable[..., Mapping[str, Any]], folder: Path) -> Iterator[tuple[Path, int, int]]:
    """The disk after every commit of a story that goes well, and in the middle of each."""
    place = folder / "watched"
    teller = Teller(Files(place))
    camera = Camera(place, folder / "album", teller)
    tell(Fault(each=camera.take), place, teller)
    yield from camera.images


def test_a_crash_after_or_in_the_middle_of_any_commit_changes_nothing(
    tell: Callable[..., Mapping[str, Any]], tmp_path: Path
) -> None:
    """From whatever a dying machine leaves on the disk, a new process comes to the same outcome."""
    undisturbed = tell(Fault())
    images = Counter[int]()
    for folder, done, kind in images_of(tell, tmp_path):
        came = tell(Fault(), folder, Teller(Files(folder), done=done))
        images[kind] += 1
        for what, value in undisturbed.items():
            assert came[what] == value, f"image {folder.name} of kind {kind}: other {what}"
    assert min(images.values()) > 50
