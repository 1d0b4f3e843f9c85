"""What a touchpoint says about a person and their company, in one spelling."""

from typing import Any

import msgspec

from leadflow.core.names import snake_case
from leadflow.core.reading.event import Event, Json, object_of, text_of
from leadflow.core.reading.marketing import host_of

MAX_TRAITS = 200
MAX_VALUE_BYTES = 8 * 1024
_SURELY_SHORT = MAX_VALUE_BYTES // len(r"\u0000") - 1  # characters, were each of them escaped

_SYNONYMS = {
    "job_title": "title",
    "jobtitle": "title",
    "position": "title",
    "full_name": "name",
    "firstname": "first_name",
    "given_name": "first_name",
    "lastname": "last_name",
    "family_name": "last_name",
    "employees": "company_size",
    "employee_count": "company_size",
    "company_name": "company",
}
_COMPANY_SYNONYMS = {
    "employees": "size",
    "employee_count": "size",
    "company_size": "size",
    "website": "domain",
    "url": "domain",
    "company_name": "name",
}
_ADDRESS_PARTS = ("country", "city", "state", "postal_code")
_STATED_ELSEWHERE = frozenset(("consent",))  # consent has rules of its own

_encode = msgspec.json.Encoder().encode


def read_traits(event: Event, kind: str) -> dict[str, Any]:
    """Traits by their names in snake_case; the call's own win over those of its context.

    A company's traits are `company.name`, `company.size`, `company.industry`, `company.domain` and so on, and its name
    is the trait `company`, whether they came from a group call or from a person's trait `company`. `need` comes from
    the properties `need` or `message`. Values are text, numbers, booleans or short JSON; null says nothing.
    """
    if not event.context_traits and not event.traits:  # the great majority
        return _need(event)
    traits = _spelled(event.context_traits, _SYNONYMS)
    own = _spelled(event.traits, _SYNONYMS if kind != "group" else _COMPANY_SYNONYMS)
    if kind == "group":
        own = {"company": own}
    traits |= own
    if "address" in traits:
        address = _spelled(object_of(traits["address"]), {})
        for part in _ADDRESS_PARTS:
            if (value := address.get(part)) is not None:
                traits.setdefault(part, value)
    if "company" in traits:
        traits |= _company(traits.pop("company"))
    traits |= _need(event)
    usable = (item for item in traits.items() if item[0] not in _STATED_ELSEWHERE and _is_short(item[1]))
    return dict(list(usable)[:MAX_TRAITS])


def _need(event: Event) -> dict[str, Any]:
    need = text_of(event.properties.get("need")) or text_of(event.properties.get("message"))
    return {"need": need} if need and _is_short(need) else {}


def _spelled(fields: Json, synonyms: dict[str, str]) -> dict[str, Any]:
    """Known names for all; where two spellings meet, the one that is exact wins."""
    spelled: dict[str, Any] = {}
    for name, value in fields.items():
        normal = snake_case(name)
        known = synonyms.get(normal, normal)
        if not known or value is None or (known != name and fields.get(known) is not None):
            continue
        spelled[known] = value
    return spelled


def _company(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        name = text_of(value)
        return {"company": name, "company.name": name} if name else {}
    fields = {f"company.{name}": part for name, part in _spelled(value, _COMPANY_SYNONYMS).items()}
    if (domain := host_of(fields.get("company.domain"))) is not None:
        fields["company.domain"] = domain
    if name := text_of(fields.get("company.name")):
        return {"company": name, **fields}
    return fields


def _is_short(value: Any) -> bool:
    if isinstance(value, str) and len(value) <= _SURELY_SHORT:
        return True
    try:
        return len(_encode(value)) <= MAX_VALUE_BYTES
    except RecursionError:  # read just within the limit of depth
        return False
