"""What every store must do, whatever it is built on: mix `StoreContract` into a test class and give it a `store`.

The fixture provides an empty store that knows NOTES, LOOSE and HASHED. A store that outlives its process also
mixes in `DurableStoreContract` and provides `reopen`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec
import pytest

from leadflow.contracts.collections import Collection
from leadflow.core.conditions import all_of, any_of, compare, equals, negate, one_of, parse
from leadflow.core.digest import Digest
from leadflow.ports import Cursor, Order, Store, Stored


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document with fields of every kind that may be declared, and one that is not."""

    topic: str | None = None
    size: int | None = None
    done: bool | None = None
    text: str = ""
    tags: tuple[str, ...] = ()
    counts: dict[str, dict[int, int]] = {}


DIGEST = "0a1b2c3d4e5f60718293a4b5"
NOTES = Collection(
    "notes", Note, {"topic": str, "size": int, "done": int}, (("topic", "size"), ("size",), ("done", "topic"))
)
LOOSE = Collection("loose", Note)
HASHED = Collection("hashed", Note, {"topic": Digest, "size": int}, (("topic", "size"),), key=Digest)


async def revision(store: Store, key: str) -> str:
    """The revision of a document that is there."""
    (found,) = await store.get(NOTES, [key])
    assert found is not None
    return found.rev


def stood(outcome: Sequence[str | None]) -> list[bool]:
    """Which writes took effect."""
    return [rev is not None for rev in outcome]


def keys(found: Iterable[Stored[Note]]) -> list[str]:
    """The keys of documents."""
    return [one.key for one in found]


async def pages(store: Store, limit: int, **query: Any) -> list[Stored[Note]]:
    """Everything a query gives, read page by page with the cursor of the last document."""
    found: list[Stored[Note]] = []
    after: Cursor | None = None
    order: Order | None = query.get("order")
    collection = query.pop("collection", NOTES)
    while page := await store.find(collection, limit=limit, after=after, **query):
        assert len(page) <= limit
        found += page
        last = page[-1]
        after = (getattr(last.value, order.field) if order else "", last.key)
    return found


class DocumentContract:
    """Documents by key: one at a time is atomic, many at once are answered one by one."""

    async def test_get_answers_in_the_order_of_the_keys(self, store: Store) -> None:
        """Each key's document or None, also for keys that are named twice."""
        await store.insert(NOTES, [("a", Note(text="A")), ("b", Note(text="B"))])

        found = await store.get(NOTES, ["b", "missing", "a", "b"])

        assert [one and (one.key, one.value.text) for one in found] == [("b", "B"), None, ("a", "A"), ("b", "B")]
        assert list(await store.get(NOTES, [])) == []

    async def test_documents_come_back_as_they_were(self, store: Store) -> None:
        """Every value of a document survives, in any script."""
        note = Note(
            topic="Báo giá", size=-(2**40), done=False, text="🙂 'x' \x00", tags=("a", ""), counts={"r": {7: 1}}
        )
        await store.insert(NOTES, [("khoá/🙂'", note), ("plain", Note())])
        found = await store.get(NOTES, ["khoá/🙂'", "plain"])
        assert [one and one.value for one in found] == [note, Note()]

    async def test_insert_answers_for_each_document(self, store: Store) -> None:
        """A revision where the key was absent, None where it was there; that one is left as it was."""
        assert stood(await store.insert(NOTES, [("a", Note(text="first"))])) == [True]
        assert stood(await store.insert(NOTES, [("b", Note()), ("a", Note(text="second")), ("c", Note())])) == [
            True,
            False,
            True,
        ]
        (found,) = await store.get(NOTES, ["a"])
        assert found is not None
        assert found.value.text == "first"

    async def test_of_equal_keys_in_one_insert_the_first_wins(self, store: Store) -> None:
        """A batch may name a key twice."""
        assert stood(await store.insert(NOTES, [("a", Note(text="1")), ("a", Note(text="2"))])) == [True, False]
        (found,) = await store.get(NOTES, ["a"])
        assert found is not None
        assert found.value.text == "1"

    async def test_replace_needs_the_present_revision(self, store: Store) -> None:
        """A compare-and-set succeeds once per revision, and each success makes another revision."""
        await store.insert(NOTES, [("a", Note(text="0"))])
        first = await revision(store, "a")

        assert stood(await store.replace(NOTES, [("a", Note(text="1"), first)])) == [True]
        assert stood(await store.replace(NOTES, [("a", Note(text="lost"), first)])) == [False]
        second = await revision(store, "a")
        assert second != first
        assert stood(await store.replace(NOTES, [("a", Note(text="2"), second)])) == [True]
        (found,) = await store.get(NOTES, ["a"])
        assert found is not None
        assert found.value.text == "2"

    async def test_a_write_tells_the_revision_that_it_made(self, store: Store) -> None:
        """It is the one that a reader finds and that the next compare-and-set has to name; who fails is told none."""
        first, again = await store.insert(NOTES, [("a", Note()), ("a", Note())])
        assert first is not None
        assert again is None
        assert first == await revision(store, "a")
        (second,) = await store.replace(NOTES, [("a", Note(text="1"), first)])
        assert second is not None
        assert second == await revision(store, "a")
        assert stood(await store.replace(NOTES, [("a", Note(text="2"), second), ("a", Note(), first)])) == [True, False]

    async def test_an_equal_value_makes_a_new_revision_too(self, store: Store) -> None:
        """Replacing a document by itself invalidates the revision that others have read."""
        await store.insert(NOTES, [("a", Note())])
        rev = await revision(store, "a")
        assert stood(await store.replace(NOTES, [("a", Note(), rev)])) == [True]
        assert await revision(store, "a") != rev

    async def test_replace_answers_for_each_document(self, store: Store) -> None:
        """One that is gone, never was or has moved on fails alone."""
        await store.insert(NOTES, [("a", Note()), ("b", Note())])
        a, b = await revision(store, "a"), await revision(store, "b")
        outcome = await store.replace(
            NOTES, [("a", Note(text="A"), a), ("missing", Note(), a), ("b", Note(), "no revision"), ("b", Note(), b)]
        )
        assert stood(outcome) == [True, False, False, True]
        assert list(await store.get(NOTES, ["missing"])) == [None]

    async def test_equal_keys_in_one_replace_are_taken_in_order(self, store: Store) -> None:
        """The first one uses the revision up."""
        await store.insert(NOTES, [("a", Note())])
        rev = await revision(store, "a")
        assert stood(await store.replace(NOTES, [("a", Note(text="1"), rev), ("a", Note(text="2"), rev)])) == [
            True,
            False,
        ]
        (found,) = await store.get(NOTES, ["a"])
        assert found is not None
        assert found.value.text == "1"

    async def test_supersede_is_replace_for_those_who_know_what_stands(self, store: Store) -> None:
        """Each document is written if it still stands as it is held; one that has moved on or gone fails alone."""
        names = ("a", "b", "c", "d")
        await store.insert(NOTES, [(name, Note(topic="old", size=number)) for number, name in enumerate(names)])
        held = [one for one in await store.get(NOTES, names) if one is not None]
        a, b, c, d = held
        await store.replace(NOTES, [("b", Note(topic="theirs"), b.rev)])
        await store.delete(NOTES, ["c"])

        outcome = await store.supersede(
            NOTES, [(a, Note(topic="new", size=0)), (b, Note()), (c, Note()), (d, Note(text="D")), (d, Note())]
        )

        assert stood(outcome) == [True, False, False, True, False]
        assert [one and (one.value.topic, one.value.text) for one in await store.get(NOTES, names)] == [
            ("new", ""),
            ("theirs", ""),
            None,
            (None, "D"),
        ]
        assert outcome[0] == await revision(store, "a")
        assert keys(await store.find(NOTES, equals("topic", "new"), order=Order("size"))) == ["a"]
        assert keys(await store.find(NOTES, equals("topic", "old"))) == []

    async def test_a_deleted_document_is_gone(self, store: Store) -> None:
        """Deleting is no error for absent keys; the old revision does not fit a document inserted anew."""
        await store.insert(NOTES, [("a", Note()), ("b", Note())])
        old = await revision(store, "a")
        await store.delete(NOTES, ["a", "missing", "a"])
        assert stood(await store.replace(NOTES, [("a", Note(), old)])) == [False]
        assert stood(await store.insert(NOTES, [("a", Note(text="new"))])) == [True]
        assert stood(await store.replace(NOTES, [("a", Note(text="stale"), old)])) == [False]
        assert keys(await store.find(NOTES)) == ["a", "b"]

    async def test_collections_are_apart(self, store: Store) -> None:
        """The same key in another collection is another document."""
        await store.insert(NOTES, [("a", Note(text="note"))])
        assert list(await store.get(LOOSE, ["a"])) == [None]
        assert stood(await store.insert(LOOSE, [("a", Note(text="loose"))])) == [True]
        assert keys(await store.find(LOOSE)) == ["a"]

    @pytest.mark.parametrize("key", [DIGEST, DIGEST.upper(), "p1", "", " " * 24, "0a 1b 2c 3d 4e 5f 6a 7b 8", "é" * 24])
    async def test_where_digests_are_declared_other_text_is_kept_too(self, store: Store, key: str) -> None:
        """Keys and fields come back to the letter, and are found by equality."""
        await store.insert(HASHED, [(DIGEST[::-1], Note(topic=DIGEST[::-1])), (key, Note(topic=key, size=1))])
        (found,) = await store.get(HASHED, [key])
        assert found is not None
        assert (found.key, found.value) == (key, Note(topic=key, size=1))

        assert keys(await store.find(HASHED, equals("topic", key))) == [key]
        assert keys(await store.find(HASHED, one_of("topic", [key, "other"]), order=Order("size"))) == [key]
        assert dict(await store.count(HASHED, "topic")) == {DIGEST[::-1]: 1, key: 1}
        assert stood(await store.replace(HASHED, [(key, Note(topic="else"), found.rev)])) == [True]
        assert await store.find(HASHED, equals("topic", key)) == []
        await store.delete(HASHED, [key])
        assert list(await store.get(HASHED, [key])) == [None]

    async def test_digests_come_in_their_order(self, store: Store) -> None:
        """Page by page, by key and by a field with the key behind it."""
        names = [f"{number:024x}" for number in (10**20, 7, 2**90, 0, 255)]
        await store.insert(HASHED, [(name, Note(topic=DIGEST, size=1)) for name in names])
        assert keys(await pages(store, 2, collection=HASHED)) == sorted(names)
        by_size = await pages(store, 2, collection=HASHED, where=equals("topic", DIGEST), order=Order("size"))
        assert keys(by_size) == sorted(names)

    async def test_many_documents_at_once(self, store: Store) -> None:
        """Batches of some thousand are read and written whole."""
        await store.insert(NOTES, [(f"{number:04}", Note(size=number)) for number in range(2500)])
        wanted = [f"{number:04}" for number in range(2499, -1, -1)]
        found = await store.get(NOTES, wanted)
        assert [one and one.value.size for one in found] == list(range(2499, -1, -1))

    async def test_nothing_is_shared_with_the_caller(self, store: Store) -> None:
        """What the caller does to an object after writing or reading it changes no document."""
        counts: dict[str, dict[int, int]] = {"rule": {1: 1}}
        await store.insert(NOTES, [("a", Note(counts=counts))])
        counts["rule"][1] = 99
        (found,) = await store.get(NOTES, ["a"])
        assert found is not None
        found.value.counts["rule"][1] = 77
        (again,) = await store.get(NOTES, ["a"])
        assert again is not None
        assert again.value.counts == {"rule": {1: 1}}


class QueryContract:
    """Conditions over declared fields, in pages."""

    async def fill(self, store: Store) -> None:
        """Ten notes: equal sizes, missing sizes, two topics."""
        rows: Sequence[tuple[str, str | None, int | None, bool | None]] = [
            ("a", "x", 3, True),
            ("b", "x", 1, False),
            ("c", "y", 3, None),
            ("d", "y", None, True),
            ("e", None, 2, False),
            ("f", "x", 3, True),
            ("g", "y", 3, False),
            ("h", "x", None, None),
            ("i", "z", 0, True),
            ("j", "z", -5, False),
        ]
        await store.insert(NOTES, [(key, Note(topic=topic, size=size, done=done)) for key, topic, size, done in rows])

    async def test_without_an_order_documents_come_by_key(self, store: Store) -> None:
        """All documents, page by page, each once."""
        await self.fill(store)
        assert keys(await pages(store, 3)) == list("abcdefghij")
        assert keys(await store.find(NOTES, after=("", "h"))) == ["i", "j"]

    async def test_ascending_pages(self, store: Store) -> None:
        """Sorted by the field, equal values by key; documents without a value are left out."""
        await self.fill(store)
        for limit in (1, 2, 3, 100):
            assert keys(await pages(store, limit, order=Order("size"))) == list("jibeacfg")

    async def test_descending_pages(self, store: Store) -> None:
        """The exact reverse."""
        await self.fill(store)
        for limit in (1, 2, 3, 100):
            assert keys(await pages(store, limit, order=Order("size", descending=True))) == list("gfcaebij")

    async def test_order_by_text(self, store: Store) -> None:
        """Text sorts by code point."""
        topics = ["a", "B", "é", "z", "🙂", "", "aa", "\uff21"]
        await store.insert(NOTES, [(str(number), Note(topic=topic)) for number, topic in enumerate(topics)])
        found = await pages(store, 3, order=Order("topic"))
        assert [one.value.topic for one in found] == sorted(topics)

    async def test_pages_hold_their_place_while_others_write(self, store: Store) -> None:
        """A document that appears before the cursor is not seen, one behind it is; none comes twice."""
        await self.fill(store)
        first = await store.find(NOTES, order=Order("size"), limit=3)
        last = first[-1]
        await store.insert(NOTES, [("early", Note(size=-9)), ("late", Note(size=9))])
        rest = await store.find(NOTES, order=Order("size"), after=(last.value.size, last.key))
        assert keys(rest) == [*"eacfg", "late"]

    async def test_conditions_select(self, store: Store) -> None:
        """Equality, sets, ranges, and, or, not: the same as the language says elsewhere."""
        await self.fill(store)
        expected = {
            "x": (equals("topic", "x"), "abfh"),
            "set": (one_of("topic", ["y", "z"]), "cdgij"),
            "nothing": (equals("topic", None), "e"),
            "range": (all_of(compare("size", ">=", 0), compare("size", "<", 3)), "bei"),
            "either": (any_of(equals("topic", "z"), equals("size", 3)), "acfgij"),
            "negated": (negate(equals("topic", "x")), "cdegij"),
            "text": (parse("topic == 'x' and size > 1"), "af"),
            "boolean": (equals("done", 1), "adfi"),
            "none": (equals("topic", "missing"), ""),
        }
        for name, (condition, wanted) in expected.items():
            assert keys(await store.find(NOTES, condition)) == list(wanted), name

    async def test_conditions_and_order_together(self, store: Store) -> None:
        """A filtered, sorted list in pages."""
        await self.fill(store)
        condition = one_of("topic", ["x", "y"])
        assert keys(await pages(store, 2, where=condition, order=Order("size", descending=True))) == list("gfcab")

    async def test_queries_follow_the_documents(self, store: Store) -> None:
        """A replaced document is found by its new values, a deleted one not at all."""
        await self.fill(store)
        await store.replace(NOTES, [("a", Note(topic="moved", size=7), await revision(store, "a"))])
        await store.delete(NOTES, ["b"])
        assert keys(await store.find(NOTES, equals("topic", "x"))) == ["f", "h"]
        assert keys(await store.find(NOTES, compare("size", ">", 5))) == ["a"]

    async def test_count_groups(self, store: Store) -> None:
        """How many documents there are for each value; None is left out."""
        await self.fill(store)
        assert dict(await store.count(NOTES, "topic")) == {"x": 4, "y": 3, "z": 2}
        assert dict(await store.count(NOTES, "topic", compare("size", ">=", 3))) == {"x": 2, "y": 2}
        assert dict(await store.count(NOTES, "size", equals("topic", "y"))) == {3: 2}
        assert dict(await store.count(NOTES, "topic", equals("topic", "missing"))) == {}

    async def test_undeclared_fields_are_refused(self, store: Store) -> None:
        """ValueError that names the field and the collection, wherever the field stands."""
        for query in (
            store.find(NOTES, equals("text", "x")),
            store.find(NOTES, order=Order("text")),
            store.count(NOTES, "text"),
            store.count(NOTES, "topic", equals("text", "x")),
        ):
            with pytest.raises(ValueError, match=r"notes.*text|text.*notes"):
                await query

    async def test_a_declared_field_holds_plain_values(self, store: Store) -> None:
        """TypeError for a document whose declared field is neither text, number nor None; nothing is written."""
        odd = Note(topic=["a", "list"])  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"notes\.topic"):
            await store.insert(NOTES, [("good", Note()), ("odd", odd)])
        assert list(await store.get(NOTES, ["odd", "good"])) == [None, None]

    async def test_a_limit_of_nothing(self, store: Store) -> None:
        """No documents are asked for, none come."""
        await self.fill(store)
        assert list(await store.find(NOTES, limit=0)) == []


class StoreContract(DocumentContract, QueryContract):
    """All that a store must do."""


class DurableStoreContract:
    """What a store that outlives its process must do besides."""

    async def test_documents_survive(self, store: Store, reopen: Callable[[], Awaitable[Store]]) -> None:
        """After closing and opening again documents, revisions and queries are as before."""
        await store.insert(NOTES, [("a", Note(topic="x", size=1))])
        rev = await revision(store, "a")
        again = await reopen()

        assert await revision(again, "a") == rev
        assert keys(await again.find(NOTES, equals("topic", "x"), order=Order("size"))) == ["a"]
        assert stood(await again.replace(NOTES, [("a", Note(), rev)])) == [True]
