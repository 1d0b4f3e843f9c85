"""The parts of the benchmark: each takes the options and returns its figures."""
