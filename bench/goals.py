"""What is measured, against what, and what it should reach. Shares: the contender's rate by the baseline's."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """`direction` tells whether `accept` and `aim` are least or most values; without them a figure is only told."""

    name: str
    what: str
    accept: float | None = None
    aim: float | None = None
    direction: Literal["least", "most"] = "least"
    unit: str = ""

    def verdict(self, value: float) -> str:
        """Say how a value stands: `aim`, `accept` or `missed`; nothing where there is no goal."""
        if self.accept is None:
            return ""
        if self.aim is not None and self._reaches(value, self.aim):
            return "aim"
        return "accept" if self._reaches(value, self.accept) else "missed"

    def _reaches(self, value: float, bound: float) -> bool:
        return value >= bound if self.direction == "least" else value <= bound


GOALS = {
    goal.name: goal
    for goal in (
        Goal("R1/128", "durable observer, single events, 128 connections : bare ASGI", 0.50, 0.65),
        Goal("R1/32", "durable observer, single events, 32 connections : bare ASGI", 0.40, 0.65),
        Goal("R2", "durable observer, batches of 100 : bare ASGI + typed decode", 0.25, 0.35),
        Goal("intake/single", "the observer's own work on a request, without server and log", unit="us"),
        Goal("intake/batch", "the same for an event in batches of 100", unit="us"),
        Goal("R3", "processor : no-op loop on the same log", 0.18, 0.25),
        Goal("R4", "scoring, batches of 2,000 : no-op loop on the same log", 0.35, 0.45),
        Goal("tracing/1%", "processor and scoring, one touchpoint in a hundred traced : none"),
        Goal("tracing/all", "the same, all traced"),
        Goal("scoring/stages", "scoring's own work, stage by stage, without log and store", unit="us"),
        Goal("resolver", "resolver, CPU per evidence : processor, CPU per touchpoint", 5.0, 3.0, "most", "x"),
        Goal("growth", "cost per event, many profiles : few, same active set", 1.4, 1.2, "most", "x"),
        Goal("memory", "resident memory with many profiles, under load", 600, 400, "most", "MB"),
        Goal("embedded/single", "single events, HTTP to stage change, on one core", 7_000, 7_000, unit="events/s"),
        Goal("embedded/batch", "batches of 100, HTTP to stage change, on one core", 12_000, 12_000, unit="events/s"),
        Goal("top/p99", "stage change at the peak of the tier of 2M profiles, embedded, 99th percentile", unit="ms"),
        Goal("overload/p99", "time of accepted requests, 99th percentile, at 4 x capacity", 2_000, 1_000, "most", "ms"),
        Goal("overload/recovery", "until a new request succeeds after the overload", 1_000, 100, "most", "ms"),
        Goal("overload/lost", "acknowledged events that the store does not hold", 0, 0, "most", "events"),
        Goal("day/memory", "resident memory at the end of the day : in its middle", 1.15, 1.05, "most", "x"),
        Goal("day/wal", "most that the write-ahead logs held", 128, 64, "most", "MB"),
        Goal("day/descriptors", "open descriptors, end of the day - first hour", 4, 2, "most"),
        Goal("kafka/R1/128", "observer on Kafka, single events, 128 connections : bare ASGI", 0.45),
        Goal("kafka/R1/32", "observer on Kafka, single events, 32 connections : bare ASGI", 0.45),
        Goal("kafka/R2", "observer on Kafka, batches of 100 : bare ASGI + typed decode", 0.30),
        Goal("kafka/R3", "processor over Kafka : no-op consume + parse + produce loop", 0.18),
        Goal("kafka/R4", "scoring over Kafka : no-op consume + parse + produce loop", 0.35),
        Goal("kafka/transaction", "a transactional hop : the same hop at least once, by wall time", 0.80),
        Goal("kafka/single", "single events, HTTP to stage change, broker and all, 2 cores", unit="events/s"),
        Goal("kafka/batch", "batches of 100, HTTP to stage change, broker and all, 2 cores", unit="events/s"),
        Goal("kafka/workers", "events/s with two processors and two scorers : one of each", unit="x"),
        Goal(
            "arango/processor",
            "processor, store in ArangoDB : in SQLite, client's CPU per touchpoint",
            1.3,
            1.0,
            "most",
            "x",
        ),
        Goal(
            "arango/scoring", "scoring, store in ArangoDB : in SQLite, client's CPU per record", 1.3, 1.0, "most", "x"
        ),
        *(
            Goal(f"small/{name}", f"{name}: memory after full load; cores waiting, and at a tier's rate", unit="MB")
            for name in ("observer", "processor", "scoring", "admin-api")
        ),
        Goal("small/times", "mean time from receipt to stage change at a tier's rate", unit="ms"),
        Goal("small/log", "what a touchpoint leaves in the log in small batches, before copies", unit="bytes"),
        Goal("store/touchpoint", "bytes that a touchpoint writes to the store, as sent", unit="bytes"),
        *(
            Goal(f"store/{name}", f"a document of {name} in compressed blocks, without indexes", unit="bytes")
            for name in ("touchpoints", "leads", "profiles", "identities")
        ),
        Goal("day/tasks", "tasks of the event loop, end of the day - first hour", 0, 0, "most"),
    )
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One result. `value` by CPU time where a goal is a share; `detail`: what stands behind it, by name."""

    name: str
    value: float
    detail: dict[str, float]
