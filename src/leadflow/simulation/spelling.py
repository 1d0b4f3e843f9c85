"""The same e-mail address and phone number, as people type them into forms."""

import unicodedata
from random import Random

_UNDECOMPOSED = str.maketrans({"đ": "d", "Đ": "D"})


def plain(text: str) -> str:
    """Lower-case ASCII letters: `Nguyễn Đức` becomes `nguyen duc`."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()


def typed_email(rng: Random, email: str) -> str:
    """An address as typed: now and then in capitals or with spaces around it."""
    local, _, domain = email.partition("@")
    capital = ".".join(part.capitalize() for part in local.split("."))
    return rng.choice((email, email, email, f"{capital}@{domain}", f" {email} ", f"{local}@{domain.upper()}"))


def typed_phone(rng: Random, digits: str) -> str:
    """Nine digits of a Vietnamese number as typed: national or international, with dots, spaces or brackets."""
    a, b, c = digits[:3], digits[3:6], digits[6:]
    return rng.choice(
        (
            f"0{digits}",
            f"0{a} {b} {c}",
            f"0{a}.{b}.{c}",
            f"+84{digits}",
            f"+84 {a} {b} {c}",
            f"(0{a}) {b}-{c}",
            f"0084 {a} {b} {c}",
        )
    )
