"""Values that identify nobody."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.core.identity.blocked import ANY, BlockedValues

_KINDS = st.sampled_from((ANY, "email", "phone", "user_id"))
_WORDS = st.text("ab", min_size=1, max_size=2)


@given(
    st.dictionaries(_KINDS, st.frozensets(_WORDS, max_size=2)),
    st.lists(st.tuples(_KINDS, _WORDS), max_size=3).map(tuple),
    _KINDS.filter(lambda kind: kind != ANY),
    _WORDS,
)
@settings(max_examples=60)
def test_a_value_is_blocked_by_the_rules_of_its_type_and_of_every_type(
    exact: dict[str, frozenset[str]], patterns: tuple[tuple[str, str], ...], kind: str, value: str
) -> None:
    """And by no others, in whatever combination they come."""
    whole = any(value in exact.get(of, ()) for of in (ANY, kind))
    matching = any(re.fullmatch(pattern, value) for of, pattern in patterns if of in {ANY, kind})
    assert BlockedValues(exact, patterns).has(kind, value) is (whole or matching)
