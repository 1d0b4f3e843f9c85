"""From bytes to JSON that everything behind can read."""

import gzip
import json
import tracemalloc
import zlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from leadflow.pipeline.ingest.body import inflate, mend
from leadflow.pipeline.ingest.nesting import nested_deeper_than
from leadflow.pipeline.ingest.refusal import Refusal

LIMIT = 4096
TOO_LARGE = Refusal(413, "too_large", "it is")


def code(outcome: bytes | Refusal) -> str:
    """The code of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code


@given(st.binary(max_size=LIMIT))
def test_gzip_is_unpacked_and_anything_else_left_as_it_is(data: bytes) -> None:
    """Only the first bytes decide."""
    assert inflate(gzip.compress(data), LIMIT, TOO_LARGE) == data
    if not data.startswith(b"\x1f\x8b"):
        assert inflate(data, LIMIT, TOO_LARGE) == data


def test_the_limit_holds_to_the_byte_packed_or_not() -> None:
    """The limit itself passes, one byte more does not."""
    for pack in (bytes, gzip.compress):
        assert inflate(pack(b"x" * LIMIT), LIMIT, TOO_LARGE) == b"x" * LIMIT
        assert inflate(pack(b"x" * (LIMIT + 1)), LIMIT, TOO_LARGE) is TOO_LARGE


def test_a_bomb_is_never_unpacked() -> None:
    """200 MB of zeros in 200 KB cost no more memory than the limit."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([packer.compress(bytes(1 << 20)) for _ in range(200)]) + packer.flush()
    tracemalloc.start()
    outcome = inflate(bomb, LIMIT, TOO_LARGE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcome is TOO_LARGE
    assert peak < 2**20


def test_broken_gzip_is_refused() -> None:
    """Cut short, damaged, or with something behind it."""
    whole = gzip.compress(b'{"a": 1}')
    for broken in (whole[:-3], whole[:2], whole[:10] + b"\xff" * 20, whole + b"{}", whole + whole):
        assert code(inflate(broken, LIMIT, TOO_LARGE)) == "malformed_gzip", broken


def test_half_an_emoji_and_nul_become_the_replacement_character() -> None:
    """What no store can hold is replaced; whole pairs and escaped backslashes stay."""
    assert json.loads(mend(rb'"a\ud83d"')) == "a\ufffd"
    assert json.loads(mend(rb'"\ude00\ud83d\ud83d\ude00\u0000"')) == "\ufffd\ufffd\U0001f600\ufffd"
    assert json.loads(mend(rb'"\\u0000 \\ud83d"')) == r"\u0000 \ud83d"
    assert mend(b'\xef\xbb\xbf{"a":1}') == b'{"a":1}'


@given(
    st.text(alphabet=st.characters(codec=None), max_size=50) | st.text(alphabet="\\ud83eDC0\ud83d\udc00\0", max_size=50)
)
def test_mended_text_is_readable_whatever_it_was(text: str) -> None:
    """Lone surrogates anywhere: the strict decoder reads it, and only what was broken has changed."""
    mended = mend(json.dumps(text).encode())
    read = msgspec.json.decode(mended)
    assert "\0" not in read
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # pairs become one character
    if "\0" not in text and whole.encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass"):
        assert read == whole


@given(
    st.recursive(
        st.none() | st.integers() | st.text(alphabet='[]{}"\\a', max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=3)
        ),
        max_leaves=20,
    ),
    st.integers(0, 8),
)
def test_depth_is_counted_without_recursion(value: object, limit: int) -> None:
    """Brackets inside text do not count, siblings do not add up."""

    def depth(part: object) -> int:
        if isinstance(part, dict):
            return 1 + max((depth(child) for child in part.values()), default=0)
        if isinstance(part, list):
            return 1 + max((depth(child) for child in part), default=0)
        return 0

    assert nested_deeper_than(limit, json.dumps(value).encode()) == (depth(value) > limit)


def test_a_tower_of_brackets_is_measured_in_no_time() -> None:
    """Half a megabyte of nesting, or of escaped quotes, is no work."""
    assert nested_deeper_than(64, b"[" * 250_000 + b"]" * 250_000)
    assert not nested_deeper_than(64, b'["' + b'\\"[' * 150_000 + b'"]')
