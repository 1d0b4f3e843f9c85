"""One SQLite file: how it is opened, whose it is, and which of its errors mean `try again later`."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from leadflow.ports import LeadflowError, Unavailable

OPEN_SECONDS = 2.0
READ_SECONDS = 0.25
WAL_LIMIT = 64 * 1024 * 1024
PAGE_BYTES = 4096  # what changes here and there is written by the page

_CAUSES = {
    sqlite3.SQLITE_FULL: "the disk (or its quota) is full: free some space",
    sqlite3.SQLITE_BUSY: "another process holds the lock: look for a second server or a backup on the same file",
    sqlite3.SQLITE_LOCKED: "the table is locked",
    sqlite3.SQLITE_IOERR: "the disk reports an I/O error: look at the system's log",
    sqlite3.SQLITE_READONLY: "the file is read-only: check its owner and mode",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened: check the folder and its mode",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database",
    sqlite3.SQLITE_NOMEM: "memory is exhausted",
    sqlite3.SQLITE_PROTOCOL: "the file's locks are contended",
}
_ONLY_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}


class WrongFile(LeadflowError):
    """The file belongs to something else or to another version; the message says what to do."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is for. `mark` is SQLite's application_id, `version` the schema's number (user_version)."""

    name: str
    mark: int
    version: int


LOG_FILE = FileKind("log", 0x4C464C47, 1)
STORE_FILE = FileKind("store", 0x4C465354, 2)


def connect(path: Path, *, reading: bool = False, page_bytes: int = PAGE_BYTES) -> sqlite3.Connection:
    """A connection with explicit transactions, write-ahead logging and, for writers, an fsync in every commit.

    `page_bytes`: of a new file; an old one keeps its own.
    """
    _bind_as_they_are()
    connection = sqlite3.connect(
        path, timeout=OPEN_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    try:
        if reading:
            connection.execute("PRAGMA query_only = ON")
            connection.execute(f"PRAGMA busy_timeout = {int(READ_SECONDS * 1000)}")
            return connection
        connection.execute(f"PRAGMA page_size = {page_bytes}")
        _log_ahead(connection, path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -32000")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # the writer chooses the moment
        connection.execute("PRAGMA busy_timeout = 0")  # the writer waits by itself, off the event loop
    except BaseException:
        connection.close()
        raise
    return connection


def _bind_as_they_are() -> None:
    """Tell the driver that bytes and None need no adapting: it finds that out anew for each one bound, at some cost."""
    sqlite3.register_adapter(bytes, bytes.__bytes__)
    sqlite3.register_adapter(type(None), lambda nothing: nothing)


def _log_ahead(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise WrongFile(f"{path}: this file system allows no write-ahead log ({mode}): use a local disk")


def claim(connection: sqlite3.Connection, path: Path, kind: FileKind) -> None:
    """Inside a transaction: mark a new file as ours. WrongFile if it is something else or of another version."""
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if mark == 0 and version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        connection.execute(f"PRAGMA application_id = {kind.mark}")
        connection.execute(f"PRAGMA user_version = {kind.version}")
    elif mark != kind.mark:
        raise WrongFile(f"{path} is no Leadflow {kind.name}: give the {kind.name} a file of its own")
    elif version > kind.version:
        raise WrongFile(
            f"{path} was written by a newer Leadflow ({kind.name} schema {version}, this one knows {kind.version}): "
            "upgrade this one"
        )
    elif version < kind.version:
        raise WrongFile(
            f"{path} was written by an older Leadflow ({kind.name} schema {version}, this one knows {kind.version}): "
            "run the release between them first, or start with a new file"
        )


def unavailable(path: Path, error: sqlite3.Error) -> Unavailable | None:
    """The error as the port knows it, or None when it is the statement's fault and no retry would help."""
    cause = _CAUSES.get(primary_code(error))
    return None if cause is None else Unavailable(f"{path.name}: {cause} ({error})")


def is_busy(error: sqlite3.Error) -> bool:
    """Somebody else holds a lock: worth waiting a moment."""
    return primary_code(error) in _ONLY_BUSY


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, -1 when the error came from Python's module itself."""
    code: int = getattr(error, "sqlite_errorcode", -1)
    return code & 0xFF if code >= 0 else code
