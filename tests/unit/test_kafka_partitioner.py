"""Keys belong where Kafka's own clients put them."""

import pytest
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from leadflow.adapters.kafka_partitioner import murmur2, positive_murmur2


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hashes_are_java_s(key: bytes, expected: int) -> None:
    """The vectors of Kafka's own test of Utils.murmur2, as signed integers."""
    assert murmur2(key) == expected % 2**32


@given(st.binary(max_size=100))
def test_hashes_agree_with_another_implementation(key: bytes) -> None:
    """Whatever the length's remainder by four is."""
    assert murmur2(key) == reference(key)
    assert positive_murmur2(key) == reference(key) & 0x7FFFFFFF
