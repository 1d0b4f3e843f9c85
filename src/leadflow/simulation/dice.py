"""Randomness that a seed decides: the same words give the same throws, on every machine."""

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar

T = TypeVar("T")


def dice(*words: object) -> Random:
    """Return a generator of its own for these words, so that one person's throws never shift another's."""
    return Random(":".join(map(str, words)))  # noqa: S311 - a simulation, no secret


def chance(rng: Random, share: float) -> bool:
    """Whether it happens to this one. It always costs one throw."""
    return rng.random() < share


def zipf(rng: Random, most: int, exponent: float = 1.6) -> int:
    """A number from 1 to `most`, small ones far more often: most people come once, a few come all the time."""
    return rng.choices(range(1, most + 1), [rank**-exponent for rank in range(1, most + 1)])[0]


def weighted(rng: Random, choices: Sequence[tuple[T, float]]) -> T:
    """One of the choices by its weight."""
    return rng.choices([choice for choice, _ in choices], [weight for _, weight in choices])[0]


def mark(*words: object) -> str:
    """Eight hexadecimal characters that stand for these words."""
    return blake2b(":".join(map(str, words)).encode(), digest_size=4).hexdigest()
