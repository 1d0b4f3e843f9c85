"""Events whose padding does not compress: what is filled up with dots would flatter every figure on bytes."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from random import Random

_PADDING = re.compile(rb'"padding":"(\.+)"')


def incompressible(events: Iterable[bytes], *, seed: int = 1) -> Iterator[bytes]:
    """Give each event padding of the same length that repeats nothing."""
    dice = Random(seed)  # noqa: S311  a draw to repeat, not a secret

    def scattered(found: re.Match[bytes]) -> bytes:
        length = len(found[1])
        return b'"padding":"' + b64encode(dice.randbytes(length))[:length] + b'"'

    return (_PADDING.sub(scattered, event) for event in events)
