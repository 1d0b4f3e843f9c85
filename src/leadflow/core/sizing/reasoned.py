"""A number and why it is that: what every part of a plan is made of."""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Reasoned:
    """`what` in words, `value` as it is to be read, `why` with the figures that it comes from."""

    what: str
    value: str
    why: str


def up_to(value: float, step: float) -> float:
    """Round up to a multiple of `step`; what is above one by less than a millionth stays."""
    return ceil(value / step - 1e-6) * step


def percent(share: float) -> str:
    """Write a share for people."""
    return f"{100 * share:.0f} %"
