"""From a query's text to its tree: statements by hand, expressions by binding power."""

from collections.abc import Callable, Sequence

from tools.arango_double.aql import nodes
from tools.arango_double.aql.nodes import Expression
from tools.arango_double.aql.tokens import Token, parse_error, tokens
from tools.arango_double.errors import ArangoError

# how tightly a sign binds; the higher the tighter
_POWER = {
    "?": 1,
    "||": 2,
    "OR": 2,
    "&&": 3,
    "AND": 3,
    "==": 4,
    "!=": 4,
    "IN": 5,
    "NOT": 5,
    "LIKE": 5,
    "<": 6,
    "<=": 6,
    ">": 6,
    ">=": 6,
    "ALL": 6,
    "ANY": 6,
    "NONE": 6,
    "..": 7,
    "+": 8,
    "-": 8,
    "*": 9,
    "/": 9,
    "%": 9,
}
_UNARY_POWER = 10
_SAME = {"OR": "||", "AND": "&&"}
_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">=", "IN", "NOT"))
_CHANGES = frozenset(("INSERT", "UPDATE", "REPLACE", "REMOVE"))


def parse(query: str) -> nodes.Query:
    """The tree of a whole query. Error 1501 names what was not expected, and where."""
    parser = _Parser(query)
    tree = parser.query()
    parser.expect("end")
    return tree


class _Parser:
    """Reads words from the front."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: Sequence[Token] = tokens(text)
        self._next = 0

    # --- words

    @property
    def word(self) -> Token:
        return self._tokens[self._next]

    def take(self) -> Token:
        token = self.word
        self._next += 1
        return token

    def is_at(self, *texts: str) -> bool:
        return self.word.kind in {"keyword", "sign"} and self.word.text in texts

    def accept(self, *texts: str) -> bool:
        found = self.is_at(*texts)
        if found:
            self._next += 1
        return found

    def expect(self, what: str) -> Token:
        token = self.take()
        fits = (
            token.kind == what if what in {"name", "end"} else token.kind in {"keyword", "sign"} and token.text == what
        )
        if not fits:
            raise self.wrong(token, f"expected {what}, found {token.text or 'the end'}")
        return token

    def wrong(self, token: Token, what: str) -> ArangoError:
        return parse_error(self._text, token.at, what)

    # --- statements

    def query(self) -> nodes.Query:
        statements: list[nodes.Statement] = []
        while not self.is_at(")") and self.word.kind != "end":
            statements.append(self.statement())
            if isinstance(statements[-1], nodes.Return):
                break
        if not statements or not isinstance(statements[-1], nodes.Return | nodes.Modify):
            raise self.wrong(self.word, "a query ends with RETURN or a modification")
        return nodes.Query(tuple(statements))

    def statement(self) -> nodes.Statement:
        token = self.take()
        if token.kind != "keyword":
            raise self.wrong(token, f"unexpected {token.text!r}")
        if token.text in _CHANGES:
            return self.modify(token.text)
        readers: dict[str, Callable[[], nodes.Statement]] = {
            "FOR": self.for_,
            "FILTER": lambda: nodes.Filter(self.expression()),
            "SORT": self.sort,
            "LIMIT": self.limit,
            "LET": self.let,
            "COLLECT": self.collect,
            "RETURN": self.return_,
        }
        reader = readers.get(token.text)
        if reader is None:
            raise self.wrong(token, f"unexpected {token.text}")
        return reader()

    def for_(self) -> nodes.For:
        variable = self.expect("name").text
        self.expect("IN")
        statement = nodes.For(variable, self.expression())
        self.options()
        return statement

    def sort(self) -> nodes.Sort:
        by = [self._direction()]
        while self.accept(","):
            by.append(self._direction())
        return nodes.Sort(tuple(by))

    def _direction(self) -> tuple[Expression, bool]:
        expression = self.expression()
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        return expression, descending

    def limit(self) -> nodes.Limit:
        first = self.expression()
        if self.accept(","):
            return nodes.Limit(first, self.expression())
        return nodes.Limit(nodes.Literal(0), first)

    def let(self) -> nodes.Let:
        variable = self.expect("name").text
        self.expect("=")
        return nodes.Let(variable, self.expression())

    def return_(self) -> nodes.Return:
        distinct = self.accept("DISTINCT")
        return nodes.Return(self.expression(), distinct)

    def collect(self) -> nodes.Collect:
        groups = self._assignments() if self.word.kind == "name" else []
        aggregates: list[tuple[str, nodes.Call]] = []
        if self.accept("AGGREGATE"):
            start = self.word
            for name, value in self._assignments():
                if not isinstance(value, nodes.Call):
                    raise self.wrong(start, "AGGREGATE takes calls of aggregate functions")
                aggregates.append((name, value))
        into = counted = ""
        if self.accept("INTO"):
            into = self.expect("name").text
        elif self.accept("WITH"):
            token = self.expect("name")
            if token.text.upper() != "COUNT":
                raise self.wrong(token, "expected COUNT")
            self.expect("INTO")
            counted = self.expect("name").text
        self.options()
        return nodes.Collect(tuple(groups), tuple(aggregates), into, counted)

    def _assignments(self) -> list[tuple[str, Expression]]:
        found = []
        while True:
            name = self.expect("name").text
            self.expect("=")
            found.append((name, self.expression()))
            if not self.accept(","):
                return found

    def modify(self, kind: str) -> nodes.Modify:
        first = self.expression(above=_POWER["IN"])  # the IN that follows names the collection
        value = self.expression(above=_POWER["IN"]) if kind in {"UPDATE", "REPLACE"} and self.accept("WITH") else None
        if not self.accept("IN"):
            self.expect("INTO")
        collection = self.primary()
        options = self.options()
        if kind == "INSERT":
            return nodes.Modify(kind, collection, None, first, options)
        return nodes.Modify(kind, collection, first, None if kind == "REMOVE" else value or first, options)

    def options(self) -> Expression:
        return self.expression() if self.accept("OPTIONS") else nodes.Object(())

    # --- expressions

    def expression(self, above: int = 0) -> Expression:
        left = self.unary()
        while self.word.kind in {"sign", "keyword"} and _POWER.get(self.word.text, 0) > above:
            left = self._infix(left)
        return left

    def _infix(self, left: Expression) -> Expression:
        token = self.take()
        sign, power, quantifier = token.text, _POWER[token.text], ""
        if sign == "?":
            yes = self.expression()
            self.expect(":")
            return nodes.Choice(left, yes, self.expression())
        if sign in {"ALL", "ANY", "NONE"}:
            quantifier, token = sign, self.take()
            sign = token.text
            if sign not in _COMPARISONS:
                raise self.wrong(token, f"{quantifier} needs a comparison")
        if sign == "NOT":
            if not self.accept("IN", "LIKE"):
                raise self.wrong(self.word, "expected IN or LIKE after NOT")
            sign = f"NOT {self._tokens[self._next - 1].text}"
        return nodes.Binary(_SAME.get(sign, sign), left, self.expression(power), quantifier)

    def unary(self) -> Expression:
        if self.is_at("-", "+", "!", "NOT"):
            sign = self.take().text
            return nodes.Unary("!" if sign == "NOT" else sign, self.expression(_UNARY_POWER))
        return self.postfix(self.primary())

    def postfix(self, of: Expression) -> Expression:
        while True:
            if self.accept("."):
                token = self.take()
                if token.kind not in {"name", "keyword", "bind"}:
                    raise self.wrong(token, "expected the name of an attribute")
                text = self._text[token.at : token.at + len(token.text)] if token.kind == "keyword" else token.text
                of = nodes.Attribute(of, nodes.Bind(text[1:]) if token.kind == "bind" else nodes.Literal(text))
            elif self.accept("["):
                if self.accept("*"):
                    self.expect("]")
                    return nodes.Expansion(of, self.postfix(nodes.Variable("CURRENT", self.word.at)))
                of = nodes.Attribute(of, self.expression())
                self.expect("]")
            else:
                return of

    def primary(self) -> Expression:  # noqa: PLR0911 - one arm for each kind
        token = self.take()
        if token.kind == "number":
            return nodes.Literal(float(token.text) if set(token.text) & set(".eE") else int(token.text))
        if token.kind == "string":
            return nodes.Literal(token.text)
        if token.kind == "bind":
            return nodes.Bind(token.text[1:])
        if token.kind == "keyword" and token.text in _CONSTANTS:
            return nodes.Literal(_CONSTANTS[token.text])
        if token.kind == "name":
            return self._call(token) if self.is_at("(") else nodes.Variable(token.text, token.at)
        if token.kind == "keyword" and token.text == "LIKE" and self.is_at("("):
            return self._call(token)
        return self._bracketed(token)

    def _bracketed(self, token: Token) -> Expression:
        match token.text if token.kind == "sign" else "":
            case "(":
                if self.is_at("FOR", "LET", "RETURN", "COLLECT", *_CHANGES):
                    inner: Expression = nodes.Subquery(self.query())
                else:
                    inner = self.expression()
                self.expect(")")
                return inner
            case "[":
                return nodes.Array(tuple(self._list("]")))
            case "{":
                return self._object()
            case _:
                raise self.wrong(token, f"unexpected {token.text or 'end of the query'}")

    def _call(self, name: Token) -> nodes.Call:
        self.expect("(")
        return nodes.Call(name.text.upper(), tuple(self._list(")")))

    def _list(self, end: str) -> list[Expression]:
        items: list[Expression] = []
        while not self.accept(end):
            if items:
                self.expect(",")
                if self.accept(end):  # a comma may stand at the end
                    break
            items.append(self.expression())
        return items

    def _object(self) -> nodes.Object:
        pairs: list[tuple[Expression, Expression]] = []
        while not self.accept("}"):
            if pairs:
                self.expect(",")
                if self.accept("}"):
                    break
            pairs.append(self._pair())
        return nodes.Object(tuple(pairs))

    def _pair(self) -> tuple[Expression, Expression]:
        token = self.take()
        if token.kind == "sign" and token.text == "[":
            name: Expression = self.expression()
            self.expect("]")
        elif token.kind == "bind":
            name = nodes.Bind(token.text[1:])
        elif token.kind in {"name", "string", "keyword"}:
            text = self._text[token.at : token.at + len(token.text)] if token.kind == "keyword" else token.text
            name = nodes.Literal(text)
            if token.kind == "name" and not self.is_at(":"):
                return name, nodes.Variable(token.text, token.at)
        else:
            raise self.wrong(token, "expected the name of an attribute")
        self.expect(":")
        return name, self.expression()
