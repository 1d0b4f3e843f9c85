"""Every query that Leadflow sends to ArangoDB, on data, with the index that serves it.

The index is what the server's explain says. The double answers with a rule near to the server's; on a real server
(LEADFLOW_TEST_ARANGO_URL) the same test asks the optimizer itself.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import msgspec
import pytest
from arangoasync.request import Method
from tools.arango_double.running import prepared

from leadflow.adapters import store_arango_query
from leadflow.adapters.arango_schema import index_name
from leadflow.adapters.store_arango import ArangoStore
from leadflow.contracts.collections import COLLECTIONS, IDENTITIES, LEADS, MERGES, PARKED, TOUCHPOINTS, Collection
from leadflow.contracts.documents import LeadDoc, MergeDoc
from leadflow.core.conditions import Condition, all_of, any_of, compare, equals, one_of
from leadflow.ports import Cursor, Order


class Asked(NamedTuple):
    """A query as a service asks it, and the index that it has to be served by."""

    collection: Collection[Any]
    where: Condition | None
    order: Order | None
    after: Cursor | None
    index: str


STAGES = equals("stage", "mql")
NEWEST, BEST = Order("at", descending=True), Order("total", descending=True)
PAGES = {
    "timeline": Asked(TOUCHPOINTS, one_of("addr", ["p1", "p2"]), None, None, "by_addr_at"),
    "timeline of one leaf": Asked(TOUCHPOINTS, equals("addr", "p1"), NEWEST, None, "by_addr_at"),
    "its next page": Asked(TOUCHPOINTS, equals("addr", "p1"), NEWEST, (5, "k"), "by_addr_at"),
    "leads of a stage": Asked(LEADS, STAGES, BEST, None, "by_stage_total"),
    "the next page of them": Asked(LEADS, STAGES, BEST, (7, "k"), "by_stage_total"),
    "leads, latest first": Asked(LEADS, None, Order("since", descending=True), None, "by_since"),
    "merges, latest first": Asked(MERGES, None, NEWEST, None, "by_at"),
    "merges of a profile": Asked(MERGES, equals("winner", "p1"), NEWEST, None, "by_winner_at"),
    "merges of a person": Asked(MERGES, any_of(one_of("winner", ["p"]), one_of("loser", ["p"])), NEWEST, None, "by_at"),
    "what waits for a parked lead": Asked(PARKED, equals("lead", "p"), Order("position"), None, "by_lead_position"),
    "touchpoints of a leaf, for a recount": Asked(
        TOUCHPOINTS, equals("addr", "p"), Order("at"), (5, "k"), "by_addr_at"
    ),
    "all leads, by key": Asked(LEADS, None, None, ("", "k"), "primary"),
    "all identities, by key": Asked(IDENTITIES, None, None, None, "primary"),
}


@pytest.fixture
async def store() -> AsyncIterator[ArangoStore]:
    """All collections, empty."""
    async with prepared() as options:
        opened = await ArangoStore.open(options)
        yield opened
        await opened.close()


class _Plan(msgspec.Struct):
    nodes: list[dict[str, Any]]


class _Explained(msgspec.Struct):
    plan: _Plan


async def index_of(store: ArangoStore, query: store_arango_query.Query) -> str | None:
    """The index that serves a query, None for a scan."""
    body = msgspec.json.encode({"query": query[0], "bindVars": query[1]})
    explained = await store.server.call(Method.POST, "/_api/explain", _Explained, body=body)
    assert isinstance(explained, _Explained)
    served = [node["indexes"][0]["name"] for node in explained.plan.nodes if node["type"] == "IndexNode"]
    return served[0] if served else None


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_served_by_its_index(store: ArangoStore, name: str) -> None:
    """No list that people or services read scans a collection."""
    asked = PAGES[name]
    query = store_arango_query.find(asked.collection, asked.where, asked.order, 50, asked.after)
    assert await index_of(store, query) == asked.index


async def test_the_funnel_is_served_by_an_index(store: ArangoStore) -> None:
    """Counting by stage reads the index on it."""
    assert await index_of(store, store_arango_query.count(LEADS, "stage", None)) == "by_stage_total"


async def test_what_no_index_serves_is_seen(store: ArangoStore) -> None:
    """A query by a field without an index is a scan: the tests above can fail."""
    assert await index_of(store, store_arango_query.find(LEADS, equals("owner", "an"), None, 50, None)) == "primary"
    body = {"query": "FOR d IN leads FILTER d.q.owner == 'an' RETURN d", "bindVars": {}}
    explained = await store.server.call(Method.POST, "/_api/explain", _Explained, body=msgspec.json.encode(body))
    assert isinstance(explained, _Explained)
    assert explained.plan.nodes[0]["type"] != "IndexNode"


async def test_every_declared_index_is_of_use(store: ArangoStore) -> None:
    """Each index that `leadflow init` creates serves a query of the table, or a search by a merge's loser."""
    used = {asked.index for asked in PAGES.values()} | {"by_loser_at"}
    declared = {index_name(fields) for collection in COLLECTIONS for fields in collection.indexes}
    assert declared <= used
    by_loser = store_arango_query.find(MERGES, equals("loser", "p1"), NEWEST, 50, None)
    assert await index_of(store, by_loser) == "by_loser_at"


async def test_lists_of_leads_find_what_they_should(store: ArangoStore) -> None:
    """Filters, order and pages over leads, as the admin API asks for them."""
    leads = [
        ("a", LeadDoc(stage="mql", temperature="hot", total=30, since=3)),
        ("b", LeadDoc(stage="mql", temperature="warm", total=50, since=1)),
        ("c", LeadDoc(stage="sql", temperature="hot", total=90, since=2)),
        ("d", LeadDoc(total=99)),
        ("e", LeadDoc(stage="mql", temperature="hot", total=50, since=4)),
    ]
    await store.insert(LEADS, leads)
    best = Order("total", descending=True)

    async def found(where: Condition | None, after: Cursor | None = None, limit: int = 10) -> str:
        return "".join(one.key for one in await store.find(LEADS, where, order=best, limit=limit, after=after))

    assert await found(equals("stage", "mql")) == "eba"
    assert await found(equals("stage", "mql"), after=(50, "e"), limit=1) == "b"
    assert await found(all_of(equals("temperature", "hot"), compare("total", ">", 30))) == "ce"
    assert await found(any_of(equals("stage", "sql"), equals("since", 1))) == "cb"
    assert dict(await store.count(LEADS, "stage")) == {"mql": 3, "sql": 1}
    assert dict(await store.count(LEADS, "temperature", equals("stage", "mql"))) == {"hot": 2, "warm": 1}


async def test_merges_of_a_profile_are_found_from_both_sides(store: ArangoStore) -> None:
    """By the winner and by the loser, latest first."""

    def merge(winner: str, loser: str, at: int) -> MergeDoc:
        return MergeDoc(winner=winner, loser=loser, at=at, message_id="m", identifiers=(), state="merged")

    await store.insert(MERGES, [("1", merge("p", "q", 1)), ("2", merge("p", "r", 2)), ("3", merge("s", "p", 3))])
    newest = Order("at", descending=True)
    assert [one.key for one in await store.find(MERGES, equals("winner", "p"), order=newest)] == ["2", "1"]
    assert [one.key for one in await store.find(MERGES, equals("loser", "p"), order=newest)] == ["3"]
