"""What sizing takes for granted. Policies are choices; what is called unmeasured is a guess to be replaced."""

# Policies: how full things are planned to be.
UTILISATION = 0.65
"""Share of a core that a process is planned to use at the peak: the rest is for the second within the minute."""
FILL = 0.7
"""Share of a disk that is planned to be used: the rest is for compaction, a campaign, and time to react."""
GROWTH = 4.0
"""Partitions are fixed for life: they are counted for so many times the peak of today."""
SKEW = 2.0
"""The fullest partition gets at most so many times the mean: keys are spread by hash, people are not."""
MEMORY_MARGIN = 1.5
"""Memory asked for, by what was measured after full load. The limit is twice of that."""
WAITING_MIB = 128
"""What an observer may hold beyond that: the bodies of requests and the records on their way to the brokers, each up to
LEADFLOW_MAX_WAITING_BYTES as shipped."""
POD_CORES = 1.0
"""A process works on about one core: the most that a pod of Python can use. More pods, not bigger ones."""

# Policies of servers that are not ours.
MOST_BROKER_GIB = 1024
"""A broker's disk, beyond which there are more brokers: what one can be refilled with in hours."""
TIERED_STORAGE_GIB = 4096
"""All brokers' disks together, beyond which the older part of the log belongs into an object store."""
MOST_SERVER_GIB = 500
"""A database server's disk: that of the tiers."""

# Unmeasured: no ArangoDB server could be asked (docs/arangodb.md). Replace them with figures of yours.
BACKLOG_MIB = 10
"""Unmeasured: memory for each partition that a process works off when it is behind: 2,000 records, decoded."""
DOCUMENT_US = 400.0
"""Unmeasured: CPU of a database server for a document read or written, fsync waited for."""
DATABASE_BASE_GIB = 2.0
"""Unmeasured: memory of a database server before it caches anything."""
FILTER_BYTES = 1.25
"""10 bits a key: RocksDB's bloom filters, which belong in memory."""
ACTIVE = 0.3
"""Unmeasured: share of the profiles that come in a month, whose leads belong in the cache."""
BROKER_GIB = 2
"""Unmeasured under load: a broker's heap of 1 GiB and as much for the page cache of what is being read."""
