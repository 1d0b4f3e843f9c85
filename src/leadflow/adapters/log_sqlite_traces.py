"""The traces of records, beside them: only where tracing is on is this table written or looked at."""

import sqlite3
from collections.abc import Sequence

from msgspec.structs import replace

from leadflow.adapters import log_sqlite_tables as tables
from leadflow.adapters.topic_layout import Place
from leadflow.ports import Record


def append(connection: sqlite3.Connection, heads: tables.Heads, parts: Sequence[tables.Part]) -> None:
    """Write records, and the traces of those that have one."""
    starts = tables.append(connection, heads, parts)
    traced = [
        (part.number, start + place, trace)
        for start, part in zip(starts, parts, strict=True)
        for place, trace in part.traces
    ]
    if traced:
        connection.executemany("INSERT INTO traces VALUES (?, ?, ?)", traced)


def read(connection: sqlite3.Connection, place: Place, number: int, offset: int, limit: int) -> Sequence[Record]:
    """Up to `limit` records from `offset` on, with their traces."""
    records = tables.read(connection, place, number, offset, limit)
    if not records:
        return records
    query = "SELECT offset, context FROM traces WHERE number = ? AND offset BETWEEN ? AND ?"
    traces = dict(connection.execute(query, (number, offset, records[-1].offset)).fetchall())
    return [_with(record, traces) for record in records] if traces else records


def _with(record: Record, traces: dict[int, str]) -> Record:
    trace = traces.get(record.offset)
    return record if trace is None else replace(record, trace=trace)
