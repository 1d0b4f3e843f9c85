"""The words of a query."""

import re
from dataclasses import dataclass

from tools.arango_double import errors
from tools.arango_double.errors import ArangoError

_KEYWORDS = """AGGREGATE ALL AND ANY ASC COLLECT DESC DISTINCT FALSE FILTER FOR IN INSERT INTO LET LIKE LIMIT NONE NOT
NULL OPTIONS OR REMOVE REPLACE RETURN SORT TRUE UPDATE UPSERT WITH"""
KEYWORDS = frozenset(_KEYWORDS.split())

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<number>(?:0|[1-9][0-9]*)(?:\.(?!\.)[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<bind>@@?[A-Za-z0-9_]+)
    | (?P<quoted>`(?:[^`\\]|\\.)*`)
    | (?P<name>[A-Za-z_$][A-Za-z0-9_]*(?:::[A-Za-z0-9_]+)*)
    | (?P<sign>==|!=|<=|>=|=~|!~|&&|\|\||\.\.|[-+*/%<>=!?:,.()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word: `kind` is number, string, bind, name, keyword, sign or end; `text` has no quotes."""

    kind: str
    text: str
    at: int


def tokens(query: str) -> list[Token]:
    """Cut a query into words, ending with one of the kind `end`. Error 1501 for what is no word."""
    found: list[Token] = []
    at = 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise parse_error(query, at, f"unexpected {query[at]!r}")
        at = match.end()
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(_token(kind, match.group(), match.start()))
    return [*found, Token("end", "", at)]


def parse_error(query: str, at: int, what: str) -> ArangoError:
    """Say where a query is wrong."""
    line = query.count("\n", 0, at) + 1
    return ArangoError(errors.PARSE, f"AQL: syntax error, {what} near '{query[at : at + 30]}' at position {line}:{at}")


def _token(kind: str, text: str, at: int) -> Token:
    if kind == "name" and text.upper() in KEYWORDS:
        return Token("keyword", text.upper(), at)
    if kind in {"string", "quoted"}:
        return Token("name" if kind == "quoted" else "string", _ESCAPE.sub(_unescaped, text[1:-1]), at)
    return Token(kind, text, at)


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1)
    return chr(int(code[1:], 16)) if code.startswith("u") and len(code) > 1 else _CONTROL.get(code, code)
