"""2^-x in integers: the weight of what happened some time ago, the same on every machine to the last bit.

A table holds 2^-(i/4096) for one half-life; between its steps the weight is interpolated linearly, so it never lies
below the true value, and above it by less than 3.6e-9 of it: (ln 2 / 4096)^2 / 8. At whole half-lives it is exact.
"""

from itertools import pairwise
from math import isqrt

SCALE_BITS = 96
"""Weights are integers in units of 2^-96. Older than 96 half-lives weighs nothing."""

STEPS = 4096
STEPS_BITS = 12

_GUARD_BITS = 256
_LAST_STEP = STEPS - 1
_HALF = 1 << (SCALE_BITS - 1)


def _table() -> tuple[int, ...]:
    """2^-(i/4096) for i = 0 … 4096 in units of 2^-96, each rounded to the nearest."""
    root = 2 << _GUARD_BITS
    for _ in range(STEPS_BITS):
        root = isqrt(root << _GUARD_BITS)
    step = (1 << 2 * _GUARD_BITS) // root
    power, half = 1 << _GUARD_BITS, 1 << (_GUARD_BITS - SCALE_BITS - 1)
    table = []
    for _ in range(STEPS + 1):
        table.append((power + half) >> (_GUARD_BITS - SCALE_BITS))
        power = power * step >> _GUARD_BITS
    return tuple(table)


TABLE = _table()
_SLOPES = tuple(following - here for here, following in pairwise(TABLE))


def weight(age: int, half_life: int) -> int:
    """2^-(age / half_life) in units of 2^-96, both in ms; `age` is not negative."""
    steps, part = divmod(age << STEPS_BITS, half_life)
    halvings, index = steps >> STEPS_BITS, steps & _LAST_STEP
    if halvings >= SCALE_BITS:
        return 0
    return (TABLE[index] + _SLOPES[index] * part // half_life) >> halvings


def rounded(value: int) -> int:
    """`value / 2^96` to the nearest integer, halves away from zero, so that minus a value gives minus the result."""
    return (value + _HALF) >> SCALE_BITS if value >= 0 else -((_HALF - value) >> SCALE_BITS)
