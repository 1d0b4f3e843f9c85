"""Names that are hashes: 24 lower-case hexadecimal characters, which a store may keep as 12 bytes."""

HEX_CHARACTERS = 24


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


def unpacked(value: bytes | str) -> str:
    """What `packed` was given."""
    return value.hex() if isinstance(value, bytes) else value
