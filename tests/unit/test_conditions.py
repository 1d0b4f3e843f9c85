"""The language of conditions: what parses, what it means, and that the back ends agree."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.arango_double.aql.parse import parse as parse_aql
from tools.arango_double.aql.run import Execution

from leadflow.core.conditions import (
    Condition,
    ConditionError,
    all_of,
    any_of,
    compare,
    compile_condition,
    equals,
    exists,
    fields_of,
    negate,
    one_of,
    parse,
    to_aql,
    to_sql,
)
from leadflow.core.conditions.condition import condition_of
from leadflow.core.conditions.nodes import Compare, FieldRef, StartsWith, Truth, Under


def holds(text: str, row: dict[str, Any]) -> bool:
    """Whether a row satisfies the condition in the text."""
    return compile_condition(parse(text))(row)


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("event == 'signed up'", {"event": "signed up"}, True),
        ("event == 'signed up'", {"event": "Signed Up"}, False),
        ("properties.duration_s >= 60", {"properties": {"duration_s": 61.5}}, True),
        ("properties.duration_s >= 60", {"properties": {"duration_s": "61"}}, False),
        ("10 <= size < 50", {"size": 10}, True),
        ("10 <= size < 50", {"size": 50}, False),
        ("a < b", {"a": 1, "b": 2}, True),
        ("a < b", {"a": 1, "b": "2"}, False),
        ("a == b", {}, False),
        ("grade in ['A', 'B']", {"grade": "B"}, True),
        ("grade not in ('A', 'B')", {}, True),
        ("grade != 'A'", {}, True),
        ("not grade == 'A'", {}, True),
        ("converted and not bounced", {"converted": True}, True),
        ("x == -1.5", {"x": -1.5}, True),
        ("x == True", {"x": 1}, True),
        ("True", {}, True),
        ("exists(x)", {"x": ""}, True),
        ("exists(x)", {"x": None}, False),
        ("x == None", {}, True),
        ("x != None", {}, False),
        ("x in ['a', None]", {}, True),
        ("x < 3", {"x": [1]}, False),
        ("x in ['a']", {"x": {"a": 1}}, False),
        ("starts_with(event, 'sign', 'log')", {"event": "login"}, True),
        ("starts_with(event, 'sign')", {"event": 3}, False),
        ("under(path, '/Blog/')", {"path": "/blog"}, True),
        ("under(path, '/blog')", {"path": "/blog/2026/x"}, True),
        ("under(path, '/blog')", {"path": "/blogger"}, False),
        ("under(path, '/')", {"path": "/anything"}, True),
        ("event == 'a'\n  or event == 'b'", {"event": "b"}, True),
    ],
)
def test_a_condition_means_what_it_says(text: str, row: dict[str, Any], *, expected: bool) -> None:
    """Comparisons, membership, calls and connectives; missing fields and unlike types are False, never an error."""
    assert holds(text, row) is expected


@pytest.mark.parametrize(
    "row",
    [
        {"trait.company.name": "Acme"},
        {"trait": {"company.name": "Acme"}},
        {"trait": {"company": {"name": "Acme"}}},
    ],
)
def test_a_dotted_name_is_found_whole_or_nested(row: dict[str, Any]) -> None:
    """`a.b.c` is looked up as one key first, then step by step."""
    assert holds("trait.company.name == 'Acme'", row)


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("giám đốc", "Phó Giám Đốc Kinh doanh", True),
        ("giám đốc", "PHO GIAM DOC", True),
        ("giam doc", "Giám đốc", True),
        ("chủ", "chú Lan", False),
        ("chủ", "chu shop", True),
        ("hoà", "Hòa", True),
        ("intern", "International sales", False),
        ("intern", "Intern, sales", True),
        ("c-level", "C Level", True),
        ("head", "head_of_sales", True),
        ("giám đốc", "giám sát, đốc công", False),
        ("CEO", "\uff23\uff25\uff2f", True),  # full-width letters
    ],
)
def test_contains_finds_whole_words(phrase: str, text: str, *, expected: bool) -> None:
    """Case never matters; accents matter only where both sides write them; a part of a word is no word."""
    assert holds(f"contains(title, {phrase!r})", {"title": text}) is expected


def test_contains_looks_into_lists_and_ignores_the_rest() -> None:
    """A list holds a phrase if one of its texts does; numbers and missing fields hold none."""
    test = compile_condition(parse("contains(tags, 'vip')"))
    assert test({"tags": ["new", "VIP customer"]})
    assert not test({"tags": 3})
    assert not test({})


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", "column 1"),
        ("a ==", "column"),
        ("a = 1", "column"),
        ("a == __import__('os')", "column 6"),
        ("open('x')", "column 1"),
        ("a.b()", "column 1"),
        ("a == (lambda: 1)", "column 7"),
        ("a + 1 == 2", "column 1"),
        ("a is None", "column 1"),
        ("1 == 2", "column 1"),
        ("'é' == x or b[0]", "column 13"),
        ("a in b", "column 6"),
        ("a == 1e999", "column 6"),
        ("a == 9223372036854775808", "column 6"),
        ("a == '\\ud800'", "column 6"),
        ("a < None", "column 5"),
        ("exists(a, 'b')", "column 1"),
        ("contains(a)", "column 1"),
        ("contains(a, '?!')", "column 13"),
        ("under(path, 'blog')", "column 13"),
        ("contains(a, b='x')", "column 1"),
        ("a == b'x'", "column 6"),
        ("a == '\\d'", "column"),
        ("not " * 40 + "a", "nested deeper"),
        ("(" * 300 + "a" + ")" * 300, "column"),
        ("a" * 5000, "characters"),
        ("a == '\x00'", "column"),
        ("a == '\ud800'", "column"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_column(text: str, column: str) -> None:
    """Nothing outside the language gets in; the error points at the place."""
    with pytest.raises(ConditionError, match=column):
        parse(text)


def test_fields_of_names_every_field() -> None:
    """A loader can check all the names that a condition reads."""
    assert fields_of(parse("a.b > c and (exists(d) or under(path, '/x')) and e in [1]")) == {
        "a.b",
        "c",
        "d",
        "path",
        "e",
    }


def test_conditions_are_equal_by_meaning_and_hashable() -> None:
    """Text and constructors give the same condition, which can be a key of a cache."""
    assert parse("a==1 and b != 'x'") == all_of(equals("a", 1), compare("b", "!=", "x"))
    assert len({parse("a  == 1"), equals("a", 1)}) == 1
    assert parse("a in [1, 2] or not exists(b)") == any_of(one_of("a", [1, 2]), negate(exists("b")))
    assert compile_condition(all_of())({}) is True
    assert compile_condition(any_of())({}) is False


def test_sql_binds_values_and_knows_its_columns() -> None:
    """No value of a condition stands in the text; an unknown field and a word search are refused."""
    text, values = to_sql(parse("stage == 'x\\'; drop' and total > 5"), {"stage": str, "total": int})
    assert text == '("stage" = ? AND "total" > ?)'
    assert values == ["x'; drop", 5]
    with pytest.raises(ConditionError, match="'email' cannot be queried: stage can"):
        to_sql(parse("email == 'a'"), {"stage": str})
    with pytest.raises(ConditionError, match="contains"):
        to_sql(parse("contains(stage, 'a')"), {"stage": str})


FIELDS: dict[str, type] = {"name": str, "other": str, "count": int, "size": int}
TEXTS = st.one_of(
    st.sampled_from(["", "a", "b", "/blog", "/blog/x", "/blogger", "\U0010ffff", "\ud7ff", "0", "1", "a\x00b", "É"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
)
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([2**63 - 1, -(2**63), 0.5, 1e300, True, False]))
NAMES = st.sampled_from(sorted(FIELDS))
TEXT_NAMES, NUMBER_NAMES = st.sampled_from(["name", "other"]), st.sampled_from(["count", "size"])
ORDERS = st.sampled_from(["==", "<", "<=", ">", ">="])
COMPARISONS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(compare, NUMBER_NAMES, ORDERS, st.integers(-1, 1)),  # often equal to a row's value
    st.builds(compare, TEXT_NAMES, ORDERS, st.sampled_from(["", "a", "1"])),
    st.builds(compare, NAMES, st.one_of(ORDERS, st.just("!=")), TEXTS | NUMBERS),
    st.builds(lambda name, op, other: condition_of(Compare(name, op, FieldRef(other))), NAMES, ORDERS, NAMES),
)
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    COMPARISONS,
    COMPARISONS.map(negate),
    st.builds(one_of, NAMES, st.lists(TEXTS | NUMBERS | st.none(), max_size=3)),
    st.builds(exists, NAMES),
    st.builds(equals, NAMES, st.none()),
    st.builds(lambda name: condition_of(Truth(name)), NAMES),
    st.builds(
        lambda name, texts: condition_of(StartsWith(name, tuple(texts))),
        NAMES,
        st.lists(TEXTS.filter(bool), min_size=1, max_size=2),
    ),
    st.builds(
        lambda name, paths: condition_of(Under(name, tuple(paths))),
        NAMES,
        st.lists(st.sampled_from(["/", "/blog", "/blog/x", "/\U0010ffff"]), min_size=1, max_size=2),
    ),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(negate, inner),
        st.lists(inner, max_size=3).map(lambda parts: all_of(*parts)),
        st.lists(inner, max_size=3).map(lambda parts: any_of(*parts)),
    ),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(
    {
        "name": st.none() | TEXTS,
        "other": st.none() | TEXTS,
        "count": st.none() | st.integers(-1, 1) | st.sampled_from([2**63 - 1, -(2**63)]),
        "size": st.none() | st.integers(-1, 1),
    }
)


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    """A table with one column for each field."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE rows (name TEXT, other TEXT, count INTEGER, size INTEGER)")
    yield connection
    connection.close()


@settings(max_examples=400, deadline=None)
@given(condition=CONDITIONS, rows=st.lists(ROWS, min_size=1, max_size=8))
def test_closure_and_sql_agree(database: sqlite3.Connection, condition: Condition, rows: list[dict[str, Any]]) -> None:
    """A query finds exactly the rows of which the function is true, whatever is missing or of another type."""
    database.execute("DELETE FROM rows")
    database.executemany("INSERT INTO rows VALUES (:name, :other, :count, :size)", rows)
    where, values = to_sql(condition, FIELDS)
    found = [number for (number,) in database.execute(f"SELECT rowid FROM rows WHERE {where}", values)]  # noqa: S608  # the clause under test
    first = database.execute("SELECT min(rowid) FROM rows").fetchone()[0]
    test = compile_condition(condition)
    assert found == [first + place for place, row in enumerate(rows) if test(row)]


class Rows:
    """Rows as the documents of a collection."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = [{"_key": str(number), "q": _stored(row)} for number, row in enumerate(rows)]

    def scan(self, collection: str) -> list[dict[str, Any]]:
        """All of them."""
        assert collection == "rows"
        return self._rows


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.encode().hex() if isinstance(value, str) else value for name, value in row.items()}


@settings(max_examples=400, deadline=None)
@given(condition=CONDITIONS, rows=st.lists(ROWS, min_size=1, max_size=8))
def test_closure_and_aql_agree(condition: Condition, rows: list[dict[str, Any]]) -> None:
    """ArangoDB's query, as an interpreter reads its text, finds exactly the rows of which the function is true."""
    where, values = to_aql(condition, FIELDS, place="d.q", text=lambda text: text.encode().hex())
    query = parse_aql(f"FOR d IN rows FILTER {where} RETURN TO_NUMBER(d._key)")
    found = Execution(Rows(rows), values).run(query)
    test = compile_condition(condition)
    assert found == [number for number, row in enumerate(rows) if test(row)]


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_the_text_of_a_condition_says_the_same(condition: Condition) -> None:
    """A condition made in code can be printed and read back."""
    assert parse(condition.text) == condition


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "a", "b", "a.b"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(condition=CONDITIONS, row=st.dictionaries(st.sampled_from([*FIELDS, "a", "a.b"]), ANY_JSON))
def test_a_closure_never_raises(condition: Condition, row: dict[str, Any]) -> None:
    """Whatever JSON a row holds, the answer is True or False."""
    assert compile_condition(condition)(row) in {True, False}
    assert compile_condition(parse("a.b.c > 1 or contains(a.b, 'x') or a"))(row) in {True, False}


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab.'()[]<>=!,1 -\\notandcorx_"), max_size=30))
def test_reading_fails_in_one_way_only(text: str) -> None:
    """Any text is a condition or a ConditionError."""
    with suppress(ConditionError):
        assert parse(text).text == text.strip()
