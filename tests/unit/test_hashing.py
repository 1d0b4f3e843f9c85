"""Keyed hashes of identifiers, profiles and touchpoints."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.identity.hashing import Hasher
from leadflow.core.touchpoint import Identifier

SECRET = b"0123456789abcdef"


def test_a_short_secret_is_refused() -> None:
    """A secret that could be guessed says what to do instead."""
    with pytest.raises(ValueError, match="at least 16"):
        Hasher(b"short")


def test_the_secret_is_not_printed() -> None:
    """A hasher in a log or a traceback gives nothing away."""
    assert "0123" not in repr(Hasher(SECRET))


def test_an_identifier_key_names_its_type() -> None:
    """`type:` and 24 lower-case hexadecimal characters, the same for the same secret only."""
    lan = Identifier("email", "lan@example.vn")
    key = Hasher(SECRET).identifier(lan)
    assert re.fullmatch(r"email:[0-9a-f]{24}", key)
    assert key == Hasher(SECRET).identifier(lan)
    assert key != Hasher(SECRET + b"x").identifier(lan)
    assert Hasher(b"x" * 100).identifier(lan) != Hasher(b"x" * 101).identifier(lan)


def test_purposes_do_not_mix() -> None:
    """The same words hash differently as an identifier, a touchpoint, a profile and a partition key."""
    hasher = Hasher(SECRET)
    digests = {
        hasher.identifier(Identifier("a", "1")).removeprefix("a:"),
        hasher.touchpoint("a", "1"),
        hasher.profile("a", 1),
        hasher.partition_key("a", "1"),
    }
    assert len(digests) == 4


def test_incarnations_are_different_profiles() -> None:
    """A person who comes back after an erasure is somebody new."""
    assert Hasher(SECRET).profile("email:x", 0) != Hasher(SECRET).profile("email:x", 1)


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_different_pairs_hash_differently(one: tuple[str, str], other: tuple[str, str]) -> None:
    """No two (source, message id) pairs share a key, wherever the border between them lies."""
    hasher = Hasher(SECRET)
    assert (hasher.touchpoint(*one) == hasher.touchpoint(*other)) == (one == other)
    assert hasher.touchpoint("a", "bc") != hasher.touchpoint("ab", "c")


def test_half_a_surrogate_pair_can_be_hashed() -> None:
    """JSON escapes can carry one; it is a name like any other."""
    assert len(Hasher(SECRET).touchpoint("web", "\ud800")) == 24
