"""How deep a JSON text is nested, without recursion."""

import re

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_ONE_KIND = bytes.maketrans(b"[]", b"{}")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def nested_deeper_than(limit: int, text: bytes) -> bool:
    """Whether well-formed JSON has more than `limit` arrays and objects inside each other."""
    if text.count(b"{") + text.count(b"[") <= limit:  # nearly always, and all that is paid for
        return False
    brackets = _STRING.sub(b"", text).translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(limit):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"")  # takes the innermost level away
    return bool(brackets)
