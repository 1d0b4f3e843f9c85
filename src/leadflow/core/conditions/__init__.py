"""One small language for rules, stages, segments and store queries."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition (placeholder until the language is in)."""

    text: str
