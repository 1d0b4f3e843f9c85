"""The tree of a query: expressions, and the statements that rows pass through."""

from dataclasses import dataclass

# --- expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, boolean or null."""

    value: object


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, or the name of a collection where a list is wanted."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Bind:
    """`@value`, or `@@collection` with its name beginning with @."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """`of.name` or `of[name]`."""

    of: "Expression"
    name: "Expression"


@dataclass(frozen=True, slots=True)
class Expansion:
    """`of[*].name…`: `each` is evaluated for every element, which is CURRENT."""

    of: "Expression"
    each: "Expression"


@dataclass(frozen=True, slots=True)
class Unary:
    """`-a`, `+a`, `NOT a`."""

    sign: str
    of: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """`a sign b`; the quantifier is ALL, ANY or NONE of an array on the left."""

    sign: str
    left: "Expression"
    right: "Expression"
    quantifier: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """`test ? yes : no`."""

    test: "Expression"
    yes: "Expression"
    no: "Expression"


@dataclass(frozen=True, slots=True)
class Array:
    """`[a, b]`."""

    items: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Object:
    """`{name: value, [computed]: value, shorthand}`."""

    pairs: "tuple[tuple[Expression, Expression], ...]"


@dataclass(frozen=True, slots=True)
class Call:
    """`NAME(a, b)`."""

    name: str
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Subquery:
    """`(FOR … RETURN …)`: the array of what it returns."""

    query: "Query"


Expression = (
    Literal | Variable | Bind | Attribute | Expansion | Unary | Binary | Choice | Array | Object | Call | Subquery
)

# --- statements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class For:
    """`FOR variable IN source`."""

    variable: str
    source: Expression


@dataclass(frozen=True, slots=True)
class Filter:
    """`FILTER test`."""

    test: Expression


@dataclass(frozen=True, slots=True)
class Sort:
    """`SORT by [ASC|DESC], …`: (expression, descending)."""

    by: tuple[tuple[Expression, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`LIMIT [offset,] count`."""

    offset: Expression
    count: Expression


@dataclass(frozen=True, slots=True)
class Let:
    """`LET variable = value`."""

    variable: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Collect:
    """`COLLECT a = x, … [AGGREGATE b = F(y), …] [INTO c | WITH COUNT INTO c]`."""

    groups: tuple[tuple[str, Expression], ...]
    aggregates: tuple[tuple[str, Call], ...] = ()
    into: str = ""
    counted: str = ""


@dataclass(frozen=True, slots=True)
class Modify:
    """INSERT, UPDATE, REPLACE or REMOVE, one a row; OLD and NEW are variables afterwards.

    `key`: the document to be changed, None for INSERT; `value`: what it is to hold, None for REMOVE.
    """

    kind: str
    collection: Expression
    key: Expression | None
    value: Expression | None
    options: Expression


@dataclass(frozen=True, slots=True)
class Return:
    """`RETURN [DISTINCT] value`."""

    value: Expression
    distinct: bool


Statement = For | Filter | Sort | Limit | Let | Collect | Modify | Return


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query, or the inside of a subquery."""

    statements: tuple[Statement, ...]
