"""ArangoDB: servers, copies, disks, and the load that they get."""

from dataclasses import dataclass
from math import ceil

from leadflow.core.sizing.assumptions import (
    ACTIVE,
    DATABASE_BASE_GIB,
    DOCUMENT_US,
    FILL,
    FILTER_BYTES,
    MOST_SERVER_GIB,
    UTILISATION,
)
from leadflow.core.sizing.rates import Rates
from leadflow.core.sizing.reasoned import Reasoned, percent, up_to
from leadflow.core.sizing.workload import Workload

GIB = 2**30
LEAST_GIB, GIB_STEP = 10, 10
MEMORY_STEPS_GIB = (4, 6, 8, 12, 16)
"""From 16 GiB on, there are more servers instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """`servers` hold data, with `copies` of each document; disk, cores and memory are of one server.

    A single server needs no coordinators and agents. Load at the peak: requests, documents and bytes a second.
    """

    servers: int
    copies: int
    sharded: bool
    coordinators: int
    agents: int
    disk_gib: int
    cores: float
    memory_gib: int
    data_gib: float
    requests: float
    documents: float
    written: float
    reasons: tuple[Reasoned, ...]


def database(workload: Workload, rates: Rates) -> Database:
    """Size the servers that keep the documents."""
    data = kept_bytes(workload, rates) / GIB
    sharded = data / FILL > MOST_SERVER_GIB
    copies = 3 if sharded or workload.availability == "servers" else 1
    servers = max(copies, ceil(data * copies / FILL / MOST_SERVER_GIB))
    share = copies / servers
    disk = int(max(LEAST_GIB, up_to(data * share / FILL, GIB_STEP)))
    read, written = rates.documents_read.value, rates.documents_inserted.value + rates.documents_replaced.value
    documents = workload.peak * (read + written)
    # Reads go to leaders, writes to every copy; with OneShard one server leads everything.
    work = workload.peak * (read + written * copies if sharded else read + written) * DOCUMENT_US / 1e6
    cores = max(1.0, up_to(work / (servers if sharded else 1) / UTILISATION, 0.5))
    memory = _memory(workload, rates, share)
    requests = workload.peak * rates.database_requests.value
    clustered = servers > 1
    return Database(
        servers=servers,
        copies=copies,
        sharded=sharded,
        coordinators=2 if clustered else 0,
        agents=3 if clustered else 0,
        disk_gib=disk,
        cores=cores,
        memory_gib=memory,
        data_gib=data,
        requests=requests,
        documents=documents,
        written=workload.peak * rates.database_bytes.value,
        reasons=(
            Reasoned("database: servers", f"{servers}, copies {copies}", _why_servers(data, copies, sharded=sharded)),
            Reasoned(
                "database: a server's disk",
                f"{disk} GiB",
                f"{data:,.0f} GiB a copy ({workload.history_months} months of touchpoints at "
                f"{_touchpoint_bytes(rates):.0f} B with indexes, {workload.profiles:,} profiles), {percent(FILL)} full",
            ),
            Reasoned(
                "database: a server's CPU",
                f"{cores:g}, limit {2 * cores:g}",
                f"{documents:,.0f} documents/s at {DOCUMENT_US:.0f} us (assumed: no server was measured), "
                f"at {percent(UTILISATION)}",
            ),
            Reasoned(
                "database: a server's memory",
                f"{memory} GiB",
                f"filters of all keys, leads of {percent(ACTIVE)} of the profiles, and "
                f"{DATABASE_BASE_GIB:g} GiB before that (assumed)",
            ),
            Reasoned(
                "database: load at the peak",
                f"{requests:,.0f} requests/s",
                f"in batches of 5; {documents:,.0f} documents/s, of which {workload.peak * written:,.0f} written "
                f"({workload.peak * rates.database_bytes.value / 1e6:,.1f} MB/s, before copies)",
            ),
        ),
    )


def kept_bytes(workload: Workload, rates: Rates) -> float:
    """Bytes of one copy: compressed documents, and the entries of their indexes."""
    profile = (
        rates.lead_bytes.value
        + rates.lead_index_bytes.value
        + rates.profile_bytes.value
        + rates.profile_index_bytes.value
        + rates.identities.value * (rates.identity_bytes.value + rates.identity_index_bytes.value)
    )
    return workload.history * _touchpoint_bytes(rates) + workload.profiles * profile


def _touchpoint_bytes(rates: Rates) -> float:
    return rates.touchpoint_bytes.value + rates.touchpoint_index_bytes.value


def _memory(workload: Workload, rates: Rates, share: float) -> int:
    """What a server wants to have in memory, in the next size that there is."""
    filters = (workload.history + workload.profiles * (2 + rates.identities.value)) * FILTER_BYTES
    leads = workload.profiles * ACTIVE * rates.lead_sent_bytes.value
    wanted = DATABASE_BASE_GIB + (filters + leads) * share / GIB
    return next((size for size in MEMORY_STEPS_GIB if size >= wanted), MEMORY_STEPS_GIB[-1])


def _why_servers(data: float, copies: int, *, sharded: bool) -> str:
    if sharded:
        return f"a copy of {data:,.0f} GiB does not fit {MOST_SERVER_GIB} GiB: sharded, not OneShard; one may be lost"
    if copies > 1:
        return "OneShard: one leads, two follow; one may be lost and two copies still agree (write concern 2)"
    return "one server, no fail-over: `--availability servers` makes three"
