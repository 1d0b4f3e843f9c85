"""Many documents at once come to the same columns and keys as each by itself."""

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadflow.adapters.document_fields import field_columns, field_values
from leadflow.contracts.collections import Collection
from leadflow.core.digest import all_packed, packed, unpacked

DIGESTS = st.binary(min_size=12, max_size=12).map(bytes.hex)
LIKE_DIGESTS = st.one_of(
    DIGESTS.map(str.upper),
    DIGESTS.map(lambda text: f" {text[2:]} "),
    DIGESTS.map(lambda text: text[1:]),
    st.text(min_size=24, max_size=24),
    st.text(max_size=48),
)


class _Text(str):  # noqa: SLOT000
    """Text of a kind of its own, as an enumeration's is."""


class _Document(msgspec.Struct):
    name: object
    count: object


_COLLECTION = Collection("documents", _Document, {"name": str, "count": int})
_VALUES = st.one_of(st.none(), st.text(), st.integers(), st.booleans(), st.text().map(_Text))


@given(st.lists(DIGESTS), st.lists(LIKE_DIGESTS, max_size=2))
@example(["0123456789ab0123456789ab"], [" 0" * 12])
@example([], ["0123456789AB0123456789ab"])
@example([], ["é" * 24])
@settings(max_examples=60)
def test_digests_are_packed_together_as_each_by_itself(digests: list[str], others: list[str]) -> None:
    """Whatever text lies among them; and each is found again."""
    texts = [*others, *digests]
    assert all_packed(texts) == list(map(packed, texts))
    assert list(map(unpacked, all_packed(texts))) == texts


@given(st.lists(st.builds(_Document, _VALUES, _VALUES), max_size=8))
@settings(max_examples=60)
def test_columns_hold_what_each_document_says(documents: list[_Document]) -> None:
    """In the same types: text and integers are plain in every column, whatever they were."""
    columns = field_columns(_COLLECTION, documents)
    each = [field_values(_COLLECTION, document) for document in documents]
    assert [list(column) for column in zip(*each, strict=True)] == (columns if documents else [])
    assert all(type(value) in {str, int, type(None)} for column in columns for value in column)


@pytest.mark.parametrize("value", [1.5, b"bytes", ["a", "list"]])
def test_what_no_query_could_compare_is_refused_among_others(value: object) -> None:
    """By its collection, field and type."""
    with pytest.raises(TypeError, match=r"documents\.count is (float|bytes|list)"):
        field_columns(_COLLECTION, [_Document("a", 1), _Document("b", value)])
