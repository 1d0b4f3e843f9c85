"""How the embedded pipeline bears pressure and size: `python -m bench.pressure --help`."""
