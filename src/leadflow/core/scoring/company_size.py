"""The size of a company, as forms write it, as a number of people."""

import re
from typing import Any

_NUMBER = re.compile(r"(\d{1,3}(?:[.,\u00a0 ]\d{3})+|\d+(?:[.,]\d+)?)\s*(k\b|nghìn|ngàn)?", re.IGNORECASE)
_BELOW = re.compile(r"(<|under\b|less than|below\b|up to\b|dưới\b|ít hơn)\s*$", re.IGNORECASE)
_LIMIT = 10_000_000
"""No employer is larger: a greater number is a mistake or a telephone number."""


def lower_bound(value: Any) -> int | None:
    """The lower bound of a number or a range: "51-200 employees" 51, "1,000+" 1000, "1.000" 1000, "under 10" 1.

    None for what is no size.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value <= _LIMIT else None
    if not isinstance(value, str):
        return None
    found = _NUMBER.search(value[:100])
    if found is None or value[: found.start()].rstrip().endswith("-"):
        return None
    if _BELOW.search(value[: found.start()]):
        return 1
    size = _people(found.group(1), thousands=found.group(2) is not None)
    return size if size <= _LIMIT else None


def _people(digits: str, *, thousands: bool) -> int:
    whole, separator, rest = re.sub(r"[\u00a0 ]", "", digits).replace(",", ".").partition(".")
    if separator and all(len(part) == len("000") for part in rest.split(".")) and not thousands:
        return int(whole + rest.replace(".", ""))
    if not thousands:
        return int(whole)
    return int(whole) * 1_000 + int((rest + "000")[:3] if rest else 0)
