"""The store on SQLite keeps the contract of the port, and answers whatever the store in memory answers."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.adapters import store_sqlite_query
from leadflow.adapters.sqlite_file import WrongFile, connect
from leadflow.adapters.store_memory import MemoryStore
from leadflow.adapters.store_sqlite import SqliteStore
from leadflow.contracts.collections import LEADS, TOUCHPOINTS, Collection
from leadflow.core.conditions import Condition, any_of, compare, equals, negate, one_of
from leadflow.ports import Order, Store, Stored

from .store_contract import HASHED, LOOSE, NOTES, DurableStoreContract, Note, StoreContract, keys, stood

SHARED = (NOTES, LOOSE, HASHED)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An empty store."""
    store = await SqliteStore.open(tmp_path / "store.db", collections=SHARED)
    yield store
    await store.close()


class TestSqliteStore(StoreContract, DurableStoreContract):
    """SqliteStore."""

    @pytest.fixture
    async def reopen(self, store: SqliteStore, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[SqliteStore]]]:
        """Close the store and open it again."""
        opened = []

        async def again() -> SqliteStore:
            await store.close()
            opened.append(await SqliteStore.open(tmp_path / "store.db", collections=SHARED))
            return opened[-1]

        yield again
        for one in opened:
            await one.close()


# --- the same answers as the store in memory --------------------------------------------------------------------------

names = st.sampled_from("abcdef")
sizes = st.none() | st.integers(-2, 3)
topics = st.none() | st.sampled_from(["x", "y", "é", ""])
notes = st.builds(Note, topic=topics, size=sizes, done=st.none() | st.booleans())
conditions = st.recursive(
    st.one_of(
        st.builds(equals, st.just("topic"), topics),
        st.builds(compare, st.just("size"), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.integers(-2, 3)),
        st.builds(one_of, st.just("topic"), st.lists(topics, max_size=3)),
    ),
    lambda inner: st.builds(any_of, inner, inner) | st.builds(negate, inner),
    max_leaves=4,
)
orders = st.none() | st.builds(Order, st.sampled_from(["topic", "size", "done"]), st.booleans())
steps = st.one_of(
    st.tuples(st.just("insert"), st.lists(st.tuples(names, notes), max_size=4)),
    st.tuples(st.just("replace"), st.lists(st.tuples(names, notes, st.integers(0, 1)), max_size=4)),
    st.tuples(st.just("supersede"), st.lists(st.tuples(names, notes, st.integers(0, 4)), max_size=4)),
    st.tuples(st.just("delete"), st.lists(names, max_size=2)),
    st.tuples(st.just("find"), st.tuples(st.none() | conditions, orders, st.integers(0, 4), st.integers(0, 3))),
    st.tuples(st.just("count"), st.tuples(st.sampled_from(["topic", "size", "done"]), st.none() | conditions)),
)


async def play(store: Store, step: tuple[str, Any]) -> Any:
    """One step on one store; revisions are compared by whether they are the present one, not by their text."""
    kind, given_ = step
    if kind == "insert":
        return stood(await store.insert(NOTES, given_))
    if kind == "replace":
        found = await store.get(NOTES, [key for key, _, _ in given_])
        revs = [(one.rev if one and not stale else "0") for one, (_, _, stale) in zip(found, given_, strict=True)]
        return stood(
            await store.replace(NOTES, [(key, note, rev) for (key, note, _), rev in zip(given_, revs, strict=True)])
        )
    if kind == "supersede":  # one in five is out of date
        read = await store.get(NOTES, [key for key, _, _ in given_])
        known = [
            Stored(one.key, one.value, one.rev if stale else "0") if one else Stored(key, note, "0")
            for one, (key, note, stale) in zip(read, given_, strict=True)
        ]
        return stood(
            await store.supersede(NOTES, [(one, note) for one, (_, note, _) in zip(known, given_, strict=True)])
        )
    if kind == "delete":
        return await store.delete(NOTES, given_)
    if kind == "count":
        return dict(await store.count(NOTES, *given_))
    return await found_pages(store, *given_)


async def found_pages(store: Store, where: Condition | None, order: Order | None, limit: int, more: int) -> list[Any]:
    """A page and up to `more` pages behind it."""
    found: list[Stored[Note]] = []
    after = None
    for _ in range(more + 1):
        page = await store.find(NOTES, where, order=order, limit=limit, after=after)
        found += page
        if page:
            after = (getattr(page[-1].value, order.field) if order else "", page[-1].key)
    return [(one.key, one.value) for one in found]


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=25))
async def test_sqlite_answers_as_memory_does(script: Sequence[tuple[str, Any]]) -> None:
    """Whatever is written and asked, both stores give the same answers and hold the same documents."""
    memory = MemoryStore()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = await SqliteStore.open(Path(folder, "store.db"), collections=SHARED)
        try:
            for step in script:
                assert await play(sqlite, step) == await play(memory, step), step
            everything: tuple[None, None, int, int] = (None, None, 100, 0)
            assert await found_pages(sqlite, *everything) == await found_pages(memory, *everything)
        finally:
            await sqlite.close()


# --- indexes, schema, files -------------------------------------------------------------------------------------------


TIMELINE = Order("at", descending=True)
SCORE = Order("total", descending=True)


@pytest.mark.parametrize(
    ("query", "index", "sorts"),
    [
        ((TOUCHPOINTS, one_of("addr", ["p1", "p2"]), TIMELINE), "ix_touchpoints_addr_at", 1),
        ((TOUCHPOINTS, equals("addr", "p1"), TIMELINE), "ix_touchpoints_addr_at", 0),
        ((LEADS, equals("stage", "mql"), SCORE), "ix_leads_stage_total", 0),
        ((LEADS, None, Order("since")), "ix_leads_since", 0),
    ],
)
@pytest.mark.parametrize("after", [None, (7, "k")])
async def test_declared_indexes_serve_the_lists(
    tmp_path: Path, query: tuple[Collection[Any], Condition | None, Order], index: str, sorts: int, after: Any
) -> None:
    """Timelines and lists of leads read their index alone to find a page, and sort only what several keys give."""
    store = await SqliteStore.open(tmp_path / "store.db")
    statement, values = store_sqlite_query.find(*query, 50, after)
    plan = store.reader.small(
        lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    )
    await store.close()

    details = [detail for *_, detail in plan]
    assert any(f"COVERING INDEX {index}" in detail for detail in details), plan
    of_the_page = 1
    assert sum("TEMP B-TREE" in detail for detail in details) == sorts + of_the_page, plan


async def test_fields_and_indexes_may_be_declared_later(store: SqliteStore, tmp_path: Path) -> None:
    """A newly declared field is filled from the documents, a new index made, an old one dropped."""
    await store.insert(NOTES, [(str(number), Note(size=number, text=f"t{number % 2}")) for number in range(2500)])
    await store.close()
    wider = replace(NOTES, fields={**NOTES.fields, "text": str}, indexes=(("text",),))

    again = await SqliteStore.open(tmp_path / "store.db", collections=(wider,))
    try:
        assert dict(await again.count(wider, "text")) == {"t0": 1250, "t1": 1250}
        assert keys(await again.find(wider, equals("text", "t1"), order=Order("size"), limit=2)) == ["1", "3"]
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'notes' AND sql IS NOT NULL"
        assert again.reader.small(lambda connection: connection.execute(query).fetchall()) == [("ix_notes_text",)]
    finally:
        await again.close()


async def test_a_collection_that_was_not_opened_is_named(store: SqliteStore) -> None:
    """ValueError instead of an SQL error."""
    with pytest.raises(ValueError, match="leads"):
        await store.get(LEADS, ["a"])


@pytest.mark.parametrize(("version", "words"), [(99, "newer"), (0, "older")])
async def test_another_schema_is_refused(store: SqliteStore, tmp_path: Path, version: int, words: str) -> None:
    """A file of another version is not touched, and the message says which is which."""
    await store.close()
    connection = connect(tmp_path / "store.db")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(WrongFile, match=words):
        await SqliteStore.open(tmp_path / "store.db", collections=SHARED)
