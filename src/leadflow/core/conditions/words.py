"""Whole words of a text, compared without regard to case and to accents that one side leaves out."""

import re
import unicodedata
from functools import lru_cache

Word = tuple[str, str]
"""(base letters, accents in a fixed order): `hoà` and `hòa` are one word, `chủ` and `chú` are two."""

_WORD = re.compile(r"[^\W_][^\W_\u0300-\u036f]*(?:[\u0300-\u036f]+[^\W_]*)*")


_SHORT = 256  # characters; only short texts, such as titles, come again often enough to be remembered


def words_of(text: str) -> tuple[Word, ...]:
    """Split into words after NFKC and case folding; punctuation and `_` separate."""
    return _remembered(text) if len(text) <= _SHORT else _split(text)


def _split(text: str) -> tuple[Word, ...]:
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return tuple(_word(match.group()) for match in _WORD.finditer(folded))


_remembered = lru_cache(maxsize=4096)(_split)


def holds_phrase(text: tuple[Word, ...], phrase: tuple[Word, ...]) -> bool:
    """Whether the phrase's words stand in the text, one after another."""
    width = len(phrase)
    return any(all(map(_same, text[start : start + width], phrase)) for start in range(len(text) - width + 1) if width)


def _word(token: str) -> Word:
    base = "".join(char for char in token if not unicodedata.combining(char))
    accents = "".join(sorted(char for char in token if unicodedata.combining(char)))
    # Unicode does not decompose the barred d of Vietnamese.
    return base.replace("đ", "d"), accents + "đ" * base.count("đ")


def _same(left: Word, right: Word) -> bool:
    """Equal, or equal but for accents that one of the two does not write at all."""
    return left[0] == right[0] and (left[1] == right[1] or not left[1] or not right[1])
