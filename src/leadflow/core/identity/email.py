"""E-mail addresses in one form: trimmed, NFKC, lower case, the domain in ASCII (IDNA 2008, UTS 46)."""

import re
import unicodedata

import idna

MAX_ADDRESS, MAX_LOCAL = 254, 64  # RFC 5321 section 4.5.3.1

_NAMED = re.compile(r"[^<>]*<([^<>]*)>")  # Lan Nguyen <lan@example.vn>
_LOCAL = re.compile(r'[^\s.@<>()\[\],;:\\"]+(?:\.[^\s.@<>()\[\],;:\\"]+)*')
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")
_GMAIL = frozenset(("gmail.com", "googlemail.com"))
_LONGEST_INPUT = 1_000  # nobody's name in front of an address is longer


def email_form(raw: str, *, fold_gmail: bool = False) -> str | None:
    """The normal form of an address; None for what is none. `Name <address>` and `mailto:address` are read, too."""
    if len(raw) > _LONGEST_INPUT:
        return None
    text = _tidy(raw)
    if named := _NAMED.fullmatch(text):
        text = named.group(1).strip()
    text = text.removeprefix("mailto:").partition("?")[0] if text.startswith("mailto:") else text
    local, at, domain = text.partition("@")
    ascii_domain = _domain_form(domain)
    if not at or ascii_domain is None or not _LOCAL.fullmatch(local) or not local.isprintable():
        return None
    if fold_gmail and ascii_domain in _GMAIL:
        local, ascii_domain = local.partition("+")[0].replace(".", ""), "gmail.com"
    address = f"{local}@{ascii_domain}"
    return address if 0 < len(local) <= MAX_LOCAL and len(address) <= MAX_ADDRESS else None


def _tidy(raw: str) -> str:
    """NFKC and lower case, without what cannot be seen at either end."""
    text = unicodedata.normalize("NFKC", raw).lower()
    text = unicodedata.normalize("NFKC", text).lower()  # lower case can undo NFKC; the second time settles it
    return text.strip().strip("\u200b\u200c\u200d\u2060\ufeff").strip()


def _domain_form(domain: str) -> str | None:
    domain = domain.removesuffix(".")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode().lower()
        except UnicodeError:  # idna.IDNAError is one
            return None
    return domain if _DOMAIN.fullmatch(domain) else None
