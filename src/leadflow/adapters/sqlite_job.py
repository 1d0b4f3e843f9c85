"""A piece of work for the writer, and what came of it."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from leadflow.adapters.sqlite_file import unavailable
from leadflow.ports import Told


@dataclass(slots=True, eq=False)
class Job:
    """Statements for a shared transaction, `size` bytes of them. They may run twice: no effect besides them."""

    run: Callable[[sqlite3.Connection], Any]
    size: int
    future: asyncio.Future[Any]
    insert: None = None  # it is no Rows

    def alone(self, connection: sqlite3.Connection) -> Any:
        """Run it by itself."""
        return self.run(connection)

    def settle(self, outcome: "Outcome") -> None:
        """Tell the waiter, if it still waits."""
        resolve(self.future, outcome.error, outcome.value)


Insert = Callable[[sqlite3.Connection, Sequence[Any]], None]
"""Writes rows, however many."""


@dataclass(slots=True, eq=False)
class Rows:
    """A job that only writes rows: such jobs with the same `insert` that follow each other are run as one."""

    insert: Insert
    rows: Sequence[Any]
    size: int
    told: Told

    def alone(self, connection: sqlite3.Connection) -> None:
        """Run it by itself."""
        self.insert(connection, self.rows)

    def settle(self, outcome: "Outcome") -> None:
        """Tell whoever has to know."""
        self.told(outcome.error)


AnyJob = Job | Rows

_insert_of = attrgetter("insert")
_rows_of = attrgetter("rows")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A job's result once it is durable, or its error."""

    value: Any = None
    error: Exception | None = None


_DONE = Outcome()


def resolve(future: asyncio.Future[Any], error: Exception | None, value: Any = None) -> None:
    """Tell the waiter, if it still waits."""
    if future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


def run_together(
    connection: sqlite3.Connection, path: Path, jobs: Sequence[AnyJob], begin: Callable[[], None]
) -> list[Outcome]:
    """Run all jobs in one transaction, which is durable on return. A job that raises harms itself only.

    Optimistic: a savepoint for each job only once one of them has failed. `begin` opens the transaction.
    Raises sqlite3.Error, with nothing done, for what is not a job's own fault.
    """
    begin()
    try:
        outcomes = _run_at_once(connection, jobs)
    except Exception as error:
        _roll_back(connection)
        if _is_everyones(path, error):
            raise
        if len(jobs) == 1:
            return [Outcome(error=error)]
        begin()
        outcomes = _run_apart(connection, path, jobs)
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:
        _roll_back(connection)
        raise
    return outcomes


def _run_at_once(connection: sqlite3.Connection, jobs: Sequence[AnyJob]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for insert, group in groupby(jobs, key=_insert_of):
        if insert is None:
            outcomes += [Outcome(job.alone(connection)) for job in group]
        else:
            each = list(map(_rows_of, group))
            insert(connection, list(chain.from_iterable(each)))
            outcomes += [_DONE] * len(each)
    return outcomes


def _run_apart(connection: sqlite3.Connection, path: Path, jobs: Sequence[AnyJob]) -> list[Outcome]:
    outcomes = []
    try:
        for job in jobs:
            connection.execute("SAVEPOINT job")
            try:
                outcomes.append(Outcome(job.alone(connection)))
            except Exception as error:
                if _is_everyones(path, error):
                    raise
                connection.execute("ROLLBACK TO job")
                outcomes.append(Outcome(error=error))
            connection.execute("RELEASE job")
    except BaseException:
        _roll_back(connection)
        raise
    return outcomes


def _is_everyones(path: Path, error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and unavailable(path, error) is not None


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # a full disk may have rolled back already
        connection.execute("ROLLBACK")
