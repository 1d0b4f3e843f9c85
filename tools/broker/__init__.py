"""A real Apache Kafka for tests, benchmarks and developers, without Docker: Java, Maven and a small launcher.

`with running(nodes=1) as cluster:` gives a cluster whose `url` services understand; `python -m tools.broker --help`.
"""

from tools.broker.cluster import Cluster, running
from tools.broker.jars import missing_programs
from tools.broker.node import Node, NotReady
from tools.broker.security import Access, Security

__all__ = ["Access", "Cluster", "Node", "NotReady", "Security", "missing_programs", "running"]
