"""The settings of identity: which identifiers there are, how strong they are, and how many a profile may have."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadflow.core.identity.blocked import BlockedValues
from leadflow.core.names import snake_case
from leadflow.core.touchpoint import Identifier

STANDARD_TYPES = ("user_id", "crm_id", "national_id", "email", "phone", "anonymous_id", "device_id")
CUSTOM_PRIORITY, CUSTOM_LIMIT = 1, 1

_CUSTOM_PLACE = 2.5  # behind the three standard types that are as strong
_PLACES = {kind: float(place) for place, kind in enumerate(STANDARD_TYPES)}
_PRIORITIES = {
    "user_id": 1,
    "crm_id": 1,
    "national_id": 1,
    "email": 2,
    "phone": 3,
    "anonymous_id": 4,
    "device_id": 4,
}
_LIMITS = {
    "user_id": 1,
    "crm_id": 1,
    "national_id": 1,
    "email": 5,
    "phone": 5,
    "anonymous_id": 200,
    "device_id": 200,
}


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """`custom_types` are further identifiers in traits, in any spelling; they are kept in snake_case.

    `priorities` (1 is the strongest) and `limits` (per profile) hold every type, custom ones included.
    """

    default_region: str = "VN"  # of phone numbers without a country code
    fold_gmail: bool = False  # dots and +tags of Gmail addresses mean nothing
    custom_types: tuple[str, ...] = ()
    priorities: Mapping[str, int] = field(default_factory=lambda: _PRIORITIES, hash=False)
    limits: Mapping[str, int] = field(default_factory=lambda: _LIMITS, hash=False)
    blocked: BlockedValues = field(default_factory=BlockedValues, hash=False)
    in_traits: frozenset[str] = field(init=False, hash=False, compare=False)  # identifiers that traits hold, snake_case

    def __post_init__(self) -> None:
        named = (snake_case(name) for name in self.custom_types)
        custom = tuple(sorted({name for name in named if name and name not in STANDARD_TYPES}))
        object.__setattr__(self, "custom_types", custom)
        priorities = dict.fromkeys(custom, CUSTOM_PRIORITY)
        object.__setattr__(self, "priorities", {**_PRIORITIES, **priorities, **self.priorities})
        object.__setattr__(self, "limits", {**_LIMITS, **dict.fromkeys(custom, CUSTOM_LIMIT), **self.limits})
        object.__setattr__(self, "in_traits", frozenset(("email", "phone", "crm_id", "national_id", *custom)))


def sort_key(identifier: Identifier, rules: IdentityRules) -> tuple[int, float, str, str]:
    """Strongest first: by priority, then by type, then by value, so that everybody sorts alike."""
    kind = identifier.type
    return rules.priorities.get(kind, CUSTOM_PRIORITY), _PLACES.get(kind, _CUSTOM_PLACE), kind, identifier.value
