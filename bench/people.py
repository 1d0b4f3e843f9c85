"""Made-up people with stable identifiers: a person is a number, and some are met more often than others."""

import random
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

_PREFIXES = ("90", "91", "93", "94", "96", "97", "98", "32", "33", "34", "35", "36", "37", "38", "39")
_SUBSCRIBERS = 10_000_000
KNOWN_EVERY = 3  # one person in so many has told who they are before a run begins


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a browser; `known`: Leadflow has been told their user id, e-mail and phone."""

    number: int

    @property
    def known(self) -> bool:
        """Whether they had identified themselves before the run."""
        return self.number % KNOWN_EVERY == 0

    @property
    def anonymous_id(self) -> str:
        """Return the id of their browser, in the form of a UUID."""
        return f"{self.number:08x}-6c1e-4d2a-9b3f-{self.number * 2_654_435_761 % 2**48:012x}"

    @property
    def user_id(self) -> str:
        """Return their id with the customer."""
        return f"user-{self.number:08d}"

    @property
    def email(self) -> str:
        """Return their address."""
        return f"person.{self.number}@company-{self.number % 997}.example"

    @property
    def phone(self) -> str:
        """Return a Vietnamese mobile number, as people write it."""
        line = self.number % _SUBSCRIBERS
        prefix = _PREFIXES[self.number // _SUBSCRIBERS % len(_PREFIXES)]
        return f"0{prefix} {line // 10_000:03d} {line % 10_000:04d}"


class Crowd:
    """`size` people of whom the n-th most active is met 1/n as often as the first (Zipf's law)."""

    def __init__(self, size: int, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  a draw to repeat, not a secret
        self._weights = list(accumulate(1 / (rank + 1) for rank in range(size)))

    def someone(self) -> Person:
        """Draw a person."""
        return Person(bisect(self._weights, self._random.random() * self._weights[-1]))
