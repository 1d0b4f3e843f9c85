"""Fit and completeness: what is known of the lead, without decay and without regard to time."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from leadflow.core.conditions.words import Word, holds_phrase, words_of
from leadflow.core.scoring.engagement import clamped
from leadflow.core.scoring.model import Grade, Model
from leadflow.core.scoring.score import CLAMP, COMPLETENESS, Share
from leadflow.core.scoring.sums import Tally

CONTACTS = ("email", "phone")

DERIVED_FIELDS = frozenset(
    {"company_domain", "competitor_domain", "target_profession", "target_industry", "target_country", *CONTACTS}
)
"""What fit conditions may read beside the model's facts."""


class Known(NamedTuple):
    """What is known of a lead in micro-points, the shares that add up to that, and the grade."""

    fit: int
    fit_shares: tuple[Share, ...]
    grade: Grade
    completeness: int
    completeness_shares: tuple[Share, ...]


def known_of(tally: Tally, model: Model) -> Known:
    """Fit, grade and completeness."""
    if not tally.facts and not tally.contacts and not tally.domains:  # the great majority
        return _known_of(model, (), _NO_DOMAINS, ())
    facts = tuple([(name, stated.value) for name, stated in tally.facts.items()])
    domains = _domains_of(model, tuple(tally.domains)) if tally.domains else _NO_DOMAINS
    return _known_of(model, facts, domains, tuple(tally.contacts))


Facts = tuple[tuple[str, Any], ...]
_NO_DOMAINS = (False, False)


@lru_cache(maxsize=16_384)  # of most leads nothing is known, and of the others the same few things change
def _known_of(model: Model, facts: Facts, domains: tuple[bool, bool], contacts: tuple[str, ...]) -> Known:
    fit, fit_shares = _fit_of(model, fit_row(model, dict(facts), domains, contacts))
    completeness, completeness_shares = _completeness_of(model, dict(facts), contacts)
    return Known(fit, fit_shares, grade_of(fit, model), completeness, completeness_shares)


def _fit_of(model: Model, row: Mapping[str, Any]) -> tuple[int, tuple[Share, ...]]:
    shares: list[Share] = []
    taken: set[str] = set()
    for rule in model.fit.rules:
        if rule.set in taken or not rule.when.holds(row):
            continue
        if rule.set is not None:
            taken.add(rule.set)
        if rule.points:
            shares.append(Share(rule.id, 1, rule.points, None))
    points = sum(share.points for share in shares)
    kept = clamped(points, model.fit.low, model.fit.high)
    if kept != points:
        shares.append(Share(CLAMP + "fit", 1, kept - points, None))
    return kept, tuple(shares)


def grade_of(fit: int, model: Model) -> Grade:
    """The best grade whose limit the fit reaches."""
    for grade, limit in model.grades:
        if fit >= limit:
            return grade
    return "D"


def _completeness_of(
    model: Model, facts: Mapping[str, Any], contacts: tuple[str, ...]
) -> tuple[int, tuple[Share, ...]]:
    """Completeness, rounded once, and its share."""
    known = [
        (name, weight)
        for name, weight in model.completeness.weights
        if (name in contacts if name in CONTACTS else facts.get(name) is not None)
    ]
    of = sum(weight for _, weight in model.completeness.weights)
    points = (2 * model.completeness.high * sum(weight for _, weight in known) + of) // (2 * of)
    return points, (Share(COMPLETENESS, len(known), points, None),) if points else ()


def fit_row(
    model: Model, facts: Mapping[str, Any], domains: tuple[bool, bool], contacts: tuple[str, ...]
) -> dict[str, Any]:
    """The facts, and what the model's lists make of them. `domains`: is there a company's, is there a competitor's."""
    lists = model.settings
    return {
        **facts,
        "company_domain": domains[0],
        "competitor_domain": domains[1],
        "target_profession": _listed(facts.get("profession"), lists.target_professions),
        "target_industry": _listed(facts.get("industry"), lists.target_industries),
        "target_country": _listed(facts.get("country"), lists.target_countries),
        **{contact: contact in contacts for contact in CONTACTS},
    }


@lru_cache(maxsize=16_384)
def _domains_of(model: Model, domains: tuple[str, ...]) -> tuple[bool, bool]:
    lists = model.settings
    return (
        any(not _belongs(domain, lists.free_mail_domains) for domain in domains),
        any(_belongs(domain, lists.competitor_domains) for domain in domains),
    )


def _belongs(domain: str, domains: frozenset[str]) -> bool:
    """The domain or one above it is in the list."""
    parts = domain.split(".")
    return any(".".join(parts[depth:]) in domains for depth in range(len(parts)))


def _listed(value: Any, targets: tuple[str, ...]) -> bool:
    if not isinstance(value, str):
        return False
    words: tuple[Word, ...] = words_of(value)
    return any(holds_phrase(words, words_of(target)) for target in targets)
