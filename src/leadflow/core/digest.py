"""Names that are hashes: 24 lower-case hexadecimal characters, which a store may keep as 12 bytes."""

from collections.abc import Sequence
from contextlib import suppress

HEX_CHARACTERS = 24
_BYTES = HEX_CHARACTERS // 2


class Digest(str):  # noqa: SLOT000 - only declares, there are no instances
    """Declares a key or a field whose values are digests; other text is allowed, and merely takes more room."""


def packed(text: str) -> bytes | str:
    """A digest as its bytes, any other text as it is."""
    if len(text) != HEX_CHARACTERS:
        return text
    try:
        half = bytes.fromhex(text)
    except ValueError:
        return text
    return half if half.hex() == text else text  # upper case and spaces are somebody else's


def all_packed(texts: Sequence[str]) -> list[bytes | str]:
    """`packed` of each; where all are digests, as most are, they are converted as one."""
    if {*map(len, texts)} == {HEX_CHARACTERS}:
        whole = "".join(texts)
        with suppress(ValueError):
            halves = bytes.fromhex(whole)
            if halves.hex() == whole:
                return [halves[start : start + _BYTES] for start in range(0, len(halves), _BYTES)]
    return list(map(packed, texts))


def unpacked(value: bytes | str) -> str:
    """What `packed` was given."""
    return value.hex() if isinstance(value, bytes) else value
