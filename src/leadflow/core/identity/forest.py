"""The words of the identity forest."""

IdentifierKey = str
"""`type:hash`: the type of an identifier and the keyed hash of its normal value."""


def type_of(key: IdentifierKey) -> str:
    """The identifier type that a key names."""
    return key.partition(":")[0]
