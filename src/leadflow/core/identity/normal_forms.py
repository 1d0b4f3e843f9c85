"""One form for each identifier, so that the same person is found however their e-mail or phone was typed."""

import math
import unicodedata
from dataclasses import dataclass

from leadflow.core.identity.email import email_form
from leadflow.core.identity.phone import phone_form
from leadflow.core.identity.rules import IdentityRules

MAX_LENGTH = 256

_AS_SENT = frozenset(("anonymous_id", "device_id"))
_MOST_DIGITS = 10**MAX_LENGTH


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a value is no identifier. The reason never holds the value: it is shown to people and counted."""

    reason: str


BLOCKED = Refused("blocked: many people share this value")
_NO_TEXT = Refused("malformed: neither text nor a number")
_EMPTY = Refused("malformed: empty")
_TOO_LONG = Refused(f"malformed: longer than {MAX_LENGTH} characters")
_CONTROL = Refused("malformed: holds a control character")
_NO_EMAIL = Refused("malformed: not an e-mail address")
_NO_PHONE = Refused("malformed: not a valid phone number")


def normal_form(kind: str, raw: object, rules: IdentityRules) -> str | Refused:
    """The normal form of an identifier's value as JSON gave it, or why it identifies nobody. Never raises."""
    text = _text(raw)
    if text is None:
        return _NO_TEXT
    if not text.strip():
        return _EMPTY
    if rules.blocked.has(kind, text):
        return BLOCKED
    form = _form(kind, text, rules)
    return BLOCKED if isinstance(form, str) and form != text and rules.blocked.has(kind, form) else form


def _form(kind: str, text: str, rules: IdentityRules) -> str | Refused:
    if kind == "email":
        return email_form(text, fold_gmail=rules.fold_gmail) or _NO_EMAIL
    if kind == "phone":
        form = phone_form(text.strip(), rules.default_region)
        if form is None:
            return _NO_PHONE
        return BLOCKED if len(set(_national(form))) == 1 else form
    value = text if kind in _AS_SENT else text.strip()
    if len(value) > MAX_LENGTH:
        return _TOO_LONG
    return value if value.isprintable() or not _has_control(value) else _CONTROL


def _has_control(value: str) -> bool:
    return any(unicodedata.category(char) in {"Cc", "Cs"} for char in value)


def _text(raw: object) -> str | None:
    """Text as it is, numbers in decimal; None for true, false, NaN, lists and objects."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    if isinstance(raw, float):
        if not math.isfinite(raw):
            return None
        return str(int(raw)) if raw.is_integer() else repr(raw)
    return str(raw) if abs(raw) < _MOST_DIGITS else None


def _national(e164: str) -> str:
    """The digits behind the country code of Vietnam, all digits of another number."""
    return e164.removeprefix("+84").removeprefix("+")
