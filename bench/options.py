"""How much is measured."""

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`events` per round and hop; `requests` per round and HTTP contender; `profiles` that are there before."""

    rounds: int = 5
    profiles: int = 100_000
    many_profiles: int = 1_000_000
    events: int = 20_000
    evidence: int = 2_000
    requests: int = 10_000
    seconds: float = 20.0
