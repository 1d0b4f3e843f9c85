"""Every metric of Leadflow, declared once, each with what moves it. Names: `leadflow_<tier>_<what>_<unit>`, base units.

Labels hold no personal data and come from small, closed sets: codes, types, stages, names of write keys, partitions.
Import the object and move it: `metrics.LEAD_SCORES.inc()`. A leaf module: it imports nothing of Leadflow but a leaf.
Those of the hot path are tallies, which belong to the event loop that serves the requests. A counter that an alert
watches is there from the start: Prometheus does not see the first step of a series that begins with it.
"""

from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from leadflow.tally import Spread, Tally

# They double the series of every counter and histogram, to say when this process began.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_DELAYS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

# --- observer: what comes in ------------------------------------------------------------------------------------------

OBSERVER_REQUESTS = Tally(
    "leadflow_observer_requests_total",
    "Requests answered, by path (the known ones, else `other`) and HTTP status.",
    ["path", "status"],
)
# Moves once per event that became durable; `source` is the name of the write key.
OBSERVER_EVENTS = Tally("leadflow_observer_events_total", "Events accepted and durable in the log.", ["type", "source"])
# Moves once per event or request that was refused, whether it went to `rejected` or was answered with an error.
OBSERVER_REJECTED = Tally("leadflow_observer_rejected_total", "Events and requests refused, by code.", ["code"])
# Moves with every body read, after decompression.
OBSERVER_BYTES = Tally("leadflow_observer_body_bytes_total", "Bytes of request bodies, decompressed.")
# Asked for when it is read: near the limit, the observer is about to shed load.
OBSERVER_IN_FLIGHT = Gauge("leadflow_observer_in_flight_requests", "Requests being served now.")
# From the body being read to the log's acknowledgement: grows with slow disks and waiting groups.
OBSERVER_ACK_SECONDS = Spread(
    "leadflow_observer_ack_seconds", "Time until the log acknowledged a request's events.", _SECONDS
)
# Moves with each touchpoint that a known crawler sent: stored, never scored.
OBSERVER_BOTS = Tally("leadflow_observer_bots_total", "Events marked as sent by a crawler.")

# --- log and store: what is durable -----------------------------------------------------------------------------------

# One observation per group commit; `file` is `log` or `store`.
FLUSH_SECONDS = Histogram(
    "leadflow_log_flush_seconds", "Time of one group commit, fsync included.", ["file"], buckets=_SECONDS
)
# How many jobs shared one commit: 1 when idle, more under load.
FLUSH_RECORDS = Histogram("leadflow_log_flush_records", "Jobs in one group commit.", ["file"], buckets=_SIZES)
# Bytes handed to the writer and not yet durable: at the limit, appends answer Overloaded.
WAITING_BYTES = Gauge("leadflow_log_waiting_bytes", "Bytes waiting for the next group commit.", ["file"])
# Moves when a commit fails (full disk, locked file): every waiter was told, nothing was acknowledged.
FLUSH_FAILURES = Counter("leadflow_log_flush_failures_total", "Group commits that failed.", ["file"])
FLUSH_FAILURES.labels("log")
# ArangoDB only. Moves when two writers met at one document and one of them had to try again.
STORE_CONFLICTS = Counter(
    "leadflow_store_conflicts_total", "Documents that were sent to the store again because they met another write."
)
# ArangoDB only. 1 from the fifth failure in a row until a call succeeds: meanwhile most calls are not even tried.
STORE_BREAKER_OPEN = Gauge("leadflow_store_breaker_open", "Whether calls to the store are held back: it is away.")
# Moves when retention or compaction removes records.
TRIMMED = Counter("leadflow_log_trimmed_records_total", "Records removed by retention or compaction.")

# Kafka only. One observation per committed transaction, markers excluded: grows with partitions written to and brokers.
TRANSACTION_SECONDS = Histogram(
    "leadflow_log_transaction_seconds", "Time of one transaction, begin to commit.", ["topic"], buckets=_SECONDS
)
# Kafka only. Moves when a transaction could not be confirmed: the broker aborts it, its batch is processed again.
TRANSACTIONS_ABANDONED = Counter(
    "leadflow_log_transactions_abandoned_total", "Transactions given up, to be aborted by the broker.", ["topic"]
)
# Kafka only. Moves each time the partitions of a topic are dealt out anew: members come, go, or fall silent.
REBALANCES = Counter("leadflow_log_rebalances_total", "Assignments received from the group.", ["topic"])
# Kafka only. Moves when a newer owner has fenced one of our producers: a member was taken for dead and was not.
FENCES = Counter("leadflow_log_fences_total", "Producers fenced by a newer owner.", ["topic"])


# --- the hops: processor, resolver, scoring ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HopMetrics:
    """What every consuming hop reports."""

    records: Counter  # each record whose batch was committed
    batch_records: Histogram  # one observation per committed batch
    batch_seconds: Histogram  # from fetch to commit
    lag: Gauge  # {partition}: records between the committed offset and the end
    lag_seconds: Gauge  # {partition}: how long the first of them has been in the log; 0 when there is none
    retention: Gauge  # how long records stay in the topic it reads: what lag_seconds must never come near
    retries: Counter  # {reason}: a batch started over: conflict, unavailable
    fenced: Counter  # another owner took a partition over
    rejected: Counter  # {code}: records that were put aside so that they harm themselves alone
    end_to_end: Histogram  # from received_at to the commit of the batch that holds it


def _hop(tier: str) -> HopMetrics:
    """Declare the metrics of one hop."""
    hop = HopMetrics(
        records=Counter(f"leadflow_{tier}_records_total", f"Records that {tier} has committed."),
        batch_records=Histogram(f"leadflow_{tier}_batch_records", "Records in one committed batch.", buckets=_SIZES),
        batch_seconds=Histogram(
            f"leadflow_{tier}_batch_seconds", "Time of one batch, fetch to commit.", buckets=_SECONDS
        ),
        lag=Gauge(f"leadflow_{tier}_lag_records", "Records not yet committed, by partition.", ["partition"]),
        lag_seconds=Gauge(
            f"leadflow_{tier}_lag_seconds", "Age of the oldest record not yet committed, by partition.", ["partition"]
        ),
        retention=Gauge(f"leadflow_{tier}_retention_seconds", f"How long the log keeps what {tier} reads."),
        retries=Counter(f"leadflow_{tier}_retries_total", "Batches started over, by reason.", ["reason"]),
        fenced=Counter(f"leadflow_{tier}_fenced_total", "Partitions lost to another owner."),
        rejected=Counter(f"leadflow_{tier}_rejected_total", "Records put aside, by code.", ["code"]),
        end_to_end=Histogram(
            f"leadflow_{tier}_end_to_end_seconds", f"From received_at until {tier} has committed it.", buckets=_DELAYS
        ),
    )
    for code in ("poison", "malformed_record"):
        hop.rejected.labels(code)
    for reason in ("store_unavailable", "commit_unavailable"):
        hop.retries.labels(reason)
    return hop


PROCESSOR = _hop("processor")
RESOLVER = _hop("resolver")
SCORING = _hop("scoring")
REJECTIONS = _hop("rejections")

# --- identity ---------------------------------------------------------------------------------------------------------

# Each touchpoint once per reading: straight, evidence, duplicate, obeyed (read again after a crash), rejected.
PROCESSOR_OUTCOMES = Counter("leadflow_processor_outcomes_total", "What became of the touchpoints read.", ["outcome"])
# Identifiers that were blocked or malformed, by type: a spike means a broken form or a shared value.
PROCESSOR_IGNORED = Counter("leadflow_processor_ignored_identifiers_total", "Identifiers not used.", ["type"])
# Moves when two profiles become one.
RESOLVER_MERGES = Counter("leadflow_resolver_merges_total", "Links made between profiles.")
# Moves when a limit or a cut kept two profiles apart.
RESOLVER_REFUSALS = Counter("leadflow_resolver_refusals_total", "Merges refused.", ["reason"])
for _reason in ("limit", "apart"):
    RESOLVER_REFUSALS.labels(_reason)

# --- what stands still ------------------------------------------------------------------------------------------------

# Moves when a lead is brought to a stop by a control record (`lead`), or a record that is for no lead is kept for a
# repair (`command`): look at it, GET /api/v1/parked says why.
PARKED = Counter("leadflow_scoring_parked_total", "Leads and commands that wait for a repair.", ["what"])
for _what in ("lead", "command"):
    PARKED.labels(_what)
# Moves when a lead goes on.
RELEASED = Counter("leadflow_scoring_released_total", "Parked leads that went on.")

# --- leads ------------------------------------------------------------------------------------------------------------

# Each StageChanged once, when it is first committed (a re-run after a crash may count again).
STAGE_CHANGES = Counter("leadflow_scoring_stage_changes_total", "Stage changes published.", ["from", "to"])
# Each LeadScore record, tombstones included.
LEAD_SCORES = Counter("leadflow_scoring_lead_scores_total", "Lead scores published.")
# From received_at of the trigger until its StageChanged is about to be committed; historical input is left out.
STAGE_CHANGE_SECONDS = Histogram(
    "leadflow_scoring_stage_change_seconds", "From receiving a touchpoint to its stage change.", buckets=_DELAYS
)

# --- admin API --------------------------------------------------------------------------------------------------------

# Moves once per answer; `route` is the path's template, never the path itself: ids stay out.
ADMIN_REQUESTS = Counter("leadflow_admin_requests_total", "Requests answered.", ["route", "status"])
# One observation per answer; streams are left out.
ADMIN_SECONDS = Histogram("leadflow_admin_request_seconds", "Time of one request.", ["route"], buckets=_SECONDS)
# Up and down with subscribers of the SSE stream.
ADMIN_STREAMS = Gauge("leadflow_admin_streams", "Open streams of stage changes.")

# Counted once a minute by the admin API, as GET /api/v1/funnel counts them: merged profiles once.
LEADS = Gauge("leadflow_admin_leads", "Leads that stand in a stage now.", ["stage"])

# --- traces -----------------------------------------------------------------------------------------------------------

# Moves with each batch of spans that leaves, where LEADFLOW_TRACING is on: `sent`, or `failed` and given up.
TRACE_SPANS = Counter("leadflow_tracing_spans_total", "Spans that left their queue.", ["outcome"])

# --- the process ------------------------------------------------------------------------------------------------------

# 1 while a part of this process works (log, store, each pipeline task), 0 when it does not: what /readyz reads.
PART_UP = Gauge("leadflow_runtime_part_up", "Whether a part of this process works.", ["part"])
# 1 while /readyz says 200. Asked anew at each scrape, as are the parts.
READY = Gauge("leadflow_runtime_ready", "Whether this process can do its work now.")
# 1 from the moment at which a consumer has stopped by itself, because most records are bad, until the process ends.
CONSUMER_STOPPED = Gauge("leadflow_runtime_consumer_stopped", "Whether this consumer has stopped by itself.", ["part"])
# Always 1: `service` is the command that was started, `up` for everything in one process.
BUILD_INFO = Gauge("leadflow_runtime_build_info", "What runs here.", ["service", "version"])
# The least of what the container, `ulimit -m` and the machine allow; read at each scrape.
MEMORY_LIMIT = Gauge("leadflow_runtime_memory_limit_bytes", "Resident memory that this process may use.")
# One at most: a process works on one event loop.
CPU_LIMIT = Gauge("leadflow_runtime_cpu_limit_cores", "Processor cores that this process can use.")
