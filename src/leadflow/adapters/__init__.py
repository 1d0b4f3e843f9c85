"""The ports, implemented: in memory and on SQLite."""
