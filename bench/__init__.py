"""Benchmarks: what Leadflow costs, as shares of what this machine can do at best. `python -m bench --help`."""
