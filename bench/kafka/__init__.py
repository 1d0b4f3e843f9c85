"""Measuring over Apache Kafka: one broker on this machine, its topics, and what a client costs at the least."""
