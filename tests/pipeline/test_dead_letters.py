"""What cannot be processed harms itself alone: it is put aside with its reason, whole, and may be repaired."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from pipeline.in_memory import NOW, Pipeline, touchpoint
from pipeline.small_story import POISON

from leadflow.contracts import topics
from leadflow.contracts.collections import DECISIONS, LEADS, PARKED, TOUCHPOINTS
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity import decide
from leadflow.pipeline.dead_letters import RejectedShare, TooManyRejected
from leadflow.pipeline.processor import arrival
from leadflow.pipeline.processor.senders import Senders
from leadflow.pipeline.replay.dead_letters import (
    DeadLetter,
    UnusableFile,
    Wanted,
    dead_letters,
    read_repairs,
    repair,
)
from leadflow.pipeline.scoring import Scorer
from leadflow.ports import Emit

GOOD = {"anonymousId": "a1", "event": "Form Submitted", "traits": {"email": "lan@acme.test"}}
BAD = {"anonymousId": "a1", "event": "Demo Requested", "properties": {"q": POISON}}


def failing(function: Callable[..., Any], when: Callable[..., bool]) -> Callable[..., Any]:
    """The function with a defect."""

    def with_defect(*given: Any, **named: Any) -> Any:
        if when(*given):
            raise ZeroDivisionError("lan@acme.test is quoted here")
        return function(*given, **named)

    return with_defect


async def letters(pipeline: Pipeline, wanted: Wanted | None = None) -> list[DeadLetter]:
    """The dead letters that an operator sees."""
    return [letter async for letter in dead_letters(pipeline.store, wanted or Wanted())]


async def send_again(pipeline: Pipeline, events: dict[tuple[str, str], bytes] | None = None) -> int:
    """Repair whatever can be repaired; how many were sent."""
    emits = [repair(letter, events or {}, pipeline.hasher) for letter in await letters(pipeline)]
    sent = [emit for emit in emits if isinstance(emit, Emit)]
    await pipeline.log.append(sent)
    return len(sent)


async def stored(pipeline: Pipeline, message_id: str) -> Any:
    """The document of a touchpoint."""
    (found,) = await pipeline.store.get(TOUCHPOINTS, [pipeline.hasher.touchpoint("web", message_id)])
    return found.value if found else None


async def check_poison(pipeline: Pipeline, hop: str) -> None:
    """One bad touchpoint among good ones is put aside, once, and everybody else goes on."""
    await pipeline.send(
        [touchpoint("m1", body=GOOD), touchpoint("m2", body=BAD), touchpoint("m3", at=NOW + 1, body=GOOD)]
    )
    await pipeline.settle()
    (rejected,) = await pipeline.rejected()
    assert (rejected["hop"], rejected["code"], rejected["message_id"]) == (hop, "poison", "m2")
    assert json.loads(rejected["body"])["properties"] == {"q": POISON}
    assert "lan@acme.test" not in rejected["reason"]
    lead = await pipeline.lead_of("email", "lan@acme.test")
    assert sum(lead.own.counts["form"].values()) == 2
    assert (await stored(pipeline, "m2")).rejected


async def check_repaired(pipeline: Pipeline) -> None:
    """With the defect gone it is sent again, and counts once however often that is asked for."""
    assert await send_again(pipeline) == 1
    assert await send_again(pipeline) == 1  # the first one is still on its way
    await pipeline.settle()
    assert await send_again(pipeline) == 0
    document = await stored(pipeline, "m2")
    assert (document.rejected, document.repair) == (False, 1)
    lead = await pipeline.lead_of("email", "lan@acme.test")
    assert sum(lead.own.counts["hand_raise"].values()) == 1
    assert lead.standing.stage == "mql"


async def test_what_scoring_cannot_count(poison: None) -> None:
    """It is put aside with its mark; a repaired body takes its place."""
    del poison
    pipeline = Pipeline(marks=1)
    await check_poison(pipeline, "scoring")
    assert await send_again(pipeline) == 1  # nobody has repaired anything: it comes back
    await pipeline.settle()
    assert ((await stored(pipeline, "m2")).repair, len(await pipeline.rejected())) == (1, 2)
    body = msgspec.json.encode({**BAD, "properties": {}, "messageId": "m2"})
    assert await send_again(pipeline, {("web", "m2"): body}) == 1
    await pipeline.settle()
    lead = await pipeline.lead_of("email", "lan@acme.test")
    assert sum(lead.own.counts["hand_raise"].values()) == 1


async def test_what_the_processor_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its identifiers are unknown, so it is stored with its reason alone."""
    pipeline = Pipeline()
    with monkeypatch.context() as defect:
        sound, short = Senders.of, arrival.sight
        defect.setattr(Senders, "of", failing(sound, lambda _, read: POISON.encode() in bytes(read.body)))
        defect.setattr(arrival, "sight", lambda *given: None if POISON.encode() in given[0] else short(*given))
        await check_poison(pipeline, "processor")
        assert (await stored(pipeline, "m2")).addr is None
    await check_repaired(pipeline)


async def test_what_the_resolver_cannot_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its item of the batch changes nothing; the items after it are decided as if it had not been there."""
    pipeline = Pipeline()
    await pipeline.send([touchpoint("m0", body={"anonymousId": "a1"})])
    await pipeline.settle()
    with monkeypatch.context() as defect:
        defect.setattr(decide, "_refusals", failing(decide._refusals, lambda _g, news, *_: news.touchpoint == bad))
        bad = pipeline.hasher.touchpoint("web", "m2")
        await pipeline.send(
            [
                touchpoint("m2", body={**BAD, "traits": {"email": "lan@acme.test"}}),
                touchpoint("m1", body={**GOOD, "anonymousId": "a2"}),
                touchpoint("m3", at=NOW + 1, body={**GOOD, "anonymousId": "a2"}),
            ]
        )
        await pipeline.settle()
        (rejected,) = await pipeline.rejected()
        assert (rejected["hop"], rejected["code"], rejected["message_id"]) == ("processor", "poison", "m2")
        assert (await stored(pipeline, "m2")).rejected
        assert await pipeline.root_of("email", "lan@acme.test") == await pipeline.root_of("anonymous_id", "a2")
        assert await pipeline.root_of("anonymous_id", "a1") != await pipeline.root_of("anonymous_id", "a2")
    await check_repaired(pipeline)
    assert await pipeline.root_of("anonymous_id", "a1") == await pipeline.root_of("anonymous_id", "a2")


@pytest.mark.parametrize("topic", [topics.TOUCHPOINTS, topics.IDENTITY, topics.RESOLVED])
@pytest.mark.parametrize("value", [b"", b"\xff{", b"[1]", b'{"to": 5}'])
async def test_bytes_that_nobody_can_read(topic: str, value: bytes) -> None:
    """They go to `rejected` as they were; what comes behind them in the same batch is processed."""
    pipeline = Pipeline()
    await pipeline.log.append([Emit(topic=topic, key="k", value=value, partition=0)])
    await pipeline.send([touchpoint("m1", body=GOOD)])
    await pipeline.settle()
    (rejected,) = await pipeline.rejected()
    assert (rejected["code"], rejected["body"]) == ("malformed_record", value.decode(errors="replace"))
    assert (await pipeline.lead_of("email", "lan@acme.test")).own.counts


async def test_a_command_of_a_later_version_waits() -> None:
    """It is neither lost nor put aside, and the resolver goes on."""
    pipeline = Pipeline()
    value = b'{"kind": "unmerge", "child": "x", "gen": 2}'
    await pipeline.log.append([Emit(topic=topics.IDENTITY, key="workspace", value=value)])
    await pipeline.send([touchpoint("m1", body=GOOD)])
    await pipeline.settle()
    assert await pipeline.rejected() == []
    ((waiting),) = await pipeline.store.find(PARKED)
    assert (bytes(waiting.value.value), waiting.value.topic) == (value, "identity")
    assert (await pipeline.lead_of("email", "lan@acme.test")).own.counts


def numbered(count: int, body: dict[str, Any], start: int = 0) -> list[Touchpoint]:
    """Many touchpoints of one person."""
    return [touchpoint(f"n{start + number}", at=NOW + number, body=body) for number in range(count)]


async def test_a_consumer_stops_when_most_records_are_bad(poison: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the batch is written; with the code repaired, the same batch goes through whole."""
    del poison
    pipeline = Pipeline(partitions=1)
    await pipeline.send(numbered(120, BAD))
    await pipeline.settle_before_scoring()
    records = await pipeline.records(topics.RESOLVED)
    with pytest.raises(TooManyRejected, match=r"120 of the latest 120 .* LEADFLOW_MAX_REJECTED_SHARE"):
        await pipeline.scorer.step(records)
    assert await pipeline.store.find(LEADS) == []
    assert not (await stored(pipeline, "n0")).rejected
    monkeypatch.undo()
    await pipeline.settle()
    assert await pipeline.rejected() == []
    assert (await pipeline.lead_of("anonymous_id", "a1")).version == 120


async def test_few_bad_records_stop_nobody(poison: None) -> None:
    """A single bad record, or some among many good ones, are put aside."""
    del poison
    pipeline = Pipeline(partitions=1)
    pipeline.use(Scorer(pipeline.log, pipeline.store, pipeline.clock, pipeline.model, RejectedShare(0.5, fewest=10)))
    await pipeline.send(
        [*numbered(9, BAD), *numbered(20, {"anonymousId": "a1", "event": "Search"}, 9), *numbered(10, BAD, 29)]
    )
    await pipeline.settle()
    assert len(await pipeline.rejected()) == 19


def test_the_share_is_of_the_latest_records() -> None:
    """What went well long ago counts no more; a batch that is read again counts once."""
    share = RejectedShare(0.5, window=100, fewest=10)
    share.admit((0, 0), 1_000, 0)
    for _ in range(5):
        share.admit((0, 1_000), 50, 9)
    with pytest.raises(TooManyRejected, match="59 of the latest 110"):
        share.admit((1, 7), 60, 50)
    RejectedShare(1).admit((0, 0), 500, 500)


async def test_what_was_never_stored_needs_a_repaired_event() -> None:
    """It is listed with its reason; the repaired event comes in as it would have then."""
    pipeline = Pipeline()
    await pipeline.send([touchpoint("m1", body={"event": "Form Submitted", "userId": "null"})])
    await pipeline.settle()
    (letter,) = await letters(pipeline, Wanted(source="web", code="no_identifier", since=NOW))
    assert repair(letter, {}, pipeline.hasher) is None
    assert await letters(pipeline, Wanted(code="poison")) == []
    assert await letters(pipeline, Wanted(since=NOW + 1)) == []
    line = {"source": "web", "event": {"type": "track", "messageId": "m1", **GOOD}}
    assert await send_again(pipeline, read_repairs([msgspec.json.encode(line), b""])) == 1
    await pipeline.settle()
    assert await letters(pipeline) == []
    assert (await pipeline.lead_of("email", "lan@acme.test")).own.counts


@pytest.mark.parametrize("lines", [[b"{}"], [b'{"source": "web", "event": {}}'], [b"nonsense"]])
def test_a_file_of_repairs_is_read_whole_or_not_at_all(lines: Sequence[bytes]) -> None:
    """The line that is wrong is named."""
    with pytest.raises(UnusableFile, match="line 2"):
        read_repairs([b"", *lines])


async def test_a_decided_batch_puts_the_same_aside_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads the batch again, with repaired code, obeys what was decided."""
    pipeline = Pipeline()
    await pipeline.send([touchpoint("m2", body={**BAD, "traits": {"email": "lan@acme.test"}})])
    monkeypatch.setattr(decide, "_base", failing(decide._base, lambda *_: True))
    await pipeline.settle()
    monkeypatch.undo()
    assert len(await pipeline.store.find(DECISIONS)) == 1
    pipeline.log._owned["test", topics.IDENTITY, 0].committed = 0
    await pipeline.settle()
    assert (await stored(pipeline, "m2")).addr is None
    assert {rejected["message_id"] for rejected in await pipeline.rejected()} == {"m2"}
