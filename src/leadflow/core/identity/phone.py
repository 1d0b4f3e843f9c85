"""Phone numbers as E.164, with the mobile prefixes that Vietnam gave up in 2018."""

import re
import unicodedata

import phonenumbers

# Decision 798/QĐ-BTTTT: eleven-digit mobile numbers became ten-digit ones, from 15 September 2018 on.
_RENUMBERING = (
    "120:70 121:79 122:77 126:76 128:78 "  # MobiFone
    "123:83 124:84 125:85 127:81 129:82 "  # Vinaphone
    "162:32 163:33 164:34 165:35 166:36 167:37 168:38 169:39 "  # Viettel
    "186:56 188:58 199:59"  # Vietnamobile, Gmobile
)
_OLD_PREFIXES = dict(pair.split(":") for pair in _RENUMBERING.split())
_OLD_LENGTH = 10  # digits without the leading zero or the country code
_VIETNAM = "84"

_NO_DIGIT = re.compile(r"[^0-9]+")
_SHAPE = re.compile(r"[(\[]?\s*\+?[\d\s()\[\].\-/\u2010-\u2015\u2212\u00b7]+")
_EXTENSION = re.compile(r"\s*(?:;ext=|ext(?:ension)?\.?|x|#|máy lẻ|may le)\s*:?\s*\d{1,7}$")
_LONGEST_INPUT = 60


def _mobile_pattern() -> re.Pattern[str]:
    """The library's pattern of mobile numbers of Vietnam, without country code and leading zero."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("VN")
    pattern = metadata.mobile.national_number_pattern if metadata is not None and metadata.mobile is not None else None
    return re.compile(pattern or "(?!)")


_MOBILE = _mobile_pattern()


def phone_form(raw: str, region: str) -> str | None:
    """The E.164 form of a number that is valid; None for any other text. `region` (ISO 3166) is for national numbers.

    An extension is left out: E.164 has none.
    """
    number = _digits(raw) if len(raw) <= _LONGEST_INPUT else None
    if number is None:
        return None
    today = _renumbered(number, region)
    return _mobile_form(today, region) or _library_form(today, region)


def _mobile_form(number: str, region: str) -> str | None:
    """What the library says of Vietnamese mobile numbers, by its own pattern: most numbers, at a tenth of the price."""
    if number.startswith("+" + _VIETNAM):
        national = number[1 + len(_VIETNAM) :]
    elif region == "VN" and number.startswith("0"):
        national = number[1:]
    else:
        return None
    return f"+{_VIETNAM}{national}" if _MOBILE.fullmatch(national) else None


def _library_form(number: str, region: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed) or not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _digits(raw: str) -> str | None:
    """ASCII digits, with a `+` in front when an international prefix was given; None when it is no number at all."""
    visible = raw if raw.isascii() else _visible(raw)
    text = _EXTENSION.sub("", visible.strip().lower().removeprefix("tel:")).strip()
    if not _SHAPE.fullmatch(text):
        return None
    digits = _NO_DIGIT.sub("", text) if text.isascii() else _decimal(text)
    if not digits:
        return None
    if text.lstrip("([ ").startswith("+"):  # (+84) 912 345 678
        return "+" + digits.removeprefix("00")
    return "+" + digits[2:] if digits.startswith("00") else digits


def _visible(raw: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", raw) if unicodedata.category(char) != "Cf")


def _decimal(text: str) -> str:
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def _renumbered(number: str, region: str) -> str:
    """The number as it is today: an old Vietnamese mobile prefix becomes the new one."""
    if number.startswith("+"):
        national = number[1:].removeprefix(_VIETNAM).removeprefix("0") if number.startswith("+" + _VIETNAM) else ""
    elif region == "VN":
        national = number.removeprefix("0") if number.startswith("0") else number
        if len(national) == _OLD_LENGTH + len(_VIETNAM):
            national = national.removeprefix(_VIETNAM)
    else:
        return number
    new = _OLD_PREFIXES.get(national[:3])
    return f"+{_VIETNAM}{new}{national[3:]}" if new and len(national) == _OLD_LENGTH else number
