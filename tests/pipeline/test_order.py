"""Promises 2, 4 and 5 over the whole pipeline: order, duplicates, batches and partitions change nothing."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline.in_memory import MODEL, NOW, Pipeline, touchpoint

from leadflow.contracts import topics
from leadflow.contracts.collections import LEADS
from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.scoring.evaluate import Score, evaluate
from leadflow.core.time import HOUR
from leadflow.core.touchpoint import Identifier
from leadflow.pipeline.scoring.lead import value_of

EMAILS = ("lan@acme.test", "minh@beta.test")
ANONYMOUS = ("a1", "a2", "a3")
EVENTS = (
    "Form Submitted",
    "Demo Requested",
    "Pricing Viewed",
    "Email Clicked",
    "Signed In",
    "Order Refunded",
    "Ebook Downloaded",
)

identifiers = st.fixed_dictionaries(
    {},
    optional={
        "anonymousId": st.sampled_from(ANONYMOUS),
        "traits": st.fixed_dictionaries(
            {}, optional={"email": st.sampled_from(EMAILS), "title": st.sampled_from(["CEO", "Intern"])}
        ),
    },
).filter(lambda body: "anonymousId" in body or "email" in body.get("traits", {}))
facts = st.tuples(
    identifiers,
    st.one_of(
        st.sampled_from(EVENTS).map(lambda event: ("track", {"event": event})),
        st.sampled_from(["/pricing", "/blog/x", "/"]).map(lambda path: ("page", {"context": {"page": {"path": path}}})),
        st.just(("identify", {})),
    ),
    st.integers(0, 400),
)


def touchpoints_of(drawn: Sequence[tuple[dict[str, Any], tuple[str, dict[str, Any]], int]]) -> list[Touchpoint]:
    """One touchpoint per drawn fact, `hours` before now; its message id is its place in the list."""
    return [
        touchpoint(f"m{number}", type=kind, at=NOW - hours * HOUR, received_at=NOW + number, body={**who, **what})
        for number, (who, (kind, what), hours) in enumerate(drawn)
    ]


async def outcome(touchpoints: Sequence[Touchpoint], seed: int, batch: int) -> dict[frozenset[str], Score]:
    """Who is who, and what each is worth as of one instant, after a run of its own."""
    pipeline = Pipeline(seed=seed, marks=seed % 2)  # half of the runs with gaps between offsets, as Kafka leaves them
    for item in touchpoints:
        await pipeline.send([item], keys=("x", "y", "z"))
        if seed % 3 == 0:
            await pipeline.settle(batch)
    await pipeline.settle(batch)
    found: dict[frozenset[str], Score] = {}
    for root, group in (await pipeline.partition_of_identifiers()).items():
        (lead,) = await pipeline.store.get(LEADS, [root])
        if lead is not None:
            found[group] = evaluate(value_of(lead.value), MODEL, NOW + HOUR)
    await check_published(pipeline)
    return found


async def check_published(pipeline: Pipeline) -> None:
    """Sequences have no holes, and every explanation adds up to its total exactly."""
    sequences: dict[str, list[int]] = {}
    for change in await pipeline.changes():
        sequences.setdefault(change["profile_id"], []).append(change["sequence"])
        shares = [Decimal(repr(share["points"])) for share in change["contributions"]]
        assert sum(shares) == Decimal(repr(change["score"]["total"]))
    for sequence in sequences.values():
        assert sequence == list(range(1, len(sequence) + 1))


@settings(max_examples=60, deadline=None)
@given(drawn=st.lists(facts, min_size=1, max_size=14), data=st.data())
def test_order_duplicates_and_batches_change_neither_profiles_nor_scores(drawn: Any, data: st.DataObject) -> None:
    """The same set of touchpoints gives the same partition and bit-identical scores, however it is delivered."""
    touchpoints = touchpoints_of(drawn)
    repeated = touchpoints + data.draw(st.lists(st.sampled_from(touchpoints), max_size=5))
    shuffled = data.draw(st.permutations(repeated))
    plain = asyncio.run(outcome(touchpoints, seed=1, batch=100))
    other = asyncio.run(outcome(shuffled, seed=data.draw(st.integers(2, 50)), batch=data.draw(st.integers(1, 9))))
    assert other == plain


FORM_AND_DEMO = [
    touchpoint(
        message_id,
        body={"anonymousId": "a1", "traits": {"email": EMAILS[0], "phone": "+84901234567"}, "event": event},
    )
    for message_id, event in (("m1", "Form Submitted"), ("m2", "Demo Requested"))
]


async def test_touchpoints_and_evidence_read_again_count_once() -> None:
    """Reading both logs before scoring from the beginning again changes no lead and publishes nothing twice."""
    pipeline = Pipeline()
    await pipeline.send(FORM_AND_DEMO)
    await pipeline.settle()
    before = await pipeline.lead_of("email", EMAILS[0])
    published = await pipeline.changes()
    for (_, topic, _), owned in pipeline.log._owned.items():
        if topic in {topics.TOUCHPOINTS, topics.IDENTITY}:
            owned.committed = 0
    await pipeline.settle(3)
    after = await pipeline.lead_of("email", EMAILS[0])
    assert [change["to"] for change in published] == ["lead", "mql"]
    assert after.own == before.own
    assert await pipeline.changes() == published


async def test_a_scorer_that_died_before_its_commit_emits_the_same_again() -> None:
    """What is stored in the outbox is what goes out, however often the batch is read before it is committed."""
    pipeline = Pipeline(partitions=1)
    await pipeline.send(FORM_AND_DEMO)
    await pipeline.settle_before_scoring()
    records = await pipeline.log.read(topics.RESOLVED, 0, 0, 100)
    first = await pipeline.scorer.step(records)
    pipeline.clock.instant += HOUR
    second = await pipeline.scorer.step(records)
    assert [emit.topic for emit in first.emits].count(topics.STAGE_CHANGES) == 2
    assert second.emits == first.emits


@pytest.mark.parametrize("first", ["a1", "a2"])
async def test_whoever_came_first_wins_the_merge_and_the_loser_leaves_a_tombstone(first: str) -> None:
    """Two devices of one person become one lead; the other's score is taken off `lead-scores`."""
    second = "a2" if first == "a1" else "a1"
    pipeline = Pipeline()
    page = {"context": {"page": {"path": "/pricing"}}}
    await pipeline.send([touchpoint("m1", type="page", body={"anonymousId": first, **page})])
    await pipeline.settle()
    await pipeline.send([touchpoint("m2", type="page", at=NOW + 1, body={"anonymousId": second, **page})])
    await pipeline.settle()
    for number, device in enumerate((first, second)):
        body = {"anonymousId": device, "traits": {"email": EMAILS[0]}}
        await pipeline.send([touchpoint(f"m{number + 3}", type="identify", at=NOW + 2, body=body)])
        await pipeline.settle()
    root = await pipeline.root_of("anonymous_id", first)
    assert root == await pipeline.root_of("anonymous_id", second) == await pipeline.root_of("email", EMAILS[0])
    assert root == pipeline.hasher.profile(pipeline.hasher.identifier(Identifier("anonymous_id", first)), 0)
