"""Sales actions: written to the log, applied by the lead's owner, answered once they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from leadflow.contracts import topics
from leadflow.contracts.collections import TOUCHPOINTS
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.time import HOUR, from_rfc3339
from leadflow.ports import Unavailable

NOON = from_rfc3339("2026-11-21T12:00:00Z")
EMAIL = (("email", "lan@example.vn"),)
DEMO = {"type": "track", "event": "Demo Requested"}


async def written(world: Any) -> list[Touchpoint]:
    """The touchpoints in the log."""
    records = [
        record
        for partition in range(world.log.partitions(topics.TOUCHPOINTS))
        for record in await world.log.read(topics.TOUCHPOINTS, partition, 0, 1_000)
    ]
    return [msgspec.json.decode(record.value, type=Touchpoint) for record in records]


@asynccontextmanager
async def pipeline(world: Any) -> AsyncIterator[None]:
    """What the pipeline does with actions meanwhile: store each once, and let its lead count it."""

    async def work() -> None:
        seen = 0
        while True:
            ends = [end for _, end in await world.log.bounds(topics.TOUCHPOINTS)]
            touchpoints = await written(world)
            for touchpoint in touchpoints[seen:]:
                key = world.hasher.touchpoint(touchpoint.source, touchpoint.message_id)
                [known] = await world.store.get(TOUCHPOINTS, [key])
                if known is None:
                    pid = touchpoint.target
                    position = world.positions[pid] = world.positions.get(pid, -1) + 1
                    document = await world.arrive(pid, touchpoint, position)
                    await world.fold(pid, world.resolved(pid, document, ()))
            seen = len(touchpoints)
            await world.log.wait(topics.TOUCHPOINTS, ends, 5)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def act(world: Any, pid: str, body: Any, key: str | None = None) -> httpx.Response:
    """Post an action."""
    headers = {"Idempotency-Key": key} if key else {}
    answer: httpx.Response = await world.client.post(f"/api/v1/leads/{pid}/actions", json=body, headers=headers)
    return answer


async def _endless() -> AsyncIterator[bytes]:
    """A body that never ends and announces no length."""
    while True:
        yield b" " * 1_000


@pytest.fixture
async def mql(world: Any) -> str:
    """A lead that waits for sales."""
    await world.person("p1", *EMAIL)
    await world.touch("p1", DEMO, contacts=EMAIL)
    return "p1"


async def test_an_action_is_answered_once_it_has_been_applied(world: Any, mql: str) -> None:
    """202 with the message id and the lead in its new stage; the touchpoint says who did what."""
    async with pipeline(world):
        answer = await act(world, mql, {"type": "accept", "actor": "minh"})
    assert answer.status_code == 202
    assert answer.json()["lead"]["stage"] == "sql"
    [touchpoint] = await written(world)
    assert (touchpoint.type, touchpoint.source, touchpoint.channel) == ("action", "admin", "sales")
    assert (touchpoint.target, touchpoint.at, touchpoint.received_at) == ("p1", NOON, NOON)
    assert touchpoint.message_id == answer.json()["message_id"]
    assert msgspec.json.decode(touchpoint.body) == {"action": "accept", "actor": "minh"}
    receipt = await world.get(f"/receipts/{touchpoint.message_id}")
    assert (receipt["status"], receipt["source"], receipt["profile_id"]) == ("scored", "admin", "p1")


async def test_sales_leads_a_lead_to_the_end(world: Any, mql: str) -> None:
    """Contact, accept, the four BANT facts in two steps, won: every answer shows the stage after it."""
    steps = [
        ({"type": "contact", "channel": "phone", "outcome": "conversation"}, "mql"),
        ({"type": "accept"}, "sql"),
        ({"type": "assign", "owner": "minh"}, "sql"),
        ({"type": "bant", "budget": {"value": "20k"}, "authority": {"met": True}, "need": {"evidence": "call"}}, "sql"),
        ({"type": "bant", "timing": {"met": True, "value": "Q1"}}, "opportunity"),
        ({"type": "won", "revenue": 20_000}, "customer"),
    ]
    async with pipeline(world):
        for body, stage in steps:
            world.clock.instant += 1_000
            answer = await act(world, mql, {"actor": "minh", **body})
            assert answer.status_code == 202, answer.text
            lead = answer.json()["lead"]
            assert lead["stage"] == stage, body
    assert lead["owner"] == "minh"
    assert {name: fact["met"] for name, fact in lead["bant"].items()} == dict.fromkeys(
        ("budget", "authority", "need", "timing"), True
    )
    assert lead["bant"]["budget"]["value"] == "20k"
    [item, *_] = (await world.get("/profiles/p1/timeline"))["items"]
    assert (item["type"], item["name"], item["source"]["channel"]) == ("action", "won", "sales")
    assert item["properties"] == {"actor": "minh", "revenue": 20_000}


@pytest.mark.parametrize("body", [{"type": "won"}, {"type": "bant", "need": {}}, {"type": "reopen"}])
async def test_an_illegal_move_is_a_conflict(world: Any, mql: str, body: dict[str, Any]) -> None:
    """409 says what is allowed, and nothing is written."""
    answer = await act(world, mql, body)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "illegal_action"
    assert problem["allowed"] == ["contact", "accept", "reject", "disqualify", "assign", "consent", "override"]
    assert await written(world) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "type"),
        ({"type": "promote"}, "promote"),
        ({"type": "accept", "reson": "typo"}, "reson"),
        ({"type": "accept", "actor": ""}, "actor"),
        ({"type": "accept", "actor": 7}, "actor"),
        ({"type": "bant"}, "budget"),
        ({"type": "bant", "budget": {"met": "perhaps"}}, "budget"),
        ({"type": "assign"}, "owner"),
        ({"type": "consent", "channel": "pigeon", "granted": True}, "channel"),
        ({"type": "consent", "channel": "email"}, "granted"),
        ({"type": "override", "stage": "boss"}, "stage"),
        ({"type": "override", "stage": "sql", "expires_at": "soon"}, "expires_at"),
        ({"type": "won", "revenue": -1}, "revenue"),
        ([], "body"),
        (None, "body"),
    ],
)
async def test_a_body_that_is_no_action_is_refused(world: Any, mql: str, body: Any, named: str) -> None:
    """422 names the field, and nothing is written."""
    answer = await act(world, mql, body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_parameter"
    assert named in answer.json()["detail"]
    assert await written(world) == []


async def test_a_body_that_is_no_json_is_refused(world: Any, mql: str) -> None:
    """400 malformed_json; 413 for one that is far too long."""
    answer = await world.client.post(f"/api/v1/leads/{mql}/actions", content=b'{"type":')
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    huge = await act(world, mql, {"type": "accept", "note": "x" * 100_000})
    assert (huge.status_code, huge.json()["code"]) == (413, "body_too_large")
    unlabelled = await world.client.post(f"/api/v1/leads/{mql}/actions", content=_endless())
    assert (unlabelled.status_code, unlabelled.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("label", ["application/json", "application/x-www-form-urlencoded", "text/plain", None])
async def test_a_body_is_json_whatever_its_label(world: Any, mql: str, label: str | None) -> None:
    """`curl -d` labels it as a form."""
    headers = {"Content-Type": label} if label else {}
    answer = await world.client.post(f"/api/v1/leads/{mql}/actions", content=b'{"type":"accept"}', headers=headers)
    assert answer.status_code == 202


async def test_an_actor_is_recorded_even_where_none_is_given(world: Any, mql: str) -> None:
    """It is `api` then."""
    await act(world, mql, {"type": "contact"})
    [touchpoint] = await written(world)
    assert msgspec.json.decode(touchpoint.body)["actor"] == "api"


async def test_an_override_carries_its_end_in_utc(world: Any, mql: str) -> None:
    """And shows what the system would have done."""
    body = {"type": "override", "stage": "opportunity", "reason": "fair", "expires_at": "2026-12-31T07:00:00+07:00"}
    async with pipeline(world):
        lead = (await act(world, mql, {**body, "actor": "minh"})).json()["lead"]
    assert lead["stage"] == "opportunity"
    assert lead["override"] == {
        "stage": "opportunity",
        "reason": "fair",
        "actor": "minh",
        "expires_at": "2026-12-31T00:00:00.000Z",
        "system": "mql",
    }


async def test_an_action_that_is_not_applied_in_time_is_answered_as_it_is(world: Any, mql: str) -> None:
    """202 after the wait with the lead as before; it is in the log and will be applied."""
    answer = await act(world, mql, {"type": "accept"})
    assert answer.status_code == 202
    assert answer.json()["lead"]["stage"] == "mql"
    assert len(await written(world)) == 1


async def test_an_idempotency_key_acts_once(world: Any, mql: str) -> None:
    """The second try answers 202 with the lead, although its stage does not allow the action any more."""
    async with pipeline(world):
        first = await act(world, mql, {"type": "accept", "actor": "minh"}, key="k1")
        second = await act(world, mql, {"type": "accept", "actor": "minh"}, key="k1")
        assert (await act(world, mql, {"type": "accept", "actor": "minh"}, key="k2")).status_code == 409
    assert first.status_code == second.status_code == 202
    assert first.json()["message_id"] == second.json()["message_id"]
    assert second.json()["lead"]["stage"] == "sql"
    assert len(await written(world)) == 1


async def test_an_idempotency_key_is_a_profile_s_own(world: Any, mql: str) -> None:
    """The same key on another profile is another action."""
    await world.touch("p2", DEMO, contacts=EMAIL)
    async with pipeline(world):
        one = await act(world, mql, {"type": "accept"}, key="k1")
        other = await act(world, "p2", {"type": "accept"}, key="k1")
    assert one.json()["message_id"] != other.json()["message_id"]
    assert other.json()["lead"]["stage"] == "sql"


async def test_an_idempotency_key_with_another_action_is_refused(world: Any, mql: str) -> None:
    """422 instead of an answer that looks as if it had been done."""
    async with pipeline(world):
        await act(world, mql, {"type": "contact", "outcome": "no_answer"}, key="k1")
        answer = await act(world, mql, {"type": "accept"}, key="k1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reuse")
    assert (await world.get("/leads/p1"))["stage"] == "mql"


async def test_two_tries_at_once_act_once(world: Any, mql: str) -> None:
    """Both are answered with the same action, whether or not the first was stored before the second came."""
    async with pipeline(world):
        answers = await asyncio.gather(*(act(world, mql, {"type": "accept"}, key="k1") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["message_id"] for answer in answers}) == 1
    assert {answer.json()["lead"]["stage"] for answer in answers} == {"sql"}
    assert (await world.get("/leads/p1"))["sequence"] == 3


async def test_an_action_on_a_merged_profile_acts_on_the_root(world: Any, mql: str) -> None:
    """The touchpoint is addressed to it, and the answer is the root's lead."""
    await world.person("p0", ("user_id", "u1"))
    await world.touch("p0", {"type": "page"})
    await world.merge(mql, "p0")
    async with pipeline(world):
        answer = await act(world, mql, {"type": "accept"})
    assert answer.json()["lead"]["profile_id"] == "p0"
    assert answer.json()["lead"]["stage"] == "sql"
    assert [touchpoint.target for touchpoint in await written(world)] == ["p0"]


async def test_an_action_on_a_lead_merged_meanwhile_waits_for_the_root(
    world: Any, mql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted at the leaf is not yet seen at the root: only the root's copy of the child's value ends the wait."""
    await world.person("p0", ("user_id", "u1"))
    await world.touch("p0", {"type": "page"})
    append = world.log.append
    folded = asyncio.Event()

    async def merged_behind(emits: Any) -> None:
        await append(emits)
        await world.merge(mql, "p0")
        [touchpoint] = await written(world)
        position = world.positions[mql] = world.positions[mql] + 1
        document = await world.arrive(mql, touchpoint, position)
        child = await world.fold(mql, world.resolved(mql, document, ()))

        async def later() -> None:
            await folded.wait()
            await world.fold("p0", *world.to_parent(child))

        tasks.append(asyncio.create_task(later()))

    tasks: list[asyncio.Task[None]] = []
    monkeypatch.setattr(world.log, "append", merged_behind)
    request = asyncio.create_task(act(world, mql, {"type": "accept"}))
    done, _ = await asyncio.wait({request}, timeout=0.1)
    assert not done
    folded.set()
    answer = await request
    await asyncio.gather(*tasks)
    assert answer.json()["lead"]["profile_id"] == "p0"
    assert answer.json()["lead"]["stage"] == "sql"


async def test_an_action_on_nobody_is_404(world: Any) -> None:
    """And nothing is written."""
    answer = await act(world, "nobody", {"type": "accept"})
    assert (answer.status_code, answer.json()["code"]) == (404, "profile_not_found")
    assert await written(world) == []


async def test_an_action_that_cannot_be_written_can_be_tried_again(
    world: Any, mql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After when the log is down; trouble after it was written is no failure of the action."""

    async def down(*_: Any, **__: Any) -> None:
        raise Unavailable("the log is locked")

    with monkeypatch.context() as patch:
        patch.setattr(world.log, "append", down)
        answer = await act(world, mql, {"type": "accept"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
    with monkeypatch.context() as patch:
        patch.setattr(world.log, "wait", down)
        answer = await act(world, mql, {"type": "accept"})
        assert answer.status_code == 202


async def test_a_visitor_can_be_assigned_but_not_contacted(world: Any) -> None:
    """The table of actions holds for a profile that scoring has not seen yet, too."""
    await world.person("p9", ("user_id", "u9"), at=NOON - HOUR)
    answer = await act(world, "p9", {"type": "contact"})
    assert answer.status_code == 409
    assert answer.json()["allowed"] == ["disqualify", "assign", "consent", "override"]
    async with pipeline(world):
        answer = await act(world, "p9", {"type": "assign", "owner": "minh"})
    assert answer.json()["lead"]["owner"] == "minh"
