"""Where a key belongs: as Kafka's own clients decide, so that every producer of any language agrees."""

import struct
from functools import lru_cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """MurmurHash2 with 32 bits and the seed of Kafka's Java client, unsigned."""
    length = len(data)
    words = length >> 2
    h = _SEED ^ length
    for word in struct.unpack_from(f"<{words}I", data):
        k = word * _M & _MASK
        h = (h * _M & _MASK) ^ ((k ^ k >> 24) * _M & _MASK)
    if rest := data[words << 2 :]:
        h = (h ^ int.from_bytes(rest, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


@lru_cache(maxsize=16_384)  # profiles come back: a hit is ten times cheaper
def positive_murmur2(key: bytes) -> int:
    """What Java's default partitioner takes the remainder of."""
    return murmur2(key) & 0x7FFFFFFF
