"""Normal forms of identifiers: one person, one spelling; what many people send identifies nobody."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.core.identity import phone
from leadflow.core.identity.blocked import BlockedValues
from leadflow.core.identity.normal_forms import BLOCKED, Refused, normal_form
from leadflow.core.identity.rules import STANDARD_TYPES, IdentityRules, sort_key
from leadflow.core.touchpoint import Identifier

RULES = IdentityRules()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" Lan@Example.VN ", "lan@example.vn"),
        ("\ufefflan@example.vn\u200b", "lan@example.vn"),
        ("\uff4c\uff41\uff4e\uff20example.vn", "lan@example.vn"),  # full width
        ("Lan Nguyễn <Lan@example.vn>", "lan@example.vn"),
        ("mailto:lan@example.vn?subject=Hi", "lan@example.vn"),
        ("lan+news@example.vn", "lan+news@example.vn"),
        ("lan@Bücher.example", "lan@xn--bcher-kva.example"),
        ("lan@example.vn.", "lan@example.vn"),
        ("lan@sub.example.co.uk", "lan@sub.example.co.uk"),
        ("nguyễn@example.vn", "nguyễn@example.vn"),
        ("\u03aa\u0300@example.vn", "\u1fd2@example.vn"),  # lower case undoes NFKC
    ],
)
def test_an_email_has_one_form(raw: str, expected: str) -> None:
    """Trimmed, NFKC, lower case, the domain in ASCII; display names and mailto: fall away."""
    assert normal_form("email", raw, RULES) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "lan",
        "lan@",
        "@example.vn",
        "lan@localhost",
        "lan@@example.vn",
        "a@b@example.vn",
        "lan nguyen@example.vn",
        "lan@exa mple.vn",
        "lan@example..vn",
        ".lan@example.vn",
        "lan@127.0.0.1",
        "lan@[127.0.0.1]",
        "a@example.vn,b@example.vn",
        "lan\x00@example.vn",
        "l" * 65 + "@example.vn",
        "lan@" + "a" * 64 + ".vn",
        "lan@" + "abcdefg." * 32 + "vn",
        "lan@" + "a.\u0300" * 30 + "vn",
        "x" * 100_000 + "@example.vn",
    ],
)
def test_what_is_no_email_is_refused(raw: str) -> None:
    """The reason says what is wrong and never repeats the value."""
    assert normal_form("email", raw, RULES) == Refused("malformed: not an e-mail address")


def test_gmail_folding_is_a_setting() -> None:
    """Dots, +tags and googlemail.com mean nothing at Gmail, if the workspace says so; elsewhere they always do."""
    folding = IdentityRules(fold_gmail=True)
    assert normal_form("email", "La.N+x@googlemail.com", folding) == "lan@gmail.com"
    assert normal_form("email", "La.N+x@googlemail.com", RULES) == "la.n+x@googlemail.com"
    assert normal_form("email", "la.n+x@example.vn", folding) == "la.n+x@example.vn"
    assert normal_form("email", "+x@gmail.com", folding) == Refused("malformed: not an e-mail address")


@pytest.mark.parametrize(
    "raw",
    [
        "+84901234567",
        "0901234567",
        "0901 234 567",
        "(090) 123-4567",
        "090.123.4567",
        "84901234567",
        "0084901234567",
        "+84 (0)90 123 4567",
        "+84-0901234567",
        "901234567",
        901234567,
        901234567.0,
        84901234567,
        "tel:+84-90-123-4567",
        "٠٩٠١٢٣٤٥٦٧",  # Arabic-Indic digits
        "\uff10901234567",
        "0901234567 ext. 12",
        "\u202d+84 901 234 567\u202c",
    ],
)
def test_a_phone_has_one_form(raw: object) -> None:
    """E.164 whatever the punctuation, the script of the digits and the way to dial."""
    assert normal_form("phone", raw, RULES) == "+84901234567"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *[(f"0{old}", f"0{new}") for old, new in (("120", "70"), ("121", "79"), ("122", "77"), ("126", "76"))],
        *[(f"0{old}", f"0{new}") for old, new in (("128", "78"), ("123", "83"), ("124", "84"), ("125", "85"))],
        *[(f"0{old}", f"0{new}") for old, new in (("127", "81"), ("129", "82"), ("162", "32"), ("163", "33"))],
        *[(f"0{old}", f"0{new}") for old, new in (("164", "34"), ("165", "35"), ("166", "36"), ("167", "37"))],
        *[(f"0{old}", f"0{new}") for old, new in (("168", "38"), ("169", "39"), ("186", "56"), ("188", "58"))],
        ("0199", "059"),
    ],
)
@pytest.mark.parametrize("dial", ["0{}", "+84{}", "84{}", "0084{}", "+84 0{}"])
def test_old_vietnamese_prefixes_become_the_new_ones(old: str, new: str, dial: str) -> None:
    """An eleven-digit mobile number of before 2018 is its ten-digit number of today."""
    raw = dial.format(old[1:] + "2345678"[:7])
    assert normal_form("phone", raw, RULES) == f"+84{new[1:]}2345678"


@pytest.mark.parametrize(
    "raw",
    ["abc", "12", "090123456", "09012345678901", "+84 123", "call 0901234567", "+", "0" * 100_000, "+999123456789"],
)
def test_what_is_no_phone_is_refused(raw: str) -> None:
    """A number has to be valid in its country's plan."""
    assert isinstance(normal_form("phone", raw, RULES), Refused)


def test_the_default_region_is_a_setting() -> None:
    """A national number is read by the plan of the workspace's country; an international one always by its own."""
    american = IdentityRules(default_region="US")
    assert normal_form("phone", "(202) 555-0123", american) == "+12025550123"
    assert normal_form("phone", "0084 901 234 567", american) == "+84901234567"
    assert normal_form("phone", "+1 202 555 0123", RULES) == "+12025550123"


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        *[("user_id", raw) for raw in ("null", "Undefined", " NONE ", "NaN", "n/a", "anonymous", "guest", "unknown")],
        *[("user_id", raw) for raw in ("true", "[object Object]", "-1", -1, "0", 0, "000000", "(null)")],
        ("anonymous_id", "00000000-0000-0000-0000-000000000000"),
        ("device_id", "00000000-0000-0000-0000-000000000000"),
        ("device_id", "FFFFFFFF-ffff-ffff-ffff-ffffffffffff"),
        *[("email", f"{role}@example.vn") for role in ("info", "Sales", "no-reply", "noreply", "admin", "support")],
        ("email", "info+web@example.vn"),
        ("email", "Lan <Info@example.vn>"),
        ("email", "test@test.com"),
        ("email", "null@example.vn"),
        *[("phone", raw) for raw in ("0000000000", "1234567890", "0123456789", "1111111111", "+84999999999")],
    ],
)
def test_shared_values_identify_nobody(kind: str, raw: object) -> None:
    """Placeholders, zeros, role mailboxes and made-up numbers are blocked, whatever their case."""
    assert normal_form(kind, raw, RULES) == BLOCKED


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("user_id", "u1"), ("anonymous_id", "anon-1"), ("email", "lan@example.vn"), ("email", "infosys@example.vn")],
)
def test_ordinary_values_are_not_blocked(kind: str, raw: str) -> None:
    """Blocking compares whole values."""
    assert normal_form(kind, raw, RULES) == raw


def test_further_values_can_be_blocked() -> None:
    """Settings add exact values and regular expressions to the shipped ones."""
    rules = IdentityRules(blocked=BlockedValues().with_more(["Kiosk-7", "/demo-\\d+/", ""]))
    assert normal_form("user_id", "KIOSK-7", rules) == BLOCKED
    assert normal_form("anonymous_id", "demo-42", rules) == BLOCKED
    assert normal_form("anonymous_id", "demo-42x", rules) == "demo-42x"
    assert normal_form("user_id", "null", rules) == BLOCKED


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(" u1 ", "u1"), (42, "42"), (42.0, "42"), (4.5, "4.5"), ("Ư1", "Ư1"), (2**64, str(2**64))],
)
def test_a_user_id_is_trimmed_text(raw: object, expected: str) -> None:
    """Numbers become text; upper and lower case stay."""
    assert normal_form("user_id", raw, RULES) == expected


@pytest.mark.parametrize(
    "raw", [True, [1], {"a": 1}, math.nan, math.inf, "", "  ", "a\x07b", "x" * 257, "\ud800", 10**300]
)
def test_what_is_no_user_id_is_refused(raw: object) -> None:
    """Neither lists nor booleans nor endless or unprintable text identify anybody."""
    assert isinstance(normal_form("user_id", raw, RULES), Refused)


def test_an_anonymous_id_stays_as_sent() -> None:
    """A browser's own identifier is not for us to trim."""
    assert normal_form("anonymous_id", " A1 ", RULES) == " A1 "


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text("0123456789+-() @.ab", max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from([*STANDARD_TYPES, "loyalty_id"]), raw=JSON, fold=st.booleans())
def test_a_normal_form_is_final(kind: str, raw: object, *, fold: bool) -> None:
    """Any JSON gives a form or a reason, and the form of a form is itself."""
    rules = IdentityRules(fold_gmail=fold)
    form = normal_form(kind, raw, rules)
    if isinstance(form, str):
        assert normal_form(kind, form, rules) == form


@settings(max_examples=300, deadline=None)
@given(
    local=st.text(min_size=1, max_size=8), domain=st.sampled_from(["Example.VN", "bücher.example", "gmail.com", "ß.vn"])
)
def test_an_emails_form_is_final(local: str, domain: str) -> None:
    """Whatever script the local part is in, nothing changes the second time."""
    form = normal_form("email", f"{local}@{domain}", RULES)
    if isinstance(form, str):
        assert normal_form("email", form, RULES) == form


def test_custom_types_are_priority_one_with_one_each() -> None:
    """Configured identifiers are as strong as a user id, in whatever spelling they were configured."""
    rules = IdentityRules(custom_types=("loyaltyId", "email"))
    assert rules.custom_types == ("loyalty_id",)
    assert (rules.priorities["loyalty_id"], rules.limits["loyalty_id"]) == (1, 1)
    assert (rules.priorities["email"], rules.limits["email"], rules.limits["device_id"]) == (2, 5, 200)


def test_the_strongest_identifier_comes_first() -> None:
    """By priority, then a fixed order of types, then the value."""
    rules = IdentityRules(custom_types=("app_id",), priorities={"email": 1})
    kinds = ["user_id", "crm_id", "national_id", "app_id", "email", "phone", "anonymous_id", "device_id"]
    expected = [Identifier(kind, value) for kind in kinds for value in ("1", "2")]
    shuffled = expected[::-1]
    assert sorted(shuffled, key=lambda one: sort_key(one, rules)) == expected


@settings(max_examples=500, deadline=None)
@given(
    number=st.from_regex(r"(\+84|0|84|)[1-9][0-9]{5,10}", fullmatch=True),
    region=st.sampled_from(["VN", "US", "DE"]),
)
def test_mobile_numbers_are_what_the_library_says(number: str, region: str) -> None:
    """The short way for Vietnamese mobile numbers takes none that the library refuses, and gives its form."""
    short = phone._mobile_form(number, region)
    assert short is None or short == phone._library_form(number, region)
