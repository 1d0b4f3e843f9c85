"""Values that many people send and that therefore identify nobody."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ANY = "*"  # a rule for identifiers of every type
LONGEST = 1_000  # characters; so that no pattern works on a whole event

_PLACEHOLDERS = (
    "null (null) <null> nil none undefined unknown unidentified nan n/a anonymous guest visitor true false -1 {} [] "
    "not_set (not_set)"
)
EXACT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        ANY: frozenset((*_PLACEHOLDERS.split(), "[object object]", "not set", "(not set)")),
        "email": frozenset(
            ("test@test.com", "a@a.com", "abc@abc.com", "asdf@asdf.com", "email@email.com", "example@example.com")
        ),
        "phone": frozenset(("1234567890", "0123456789", "123456789", "+1234567890")),
    }
)

_ROLES = (
    "abuse|account|accounts|accounting|admin|administrator|billing|booking|careers|contact|contactus|customerservice|"
    "donotreply|do-not-reply|do_not_reply|enquiries|enquiry|feedback|hello|help|helpdesk|hostmaster|hotline|hr|info|"
    "information|inquiry|jobs|lienhe|mailer-daemon|marketing|newsletter|no-reply|no_reply|noreply|office|"
    "postmaster|press|privacy|purchasing|recruitment|root|sales|security|service|support|team|tuyendung|webmaster"
)
PATTERNS: tuple[tuple[str, str], ...] = (
    (ANY, r"[0-]+"),  # zeros: 0, 000000, the nil UUID; dashes
    (ANY, r"f{8}-?(f{4}-?){3}f{12}"),  # the max UUID
    ("email", rf"({_ROLES})(\+[^@]*)?@.*"),
    ("email", r"(null|undefined|none|nan|unknown|anonymous)@.*"),
    ("phone", r"\+?(\d)\1+"),  # one digit all along
)


@dataclass(frozen=True, slots=True)
class BlockedValues:
    """Blocked values by identifier type (`*`: every type), compared without regard to case and outer spaces.

    `exact` are whole values, `patterns` regular expressions that a whole value matches.
    """

    exact: Mapping[str, frozenset[str]] = field(default_factory=lambda: EXACT)
    patterns: tuple[tuple[str, str], ...] = PATTERNS
    # What applies to identifiers of each type.
    _of: Mapping[str, tuple[frozenset[str], tuple[re.Pattern[str], ...]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        compiled = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in self.patterns]
        by_kind = {}
        for kind in {ANY, *self.exact, *(kind for kind, _ in compiled)}:
            whole = self.exact.get(ANY, frozenset()) | self.exact.get(kind, frozenset())
            by_kind[kind] = whole, tuple(pattern for of, pattern in compiled if of in {ANY, kind})
        object.__setattr__(self, "_of", by_kind)

    def with_more(self, values: Iterable[str]) -> "BlockedValues":
        """Block further values, each `value` or `/regular expression/`, for identifiers of every type."""
        given = tuple(value.strip() for value in values)
        written = tuple(value for value in given if len(value) > len("//") and value[0] == value[-1] == "/")
        plain = frozenset(value.lower() for value in given if value and value not in written)
        exact = {**self.exact, ANY: self.exact.get(ANY, frozenset()) | plain}
        return BlockedValues(exact, (*self.patterns, *((ANY, value[1:-1]) for value in written)))

    def has(self, kind: str, value: str) -> bool:
        """Whether an identifier of this type with this value identifies nobody."""
        if len(value) > LONGEST:
            return False
        whole, patterns = self._of.get(kind) or self._of[ANY]
        low = value.strip().lower()
        if low in whole:
            return True
        for pattern in patterns:  # noqa: SIM110 - a generator costs as much again
            if pattern.fullmatch(low):
                return True
        return False
