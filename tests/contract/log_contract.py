"""What every log must do, whatever it is built on: mix `LogContract` into a test class and give it the fixtures.

The class that mixes it in provides `log`, opened with PARTITIONS partitions, and `forget`, which drops the records of
one partition below an offset as retention does. A log that outlives its process also provides `reopen`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from leadflow.contracts.topics import IDENTITY, REJECTED, TOUCHPOINTS
from leadflow.ports import Assignment, Emit, Fenced, Log, LostPosition, Record

PARTITIONS = 3
SOON = 5.0

Forget = Callable[[Any, str, int, int], Awaitable[object]]
"""(log, topic, partition, before)."""


def emit(value: str | None = "v", *, topic: str = IDENTITY, key: str = "k", partition: int | None = None) -> Emit:
    """A record to be written; its value in UTF-8."""
    encoded = None if value is None else value.encode()
    return Emit(topic=topic, key=key, value=encoded, partition=partition)


def texts(records: Sequence[Record]) -> list[str | None]:
    """The values of records, as they were given to `emit`."""
    return [None if record.value is None else record.value.decode() for record in records]


@asynccontextmanager
async def joined(log: Log, group: str = "g", topic: str = IDENTITY) -> AsyncIterator[dict[int, Assignment]]:
    """Join a group and wait until every partition is ours."""
    async with log.consume(group, topic) as assignments:
        mine: dict[int, Assignment] = {}
        while len(mine) < log.partitions(topic):
            assignment = await asyncio.wait_for(anext(assignments), SOON)
            mine[assignment.partition] = assignment
        yield mine


async def drained(assignment: Assignment, count: int) -> list[Record]:
    """Fetch until `count` records are there."""
    records: list[Record] = []
    async with asyncio.timeout(SOON):
        while len(records) < count:
            records += await assignment.fetch(count - len(records), SOON)
    return records


class AppendContract:
    """Appending, reading, and where records go."""

    async def test_reads_what_was_appended_in_order(self, log: Log) -> None:
        """Records of a partition come back in the order of their appends, with key, value, place and rising offsets."""
        await log.append([emit("a", key="x"), emit("b", key="y")])
        await log.append([emit("c", key="x")])

        records = await log.read(IDENTITY, 0, 0, 10)

        assert texts(records) == ["a", "b", "c"]
        assert [record.key for record in records] == ["x", "y", "x"]
        assert [record.offset for record in records] == [0, 1, 2]
        assert {(record.topic, record.partition) for record in records} == {(IDENTITY, 0)}

    async def test_many_appenders_share_the_log(self, log: Log) -> None:
        """Concurrent appends are all kept, each in the order of its own appender."""

        async def writer(name: str) -> None:
            for number in range(20):
                await log.append([emit(f"{name}{number}")])

        await asyncio.gather(*(writer(name) for name in "abcdefgh"))

        records = texts(await log.read(IDENTITY, 0, 0, 1000))
        assert len(records) == 160
        for name in "abcdefgh":
            assert [text for text in records if text and text[0] == name] == [f"{name}{number}" for number in range(20)]

    async def test_read_is_bounded_and_goes_on(self, log: Log) -> None:
        """`read` returns at most `limit` records from the offset on; behind the end there are none."""
        await log.append([emit(str(number)) for number in range(5)])

        assert texts(await log.read(IDENTITY, 0, 1, 2)) == ["1", "2"]
        assert texts(await log.read(IDENTITY, 0, 3, 10)) == ["3", "4"]
        assert list(await log.read(IDENTITY, 0, 5, 10)) == []
        assert list(await log.read(IDENTITY, 0, 99, 10)) == []
        assert list(await log.read(IDENTITY, 0, 0, 0)) == []

    async def test_a_key_always_belongs_to_one_partition(self, log: Log) -> None:
        """`partition_for` names the partition in which the key's records are found."""
        keys = [f"key-{number}" for number in range(30)]
        await log.append([emit(key, topic=TOUCHPOINTS, key=key) for key in keys])

        for key in keys:
            partition = log.partition_for(TOUCHPOINTS, key)
            assert key in texts(await log.read(TOUCHPOINTS, partition, 0, 100))
        assert {log.partition_for(TOUCHPOINTS, key) for key in keys} == set(range(PARTITIONS))

    async def test_a_record_may_name_its_partition(self, log: Log) -> None:
        """`Emit.partition` wins over the key."""
        await log.append([emit(str(number), topic=TOUCHPOINTS, key="same", partition=number) for number in range(3)])

        for number in range(3):
            assert texts(await log.read(TOUCHPOINTS, number, 0, 10)) == [str(number)]

    async def test_topics_have_their_own_partition_counts(self, log: Log) -> None:
        """`identity` has one partition for ever, the others as many as were configured."""
        assert log.partitions(IDENTITY) == 1
        assert log.partitions(TOUCHPOINTS) == PARTITIONS

    async def test_an_unknown_topic_is_named(self, log: Log) -> None:
        """ValueError for a topic that there is not, and then nothing of the same append is written."""
        with pytest.raises(ValueError, match="nowhere"):
            await log.append([emit("a"), emit("b", topic="nowhere")])
        with pytest.raises(ValueError, match="nowhere"):
            log.partitions("nowhere")
        assert await log.bounds(IDENTITY) == [(0, 0)]

    async def test_an_impossible_partition_is_refused(self, log: Log) -> None:
        """ValueError for a partition that there is not, and then nothing of the same append is written."""
        with pytest.raises(ValueError, match=str(PARTITIONS)):
            await log.append([emit("a"), emit("b", topic=TOUCHPOINTS, partition=PARTITIONS)])
        assert await log.bounds(IDENTITY) == [(0, 0)]

    async def test_an_empty_append_is_fine(self, log: Log) -> None:
        """Nothing to write is no error."""
        await log.append([])
        assert await log.bounds(IDENTITY) == [(0, 0)]

    async def test_tombstones_keep_their_place(self, log: Log) -> None:
        """A value of None comes back as None, an empty one as empty."""
        await log.append([emit("a"), emit(None), emit("")])
        assert texts(await log.read(IDENTITY, 0, 0, 10)) == ["a", None, ""]

    async def test_any_text_is_a_key_and_any_bytes_a_value(self, log: Log) -> None:
        """Keys in any script and values of any bytes and of a megabyte come back as they were."""
        keys = ["", "Nguyễn Thị Lan", "数据", "🙂", "a\x00b", "' OR 1=1 --"]
        blob = bytes(range(256)) * 4096
        await log.append([Emit(topic=IDENTITY, key=key, value=blob) for key in keys])

        records = await log.read(IDENTITY, 0, 0, 10)
        assert [record.key for record in records] == keys
        assert all(record.value == blob for record in records)

    async def test_a_record_keeps_its_trace(self, log: Log) -> None:
        """Where traces are kept; a record without one has none, whoever stands beside it."""
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await log.append([emit("a"), Emit(topic=IDENTITY, key="k", value=b"b", trace=trace), emit("c")])

        assert [record.trace for record in await log.read(IDENTITY, 0, 0, 10)] == ["", trace, ""]
        async with joined(log) as mine:
            assert [record.trace for record in await drained(mine[0], 3)] == ["", trace, ""]

    async def test_bounds_follow_the_appends(self, log: Log) -> None:
        """`bounds` gives the oldest kept and the next offset of each partition."""
        assert await log.bounds(TOUCHPOINTS) == [(0, 0)] * PARTITIONS
        await log.append([emit(topic=TOUCHPOINTS, partition=1), emit(topic=TOUCHPOINTS, partition=1)])
        assert await log.bounds(TOUCHPOINTS) == [(0, 0), (0, 2), (0, 0)]

    async def test_forgotten_offsets_are_not_used_again(self, log: Log, forget: Forget) -> None:
        """Trimming moves the beginning only: the next record gets the next offset, even if none is left."""
        await log.append([emit(str(number)) for number in range(4)])
        await forget(log, IDENTITY, 0, 4)

        assert await log.bounds(IDENTITY) == [(4, 4)]
        await log.append([emit("next")])
        assert [record.offset for record in await log.read(IDENTITY, 0, 4, 10)] == [4]

    async def test_a_read_from_too_old_an_offset_starts_at_the_oldest(self, log: Log, forget: Forget) -> None:
        """Subscribers outside any group go on with what is kept."""
        await log.append([emit(str(number)) for number in range(4)])
        await forget(log, IDENTITY, 0, 2)

        assert texts(await log.read(IDENTITY, 0, 0, 10)) == ["2", "3"]

    async def test_wait_returns_when_something_is_appended(self, log: Log) -> None:
        """`wait` sleeps until a partition has grown beyond the given ends."""
        waiting = asyncio.create_task(log.wait(TOUCHPOINTS, [0] * PARTITIONS, SOON))
        await asyncio.sleep(0)
        assert not waiting.done()
        await log.append([emit(topic=TOUCHPOINTS, partition=2)])
        async with asyncio.timeout(SOON / 2):
            await waiting

    async def test_wait_returns_at_once_when_there_is_something(self, log: Log) -> None:
        """Growth before the call counts."""
        await log.append([emit()])
        async with asyncio.timeout(SOON / 2):
            await log.wait(IDENTITY, [0], SOON)

    async def test_wait_ends(self, log: Log) -> None:
        """`wait` returns after the given time if nothing comes."""
        await log.append([emit()])
        async with asyncio.timeout(SOON):
            await log.wait(IDENTITY, [1], 0.01)


class ConsumeContract:
    """Groups, assignments, commits and fences."""

    async def test_a_group_gets_every_partition(self, log: Log) -> None:
        """Joining yields an assignment for each partition, with its topic, number and position."""
        async with joined(log, topic=TOUCHPOINTS) as mine:
            assert sorted(mine) == [0, 1, 2]
            assert {(one.topic, one.position) for one in mine.values()} == {(TOUCHPOINTS, 0)}

    async def test_fetch_goes_on_where_the_last_one_ended(self, log: Log) -> None:
        """Successive fetches are bounded, in order and without gaps, and move the position but not the commit."""
        await log.append([emit(str(number)) for number in range(5)])
        async with joined(log) as mine:
            assert texts(await drained(mine[0], 2)) == ["0", "1"]
            assert texts(await drained(mine[0], 3)) == ["2", "3", "4"]
            assert mine[0].position == 5
            assert await log.committed("g", IDENTITY) == [None]

    async def test_fetch_waits_for_records(self, log: Log) -> None:
        """A fetch that finds nothing returns as soon as something is appended."""
        async with joined(log) as mine:
            waiting = asyncio.create_task(mine[0].fetch(10, SOON))
            await asyncio.sleep(0)
            await log.append([emit("late")])
            async with asyncio.timeout(SOON / 2):
                assert texts(await waiting) == ["late"]

    async def test_fetch_gives_up(self, log: Log) -> None:
        """A fetch returns empty after its time."""
        async with joined(log) as mine:
            assert list(await mine[0].fetch(10, 0.01)) == []
            assert list(await mine[0].fetch(10, 0.0)) == []

    async def test_commit_keeps_offset_and_emits(self, log: Log) -> None:
        """What a commit emits is in the log, and the next owner starts at the committed offset."""
        await log.append([emit("in1"), emit("in2")])
        async with joined(log) as mine:
            await drained(mine[0], 1)
            await mine[0].commit(1, [emit("out", topic=REJECTED, partition=0)])
            assert await log.committed("g", IDENTITY) == [1]
        assert texts(await log.read(REJECTED, 0, 0, 10)) == ["out"]
        async with joined(log) as mine:
            assert mine[0].position == 1
            assert texts(await drained(mine[0], 1)) == ["in2"]

    async def test_a_failing_commit_leaves_nothing(self, log: Log) -> None:
        """If one record cannot be written, neither the others nor the offset are."""
        await log.append([emit("in")])
        async with joined(log) as mine:
            await drained(mine[0], 1)
            with pytest.raises(ValueError, match="nowhere"):
                await mine[0].commit(1, [emit("a", topic=REJECTED), emit("b", topic="nowhere")])
            assert await log.committed("g", IDENTITY) == [None]
            assert await log.bounds(REJECTED) == [(0, 0)] * PARTITIONS

    async def test_groups_do_not_see_each_other(self, log: Log) -> None:
        """Each group has its own offsets and owners; what was never committed is None."""
        await log.append([emit("a")])
        async with joined(log, "one") as ones, joined(log, "two") as twos:
            await ones[0].commit(1, [])
            assert await log.committed("one", IDENTITY) == [1]
            assert await log.committed("two", IDENTITY) == [None]
            assert texts(await drained(twos[0], 1)) == ["a"]
        assert await log.committed("one", TOUCHPOINTS) == [None] * PARTITIONS

    async def test_a_new_owner_fences_the_old_one(self, log: Log) -> None:
        """The old owner's fetch and commit raise Fenced, and its commit leaves nothing behind."""
        await log.append([emit("a"), emit("b")])
        async with joined(log) as old:
            await drained(old[0], 1)
            async with joined(log) as new:
                with pytest.raises(Fenced):
                    await old[0].commit(2, [emit("zombie", topic=REJECTED)])
                with pytest.raises(Fenced):
                    await old[0].fetch(1, 0.01)
                assert await log.bounds(REJECTED) == [(0, 0)] * PARTITIONS
                assert await log.committed("g", IDENTITY) == [None]
                assert texts(await drained(new[0], 2)) == ["a", "b"]
                await new[0].commit(2, [])
        assert await log.committed("g", IDENTITY) == [2]

    async def test_a_waiting_fetch_is_fenced(self, log: Log) -> None:
        """An owner that waits for records learns that it has been replaced."""
        async with joined(log) as old:
            waiting = asyncio.create_task(old[0].fetch(1, SOON))
            await asyncio.sleep(0)
            async with joined(log):
                with pytest.raises(Fenced):
                    await asyncio.wait_for(waiting, SOON / 2)

    async def test_one_fenced_commit_harms_no_other(self, log: Log) -> None:
        """Appends and commits at the same moment as a zombie's commit succeed."""
        await log.append([emit("a")])
        async with joined(log) as old, joined(log) as new:
            zombie, owner, appended = await asyncio.gather(
                old[0].commit(1, [emit("zombie", topic=REJECTED, partition=0)]),
                new[0].commit(1, [emit("owner", topic=REJECTED, partition=0)]),
                log.append([emit("other", topic=REJECTED, partition=0)]),
                return_exceptions=True,
            )
        assert isinstance(zombie, Fenced)
        assert (owner, appended) == (None, None)
        assert sorted(texts(await log.read(REJECTED, 0, 0, 10)), key=str) == ["other", "owner"]

    async def test_an_assignment_ends_with_its_membership(self, log: Log) -> None:
        """After leaving the group neither fetch nor commit work."""
        async with joined(log) as mine:
            pass
        with pytest.raises(Fenced):
            await mine[0].fetch(1, 0.01)
        with pytest.raises(Fenced):
            await mine[0].commit(0, [])

    async def test_seek_moves_the_position(self, log: Log) -> None:
        """`seek` goes back and forth within the log, up to its end."""
        await log.append([emit(str(number)) for number in range(3)])
        async with joined(log) as mine:
            await drained(mine[0], 3)
            mine[0].seek(1)
            assert mine[0].position == 1
            assert texts(await drained(mine[0], 2)) == ["1", "2"]
            mine[0].seek(3)
            assert list(await mine[0].fetch(1, 0.0)) == []

    async def test_seek_outside_the_log_is_a_lost_position(self, log: Log, forget: Forget) -> None:
        """Neither what was trimmed nor what lies behind the end can be sought; the position stays."""
        await log.append([emit(str(number)) for number in range(4)])
        await forget(log, IDENTITY, 0, 2)
        async with joined(log) as mine:
            mine[0].seek(2)
            for lost in (1, 5):
                with pytest.raises(LostPosition, match=str(lost)):
                    mine[0].seek(lost)
            assert mine[0].position == 2

    async def test_a_trimmed_position_is_never_skipped(self, log: Log, forget: Forget) -> None:
        """A group whose next record has been trimmed stops with LostPosition instead of going on behind it."""
        await log.append([emit(str(number)) for number in range(4)])
        async with joined(log) as mine:
            await mine[0].commit(1, [])
        await forget(log, IDENTITY, 0, 3)
        async with joined(log) as mine:
            with pytest.raises(LostPosition):
                await mine[0].fetch(1, 0.01)
            mine[0].seek(3)  # an operator's decision
            assert texts(await drained(mine[0], 1)) == ["3"]


class LogContract(AppendContract, ConsumeContract):
    """All that a log must do."""


class DurableLogContract:
    """What a log that outlives its process must do besides."""

    async def test_records_and_offsets_survive(self, log: Log, reopen: Callable[[], Awaitable[Log]]) -> None:
        """After closing and opening again everything is there and the offsets go on."""
        await log.append([emit("a"), emit("b")])
        async with joined(log) as mine:
            await mine[0].commit(1, [])
        again = await reopen()

        assert texts(await again.read(IDENTITY, 0, 0, 10)) == ["a", "b"]
        assert await again.committed("g", IDENTITY) == [1]
        await again.append([emit("c")])
        async with joined(again) as mine:
            assert mine[0].position == 1
            assert texts(await drained(mine[0], 2)) == ["b", "c"]

    async def test_trimmed_offsets_are_not_used_again_later(
        self, log: Log, forget: Forget, reopen: Callable[[], Awaitable[Log]]
    ) -> None:
        """An emptied partition remembers its next offset."""
        await log.append([emit("a"), emit("b")])
        await forget(log, IDENTITY, 0, 2)
        again = await reopen()

        assert await again.bounds(IDENTITY) == [(2, 2)]
        await again.append([emit("c")])
        assert [record.offset for record in await again.read(IDENTITY, 0, 0, 10)] == [2]
