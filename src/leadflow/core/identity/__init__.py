"""Who did it: normal forms, keyed hashes, and the decisions that join identifiers into profiles."""
