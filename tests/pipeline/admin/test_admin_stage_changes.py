"""Stage changes: read by cursor, and followed as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow import metrics
from leadflow.adapters.log_memory import MemoryLog
from leadflow.contracts import topics
from leadflow.core.time import SECOND, from_rfc3339, to_rfc3339
from leadflow.ports import Emit, Unavailable
from leadflow_admin_api.stage_changes import read_page

NOON = from_rfc3339("2026-11-21T12:00:00Z")


def change(pid: str, sequence: int, seconds: int = 0) -> dict[str, Any]:
    """A record of the topic, decided so many seconds after noon."""
    at = to_rfc3339(NOON + seconds * SECOND)
    score = {"engagement": 1.0, "fit": 0.0, "grade": "B", "completeness": 3.0, "total": 4.0, "temperature": "cold"}
    return {
        "id": f"{pid}.{sequence}",
        "profile_id": pid,
        "sequence": sequence,
        "from": "visitor",
        "to": "lead",
        "at": at,
        "decided_at": at,
        "trigger": {"message_id": "m", "rule": "form_submitted"},
        "score": score,
        "contributions": [{"rule": "completeness", "count": 1, "points": 3.0, "age_s": None}],
        "criteria": [{"text": "a contact", "met": True}],
        "next": {"stage": "mql", "missing": ["engagement"]},
        "model": {"name": "b2b", "version": "1"},
        "source": {"conversion": "Form Submitted", "channel": "direct", "campaign": None, "medium": None},
    }


def ids(page: dict[str, Any]) -> list[str]:
    """The ids of a page's items."""
    return [item["id"] for item in page["items"]]


async def test_changes_come_as_published_oldest_first(world: Any) -> None:
    """The record is passed on unchanged; partitions are merged by the time of decision."""
    await world.publish(0, change("a", 1, 1), change("a", 2, 4))
    await world.publish(1, change("b", 1, 2), change("b", 2, 3))
    page = await world.get("/stage-changes")
    assert ids(page) == ["a.1", "b.1", "b.2", "a.2"]
    assert page["items"][0] == change("a", 1, 1)
    assert page["more"] is False


async def test_an_empty_log_has_a_cursor_that_can_be_polled(world: Any) -> None:
    """`next` stays valid, and shows what comes later, once."""
    first = await world.get("/stage-changes")
    assert (first["items"], first["more"]) == ([], False)
    assert (await world.get("/stage-changes", after=first["next"]))["items"] == []
    await world.publish(1, change("b", 1))
    second = await world.get("/stage-changes", after=first["next"])
    assert ids(second) == ["b.1"]
    assert (await world.get("/stage-changes", after=second["next"]))["items"] == []


async def test_pages_lose_nothing_and_repeat_nothing(world: Any) -> None:
    """Whatever their size."""
    for number in range(7):
        await world.publish(number % 2, change("ab"[number % 2], number, number))
    whole = ids(await world.get("/stage-changes"))
    for limit in (1, 2, 3, 6, 7):
        seen: list[str] = []
        page: dict[str, Any] = {"more": True}
        after: dict[str, Any] = {}
        while page["more"]:
            page = await world.get("/stage-changes", limit=limit, **after)
            assert len(page["items"]) <= limit
            seen += ids(page)
            after = {"after": page["next"]}
        assert seen == whole


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.integers(0, 20), max_size=8), min_size=3, max_size=3),
    st.integers(1, 9),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
async def test_any_clocks_keep_the_order_of_a_partition(
    decided: list[list[int]], limit: int, tombstones: list[bool]
) -> None:
    """Paging visits every record once, in the order of its partition, even where clocks went backwards."""
    log = MemoryLog(partitions=3)
    expected: dict[str, list[int]] = {}
    for partition, times in enumerate(decided):
        pid = str(partition)
        for number, seconds in enumerate(times):
            value = None if tombstones[number] else _encoded(change(pid, number, seconds))
            await log.append([Emit(topic=topics.STAGE_CHANGES, key=pid, value=value, partition=partition)])
            if value is not None:
                expected.setdefault(pid, []).append(number)
    seen: dict[str, list[int]] = {}
    at, more = (0, 0, 0), True
    while more:
        page = await read_page(log, at, limit)
        assert len(page.changes) <= limit
        for one in page.changes:
            record = _decoded(one.value)
            seen.setdefault(record["profile_id"], []).append(record["sequence"])
        assert page.next != at or not page.more
        at, more = page.next, page.more
    assert seen == expected


async def test_a_cursor_of_another_list_or_log_is_refused(world: Any) -> None:
    """Going on from there would lose changes silently."""
    await world.publish(0, change("a", 1))
    ahead = (await world.get("/stage-changes"))["next"]
    other = (await world.get("/leads"))["next"]
    assert (await world.refused("/stage-changes", 422, after=other))["parameter"] == "after"
    fresh = MemoryLog(partitions=2)
    world.app.state.context = _with_log(world.app.state.context, fresh)
    assert "another log" in (await world.refused("/stage-changes", 422, after=ahead))["detail"]


async def test_what_retention_has_taken_is_skipped(world: Any) -> None:
    """A cursor older than the log starts at its oldest change."""
    start = (await world.get("/stage-changes"))["next"]
    await world.publish(0, change("a", 1), change("a", 2))
    await world.log.forget(topics.STAGE_CHANGES, 0, 1)
    assert ids(await world.get("/stage-changes", after=start)) == ["a.2"]
    assert ids(await world.get("/stage-changes")) == ["a.2"]


# --- the stream ------------------------------------------------------------------------------------------------------


class Stream:
    """An open event stream, spoken to as an ASGI server does."""

    def __init__(self, status: int, sent: "asyncio.Queue[bytes | None]") -> None:
        self.status = status
        self._sent = sent
        self._text = ""

    async def block(self) -> dict[str, str] | None:
        """The fields of the next block; None when the stream has ended."""
        async with asyncio.timeout(5):
            while "\n\n" not in self._text:
                chunk = await self._sent.get()
                if chunk is None:
                    return None
                self._text += chunk.decode()
        block, _, self._text = self._text.partition("\n\n")
        return dict(line.split(": ", 1) if not line.startswith(":") else ("", line) for line in block.splitlines())

    async def event(self) -> dict[str, Any]:
        """The next block that has data."""
        while (block := await self.block()) is not None:
            if "data" in block:
                return {**block, "data": _decoded(block["data"].encode())}
        raise AssertionError("the stream has ended")


@asynccontextmanager
async def opened(world: Any, query: str = "", headers: dict[str, str] | None = None) -> AsyncIterator[Stream]:
    """Open the stream; it is closed by the client at the end."""
    sent: asyncio.Queue[bytes | None] = asyncio.Queue()
    status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    gone = asyncio.Event()
    given = {**dict(world.client.headers), **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/v1/stage-changes/stream",
        "raw_path": b"/api/v1/stage-changes/stream",
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("leadflow", 80),
    }
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        if (message := next(asked, None)) is not None:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.set_result(message["status"])
            return
        await sent.put(message.get("body", b""))
        if not message.get("more_body"):
            await sent.put(None)

    task = asyncio.create_task(world.app(scope, receive, send))
    try:
        async with asyncio.timeout(5):
            yield Stream(await status, sent)
    finally:
        gone.set()
        async with asyncio.timeout(5):
            await task


async def test_the_stream_shows_what_happens_from_now_on(world: Any) -> None:
    """Without a cursor the past is not repeated. Each event's id is the cursor behind it."""
    await world.publish(0, change("a", 1))
    async with opened(world) as stream:
        assert stream.status == 200
        hello = await stream.block()
        assert hello is not None
        assert "data" not in hello
        await world.publish(0, change("a", 2))
        event = await stream.event()
        assert event["event"] == "stage-change"
        assert event["data"] == change("a", 2)
        await world.publish(1, change("b", 1))
        assert (await stream.event())["data"]["id"] == "b.1"
    assert ids(await world.get("/stage-changes", after=event["id"])) == ["b.1"]
    assert ids(await world.get("/stage-changes", after=hello["id"])) == ["a.2", "b.1"]


@pytest.mark.parametrize("by", ["header", "query"])
async def test_a_stream_resumes_behind_the_last_event(world: Any, by: str) -> None:
    """By Last-Event-ID as browsers send it, or ?after=; nothing is lost or repeated in between."""
    for number in range(6):
        await world.publish(number % 2, change("ab"[number % 2], number, number))
    async with opened(world, "after=") as stream:
        events = [await stream.event() for _ in range(3)]
    last = events[-1]["id"]
    query, headers = (f"after={last}", {}) if by == "query" else ("", {"Last-Event-ID": last})
    async with opened(world, query, headers) as stream:
        events += [await stream.event() for _ in range(3)]
    assert [event["data"]["id"] for event in events] == ids(await world.get("/stage-changes"))


async def test_last_event_id_wins_over_after(world: Any) -> None:
    """A client that reconnects to the address it started with goes on where it was."""
    first = (await world.get("/stage-changes"))["next"]
    await world.publish(0, change("a", 1))
    second = (await world.get("/stage-changes"))["next"]
    await world.publish(0, change("a", 2))
    async with opened(world, f"after={first}", {"Last-Event-ID": second}) as stream:
        assert (await stream.event())["data"]["id"] == "a.2"


async def test_a_bad_last_event_id_is_refused(world: Any) -> None:
    """Before the stream begins."""
    async with opened(world, headers={"Last-Event-ID": "nonsense"}) as stream:
        assert stream.status == 422


async def test_heartbeats_keep_a_quiet_stream_open(world: Any) -> None:
    """Comments that clients ignore."""
    world.app.state.context = _with_settings(world.app.state.context, heartbeat_seconds=0.01)
    async with opened(world) as stream:
        await stream.block()
        beat = await stream.block()
        assert beat is not None
        assert set(beat) == {""}


async def test_streams_end_when_the_server_stops(world: Any) -> None:
    """Otherwise it would wait for them for ever."""
    async with opened(world) as stream:
        await stream.block()
        assert metrics.ADMIN_STREAMS._value.get() == 1
        world.app.state.context.stopping.set()
        assert await stream.block() is None
    assert metrics.ADMIN_STREAMS._value.get() == 0


async def test_a_log_that_cannot_serve_ends_the_stream(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client comes back with its Last-Event-ID."""

    async def down(*_: Any, **__: Any) -> None:
        raise Unavailable("the log is locked")

    async with opened(world) as stream:
        await stream.block()
        monkeypatch.setattr(world.log, "read", down)
        await world.publish(0, change("a", 1))
        assert await stream.block() is None


def _encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def _decoded(value: bytes) -> Any:
    return json.loads(value)


def _with_log(context: Any, log: MemoryLog) -> Any:
    return replace(context, log=log)


def _with_settings(context: Any, **changes: Any) -> Any:
    return replace(context, settings=replace(context.settings, **changes))
