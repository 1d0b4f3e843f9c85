"""The one writer of a SQLite file: everything that waits shares the next transaction (adaptive group commit).

One flush is in flight, the next one gathers, and waits a moment for those whom the last one has answered. While the
disk answers fast and little waits, a flush runs on the event loop itself, because a hop to the thread and back costs
more than the commit; otherwise the writer's own thread runs it.
A result means that the transaction was committed with fsync.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from leadflow import metrics
from leadflow.adapters.sqlite_company import GATHER_SECONDS, Company
from leadflow.adapters.sqlite_file import PAGE_BYTES, connect, is_busy, primary_code, unavailable
from leadflow.adapters.sqlite_job import AnyJob, Insert, Job, Outcome, Rows, resolve, run_together
from leadflow.ports import LeadflowError, Overloaded, Told, Unavailable

T = TypeVar("T")

INLINE_SECONDS = 0.004  # a commit that takes longer would be felt by everyone on the event loop
INLINE_JOBS = 256
INLINE_BYTES = 512 * 1024  # some milliseconds of writing
BUSY_SECONDS = 1.0
BUSY_PAUSE = 0.005
CHECKPOINT_ROWS = 4_000
SMOOTHING = 0.2


class SqliteWriter:
    """Runs jobs in the order of their arrival. Belongs to one event loop."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        max_waiting_bytes: int = 64 * 1024 * 1024,
        busy_seconds: float = BUSY_SECONDS,
        inline_seconds: float = INLINE_SECONDS,
        gather_seconds: float = GATHER_SECONDS,
        page_bytes: int = PAGE_BYTES,
        on_begin: Callable[[], None] = lambda: None,
    ) -> None:
        """`name` labels the metrics; `inline_seconds` 0 keeps every flush on the thread; `on_begin`: at each BEGIN.

        `gather_seconds`: the longest that inserted rows wait for company; what is `run` never does. `page_bytes`: of a
        new file.
        """
        self._path = path
        self._max_waiting = max_waiting_bytes
        self._busy_seconds = busy_seconds
        self._inline_seconds = inline_seconds
        self._page_bytes = page_bytes
        self._on_begin = on_begin
        self._loop = asyncio.get_running_loop()
        self._connection: sqlite3.Connection | None = None  # opened by the first flush
        self._pending: list[AnyJob] = []
        self._urgent = False  # one of them does not wait for company
        self._company = Company(self._loop, gather_seconds, self._start)
        self._running = False  # a flush is scheduled or in flight
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._typical = inline_seconds * 2  # moving average of a commit: the first ones are measured off the loop
        self._rows_at_checkpoint = 0
        self.waiting_bytes = 0
        self.failing = False  # the latest flush could not be written
        self.flushes = 0
        self.last_flush_seconds = 0.0
        self._seconds = metrics.FLUSH_SECONDS.labels(name)
        self._jobs = metrics.FLUSH_RECORDS.labels(name)
        self._waiting_gauge = metrics.WAITING_BYTES.labels(name)
        self._failures = metrics.FLUSH_FAILURES.labels(name)
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=f"leadflow-{name}-writer", daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[sqlite3.Connection], T], size: int, *, bounded: bool = False) -> T:
        """Run `job` in the next transaction; its result, once durable.

        Raises what the job raises, Unavailable if the file cannot be written now (nothing is done then), and for
        `bounded` jobs Overloaded at once when more than the allowed bytes wait already.
        """
        self._check(size, bounded=bounded)
        future: asyncio.Future[T] = self._loop.create_future()
        self._enqueue(Job(job, size, future), urgent=True)
        return await future

    def insert(self, insert: Insert, rows: Sequence[Any], size: int, *, bounded: bool = False) -> asyncio.Future[None]:
        """Write rows in the next transaction, together with everyone else's that go by the same `insert`.

        Done once they are durable. Raises as `run` does. `insert` may only fail for what is nobody's own fault.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        self.enlist(insert, rows, size, partial(resolve, future), bounded=bounded)
        return future

    def enlist(self, insert: Insert, rows: Sequence[Any], size: int, told: Told, *, bounded: bool = False) -> None:
        """Write rows as `insert` does; who is `told` needs no future and no task, and must not raise."""
        self._check(size, bounded=bounded)
        self._enqueue(Rows(insert, rows, size, told), urgent=False)

    def _check(self, size: int, *, bounded: bool) -> None:
        if self._closing:
            raise Unavailable(f"{self._path.name} is closed")
        if bounded and self.waiting_bytes and self.waiting_bytes + size > self._max_waiting:
            raise Overloaded(f"{self._path.name}: {self.waiting_bytes} bytes wait to be written: send later")

    def _enqueue(self, job: AnyJob, *, urgent: bool) -> None:
        self._pending.append(job)
        self._urgent |= urgent
        self.waiting_bytes += job.size
        if self._running:
            self._company.join(len(self._pending), urgent=urgent)
        else:
            self._schedule()

    async def check(self) -> None:
        """If the latest flush could not be written: write a little, to see whether the next one can.

        Raises Unavailable as long as it cannot, so that a full disk shows even where nobody writes any more.
        """
        if self.failing:
            await self.run(_touch, 0)

    async def close(self) -> None:
        """Refuse new jobs, flush those that wait, release the file."""
        if self._closing:
            return
        self._closing = True
        self._company.leave()
        await self._idle.wait()
        self._work.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        if self._connection is not None:
            self._connection.close()

    # --- on the event loop ---

    def _schedule(self) -> None:
        """Flush in the next turn of the loop or soon after it, so that all who are about share the transaction."""
        self._running = True
        self._idle.clear()
        self._loop.call_soon(self._gather)

    def _gather(self) -> None:
        if self._urgent or self._closing or not self._pending:
            self._start()
        else:
            self._company.gather(len(self._pending))

    def _start(self) -> None:
        jobs, self._pending, self._urgent = self._pending, [], False
        due = self._checkpoint_is_due()
        if due or not self._pays_inline(jobs) or not self._flush_inline(jobs):
            self._work.put(lambda: self._flush_on_thread(jobs, checkpoint=due))

    def _pays_inline(self, jobs: Sequence[AnyJob]) -> bool:
        return (
            self._typical < self._inline_seconds
            and len(jobs) <= INLINE_JOBS
            and self.waiting_bytes <= INLINE_BYTES  # nothing else waits: all that does is about to be written
        )

    def _flush_inline(self, jobs: Sequence[AnyJob]) -> bool:
        """False if the file was locked: then the thread, which may wait, has to do it."""
        try:
            outcomes = self._flush(jobs, patience=0.0)
        except sqlite3.OperationalError:
            return False
        self._settle(jobs, outcomes)
        return True

    def _settle(self, jobs: Sequence[AnyJob], outcomes: Sequence[Outcome]) -> None:
        for job, outcome in zip(jobs, outcomes, strict=True):
            try:
                job.settle(outcome)
            except Exception as error:  # noqa: BLE001  # a mistake of one who is told must not keep the others waiting
                self._loop.call_exception_handler({"message": "who was told of a flush has failed", "exception": error})
            self.waiting_bytes -= job.size
        self._waiting_gauge.set(self.waiting_bytes)
        self._company.expect(len(jobs) + len(self._pending))
        if self._pending or self._checkpoint_is_due():
            self._schedule()
        else:
            self._running = False
            self._idle.set()

    def _checkpoint_is_due(self) -> bool:
        connection = self._connection
        return connection is not None and connection.total_changes - self._rows_at_checkpoint >= CHECKPOINT_ROWS

    # --- on the thread, or on the loop while nothing is in flight ---

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def _flush_on_thread(self, jobs: Sequence[AnyJob], *, checkpoint: bool) -> None:
        if checkpoint:
            self._checkpoint()
        outcomes = self._flush(jobs, self._busy_seconds) if jobs else []
        with contextlib.suppress(RuntimeError):  # the loop has gone: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, jobs, outcomes)

    def _checkpoint(self) -> None:
        """Move the write-ahead log into the file; while no flush is in flight it then starts anew."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):  # nothing is lost, and the next one tries again
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._rows_at_checkpoint = self._connection.total_changes

    def _flush(self, jobs: Sequence[AnyJob], patience: float) -> list[Outcome]:
        """Commit the jobs. A file that is locked beyond `patience` seconds raises if the patience is none."""
        started = time.perf_counter()
        try:
            connection = self._connection = self._connection or self._connect()
            outcomes = run_together(connection, self._path, jobs, lambda: self._begin(connection, patience))
        except Exception as error:
            if isinstance(error, sqlite3.Error) and is_busy(error) and not patience:
                raise
            self._failures.inc()
            self.failing = True
            self._let_go(error)
            return [Outcome(error=self._explained(error)) for _ in jobs]
        self.failing = False
        self.flushes += 1
        self.last_flush_seconds = time.perf_counter() - started
        self._typical += SMOOTHING * (self.last_flush_seconds - self._typical)
        self._seconds.observe(self.last_flush_seconds)
        self._jobs.observe(len(jobs))
        return outcomes

    def _begin(self, connection: sqlite3.Connection, patience: float) -> None:
        deadline = time.monotonic() + patience
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(BUSY_PAUSE)
        self._on_begin()

    def _connect(self) -> sqlite3.Connection:
        self._rows_at_checkpoint = 0
        return connect(self._path, page_bytes=self._page_bytes)

    def _let_go(self, error: Exception) -> None:
        """Forget a connection that may be broken; the next flush opens a new one."""
        keep = isinstance(error, sqlite3.Error) and (is_busy(error) or primary_code(error) == sqlite3.SQLITE_FULL)
        if self._connection is not None and (self._connection.in_transaction or not keep):
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _explained(self, error: Exception) -> Exception:
        if isinstance(error, LeadflowError):
            return error
        known = unavailable(self._path, error) if isinstance(error, sqlite3.Error) else None
        return known or Unavailable(f"{self._path.name} cannot be written: {error}")


def _touch(connection: sqlite3.Connection) -> None:
    """Write the first page again, as it is."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version = {version}")
