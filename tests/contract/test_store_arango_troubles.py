"""What the store in ArangoDB does when the server, the network or the driver does something odd."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arangoasync.request import Method
from tools.arango_double.accounts import Accounts
from tools.arango_double.running import doubled
from tools.arango_double.server import Server, running
from tools.broker.certificates import certificates

from leadflow import metrics
from leadflow.adapters import store_arango
from leadflow.adapters.arango_client import expiry
from leadflow.adapters.arango_documents import Kept
from leadflow.adapters.arango_errors import CONFLICT, StoreRefused
from leadflow.adapters.arango_options import ArangoOptions, WrongOptions
from leadflow.adapters.arango_schema import NotPrepared, check, prepare
from leadflow.adapters.store_arango import TRIES, ArangoStore
from leadflow.contracts.collections import COLLECTIONS
from leadflow.ports import Unavailable

from .store_contract import LOOSE, NOTES, Note, keys, stood

SOON = 5.0


@asynccontextmanager
async def troubled(**given: Any) -> AsyncIterator[tuple[ArangoStore, Server]]:
    """A store on the double, and the double, for making trouble."""
    async with doubled([NOTES, LOOSE], **given) as (options, server):
        store = await ArangoStore.open(options, collections=[NOTES, LOOSE])
        try:
            yield store, server
        finally:
            server.troubles.stop()
            await store.close()


async def insisted(store: ArangoStore, key: str, text: str) -> None:
    """Write a document as the pipeline does: read, compare-and-set, and again until it holds."""
    async with asyncio.timeout(60):
        while True:
            try:
                (found,) = await store.get(NOTES, [key])
                if found is not None and found.value.text == text:
                    return
                if found is None:
                    await store.insert(NOTES, [(key, Note(text=text))])
                else:
                    await store.replace(NOTES, [(key, Note(text=text), found.rev)])
            except Unavailable as away:
                await asyncio.sleep(min(away.retry_after, 0.05))


async def test_an_insert_that_meets_conflicts_is_tried_again() -> None:
    """Error 1200 on an insert says nothing about who has the key: the elements that met it are sent again, alone."""
    async with troubled() as (store, server):
        server.troubles.conflict = 0.3
        outcome = await store.insert(NOTES, [(str(number), Note(size=number)) for number in range(200)])
        server.troubles.stop()
        assert stood(outcome) == [True] * 200
        assert len(await store.find(NOTES, limit=300)) == 200
        assert server.requests["POST /_api/document/{collection}"] > 1


@pytest.mark.parametrize("conflicts", [1, TRIES - 1])
async def test_a_delete_may_succeed_at_its_last_try(conflicts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delete that meets other writes is sent again, and is no error when the last try that it has succeeds."""
    async with troubled() as (store, _):
        await store.insert(NOTES, [("a", Note())])
        answers = iter([[Kept(error=True, number=CONFLICT)]] * conflicts)
        write = store._write

        async def busy(*given: Any) -> list[Kept]:
            return next(answers, None) or await write(*given)

        monkeypatch.setattr(store, "_write", busy)
        monkeypatch.setattr(store_arango, "FIRST_PAUSE", 0.0)
        await store.delete(NOTES, ["a"])
        assert list(await store.get(NOTES, ["a"])) == [None]


async def test_conflicts_without_end_are_unavailability() -> None:
    """A key that always meets other writes is given up after a bounded number of tries."""
    async with troubled() as (store, server):
        server.troubles.conflict = 1.0
        with pytest.raises(Unavailable, match="kept meeting other writes"):
            await store.insert(NOTES, [("a", Note())])


async def test_a_replace_that_meets_a_conflict_is_refused_alone() -> None:
    """False for those that met another write, and they are as they were; the others are written."""
    async with troubled() as (store, server):
        await store.insert(NOTES, [(str(number), Note(size=0)) for number in range(100)])
        found = await store.get(NOTES, [str(number) for number in range(100)])
        server.troubles.conflict = 0.5
        outcome = await store.replace(NOTES, [(one.key, Note(size=1), one.rev) for one in found if one])
        server.troubles.stop()
        sizes = [one.value.size for one in await store.get(NOTES, [str(number) for number in range(100)]) if one]
        assert sizes == [int(done) for done in stood(outcome)]
        assert 0 < sum(stood(outcome)) < 100


@pytest.mark.parametrize("trouble", ["unavailable", "reset", "lost", "torn"])
async def test_every_document_arrives_through_trouble(trouble: str) -> None:
    """With one request in five in trouble, who insists writes each document; nothing is written twice or lost."""
    async with troubled() as (store, server):
        setattr(server.troubles, trouble, 0.2)
        for number in range(60):
            await insisted(store, str(number), f"text {number}")
        server.troubles.stop()
        await asyncio.sleep(0)
        found = await store.find(NOTES, limit=100)
        assert sorted(one.value.text for one in found) == sorted(f"text {number}" for number in range(60))


async def test_a_request_has_a_deadline() -> None:
    """An answer that never comes, though all was done, is Unavailable after a while; a second try finds it done."""
    async with troubled(call_timeout=0.2) as (store, server):
        server.troubles.stalled = 1.0
        started = time.monotonic()
        with pytest.raises(Unavailable, match="TimeoutError"):
            await store.insert(NOTES, [("a", Note(text="done"))])
        assert time.monotonic() - started < SOON
        server.troubles.stop()
        assert stood(await store.insert(NOTES, [("a", Note(text="again"))])) == [False]
        (found,) = await store.get(NOTES, ["a"])
        assert found is not None
        assert found.value.text == "done"


async def test_a_broken_post_is_not_repeated_behind_our_back() -> None:
    """The driver repeats a POST on a broken connection; here one call is one request for each host."""
    async with troubled() as (store, server):
        before = server.requests["POST /_api/document/{collection}"]
        server.troubles.lost = 1.0
        with pytest.raises(Unavailable):
            await store.insert(NOTES, [("a", Note())])
        assert server.requests["POST /_api/document/{collection}"] == before + 1


@pytest.mark.parametrize("authentication", ["basic", "token"])
async def test_while_the_server_is_away_most_calls_fail_at_once(authentication: str) -> None:
    """After some failures, logins too, the breaker opens: no request is sent until its rest is over."""
    async with troubled(authentication=authentication) as (store, server):
        server.troubles.unavailable = 1.0
        for _ in range(5):
            with pytest.raises(Unavailable):
                await store.get(NOTES, ["a"])
        with pytest.raises(Unavailable, match="has been away") as away:
            await store.get(NOTES, ["a"])
        assert 0 < away.value.retry_after <= SOON
        assert metrics.STORE_BREAKER_OPEN._value.get() == 1
        server.troubles.stop()
        await insisted(store, "a", "back")
        assert metrics.STORE_BREAKER_OPEN._value.get() == 0


async def test_a_multi_get_keeps_every_place() -> None:
    """The driver drops the elements of missing documents; ours are None in their places."""
    async with troubled() as (store, _):
        await store.insert(NOTES, [("b", Note(text="B"))])
        found = await store.get(NOTES, ["a", "b", "c", "b"])
        assert [one and one.value.text for one in found] == [None, "B", None, "B"]


async def test_a_wrong_password_is_refused_and_not_shown() -> None:
    """The error says which settings to check; it holds no password."""
    async with doubled([NOTES]) as (options, _):
        wrong = ArangoOptions(hosts=options.hosts, database=options.database, password="not-the-secret")
        store = await ArangoStore.open(wrong, collections=[NOTES])
        with pytest.raises(StoreRefused, match="LEADFLOW_ARANGO_PASSWORD") as refused:
            await store.get(NOTES, ["a"])
        await store.close()
        assert "not-the-secret" not in str(refused.value) + repr(wrong)


async def test_a_token_is_fetched_renewed_and_replaced() -> None:
    """A login serves many requests; a token near its end is renewed, one that is refused is replaced."""
    async with troubled(authentication="token") as (store, server):
        logins = server.logins
        await store.insert(NOTES, [("a", Note())])
        await store.get(NOTES, ["a"])
        assert server.logins == logins + 1

        server.accounts.secret = "the server was given other secrets"
        await store.get(NOTES, ["a"])
        assert server.logins == logins + 2

        server.accounts.token_seconds = 0  # from now on tokens are at their end when they come
        server.accounts.secret = "and others again"
        with pytest.raises(StoreRefused):
            await store.get(NOTES, ["a"])
        server.accounts.token_seconds = 3600
        await store.get(NOTES, ["a"])


async def test_tls_is_spoken_to_a_server_that_is_trusted(tmp_path: Path) -> None:
    """With https and the right authority all is as without; a server whom nobody vouches for is refused."""
    made = certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.brokers)
    async with running(Accounts({"root": "secret"}), tls=context) as server:
        address = f"https://127.0.0.1:{server.port}"
        trusting = ArangoOptions(
            hosts=(address,), database="leadflow_test", password="secret", ca_file=str(made.authority)
        )
        await prepare(trusting, [NOTES])
        store = await ArangoStore.open(trusting, collections=[NOTES])
        assert stood(await store.insert(NOTES, [("a", Note())])) == [True]
        await store.close()

        doubting = await ArangoStore.open(
            ArangoOptions(hosts=(address,), database="leadflow_test", password="secret"), collections=[NOTES]
        )
        with pytest.raises(Unavailable):
            await doubting.get(NOTES, ["a"])
        await doubting.close()


@pytest.mark.parametrize(("servers", "copies"), [(0, 1), (2, 2), (5, 3)])
async def test_there_are_never_more_copies_than_servers(servers: int, copies: int) -> None:
    """`leadflow init` looks how many servers hold data, and asks for one leader of all collections."""
    async with running(Accounts({"root": "secret"})) as server:
        server.data_servers = servers
        options = ArangoOptions(hosts=(server.url,), database="leadflow_test", password="secret")
        await prepare(options, [NOTES])
        database = server.databases["leadflow_test"]
        assert database.properties["sharding"] == "single"
        assert database.collection("notes").properties["replicationFactor"] == copies
        assert database.collection("notes").properties["writeConcern"] == min(2, copies)


async def test_a_sharded_database_spreads_its_collections() -> None:
    """By setting, with the number of shards that was asked for."""
    async with running(Accounts({"root": "secret"})) as server:
        options = ArangoOptions(
            hosts=(server.url,), database="leadflow_test", password="secret", sharded=True, shards=6
        )
        await prepare(options, [NOTES])
        database = server.databases["leadflow_test"]
        assert database.properties["sharding"] == ""
        assert database.collection("notes").properties["numberOfShards"] == 6


def test_the_end_of_a_token() -> None:
    """The claim `exp` in seconds; 0 for what is no token."""
    assert expiry("e30.eyJleHAiOiAxMjN9.signature") == 123.0
    assert [expiry(text) for text in ("", "a.b.c", "e30.e30.x")] == [0.0] * 3


async def test_requests_are_spread_over_coordinators() -> None:
    """With several hosts each takes its share, and one that is away is passed over."""
    async with doubled([NOTES]) as (options, server):
        gone = "http://127.0.0.1:1"  # nobody listens there
        several = ArangoOptions(hosts=(gone, *options.hosts), database=options.database, password=options.password)
        store = await ArangoStore.open(several, collections=[NOTES])
        for number in range(6):
            assert stood(await store.insert(NOTES, [(str(number), Note())])) == [True]
        await store.close()
        assert server.requests["POST /_api/document/{collection}"] == 6


async def test_preparing_twice_changes_nothing() -> None:
    """The second run finds everything there; an index that was added since is added, also with data in it."""
    async with doubled() as (options, _):
        assert await prepare(options) == []
        store = await ArangoStore.open(options)
        await check(store.server)
        await store.close()
        more = [*COLLECTIONS, NOTES]
        assert [line.split(" to ")[0] for line in await prepare(options, more)] == [
            "created the collection notes",
            "added the index by_topic_size",
            "added the index by_size",
            "added the index by_done_topic",
        ]


async def test_an_unprepared_database_is_named() -> None:
    """Without `leadflow init` the error names what is absent and what to run."""
    async with doubled([NOTES]) as (options, _):
        store = await ArangoStore.open(options, collections=[NOTES, LOOSE])
        with pytest.raises(NotPrepared, match=r"loose.*leadflow init"):
            await check(store.server, [NOTES, LOOSE])
        with pytest.raises(StoreRefused, match="leadflow init"):
            await store.get(LOOSE, ["a"])
        await store.close()


async def test_keys_and_text_of_any_script() -> None:
    """Keys that the server would not take are written in characters that it takes, and come back as they were."""
    async with troubled() as (store, _):
        odd = ["a b", "ü/ü", "100%", "email:x@y.z", "数据", "%41", "A"]
        assert stood(await store.insert(NOTES, [(key, Note(text=key)) for key in odd])) == [True] * len(odd)
        assert keys(one for one in await store.get(NOTES, odd) if one) == odd
        with pytest.raises(ValueError, match="254"):
            await store.insert(NOTES, [("x" * 300, Note())])


def test_options_that_cannot_work_are_refused() -> None:
    """Before anything is sent, with a sentence."""
    for given, reason in (
        ({"hosts": (), "database": "d"}, "no host"),
        ({"hosts": ("http://a:1",), "database": ""}, "no database"),
        ({"hosts": ("http://a:1", "https://b:1"), "database": "d"}, "all https"),
        ({"hosts": ("http://a:1",), "database": "d", "replication_factor": 1, "write_concern": 2}, "write concern"),
    ):
        with pytest.raises(WrongOptions, match=reason):
            ArangoOptions(**given)  # type: ignore[arg-type]
    with pytest.raises(WrongOptions, match="no certificate authority"):
        ArangoOptions(hosts=("https://a:1",), database="d", ca_file="missing.pem").trust()


async def test_the_double_takes_a_typo_for_one() -> None:
    """A query text that is no AQL is refused with error 1501, so a typo in one of ours would fail a test."""
    async with troubled() as (store, _):
        for text in ("FOR d IN notes RETRUN d", "FOR d IN notes FILTER d.x = 1 RETURN d", "RETURN NO_SUCH(1)"):
            body = msgspec.json.encode({"query": text})
            with pytest.raises(StoreRefused, match=r"15\d\d"):
                await store.server.call(Method.POST, "/_api/cursor", dict[str, Any], body=body)
