"""Measuring over HTTP: servers and the load, each in a process of its own, on the loopback interface."""

WRITE_KEY = "a-write-key-of-the-benchmark"
