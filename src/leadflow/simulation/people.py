"""One made-up person: who they are, how they found the site and how far they will go."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from leadflow.simulation import names
from leadflow.simulation.dice import chance, dice, weighted
from leadflow.simulation.rates import DEPTHS, Depth, Rates
from leadflow.simulation.spelling import plain

Kind = Literal["person", "student", "bot"]

PHONE_NUMBERS = 10_000_000
"""Numbers of seven digits behind the prefix 51: valid in form, of no Vietnamese network when this was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How somebody came: a campaign, a referring host, or neither (`direct`)."""

    campaign: str | None = None
    source: str | None = None
    medium: str | None = None
    referrer: str | None = None


DIRECT = Origin()
SEARCH = Origin(referrer="https://search.example/")
NEWSLETTER = Origin(campaign="monthly-letter", source="newsletter", medium="email")

_ORIGINS: tuple[tuple[Origin, float], ...] = (
    (DIRECT, 24),
    (SEARCH, 22),
    (Origin(referrer="https://social.example/feed"), 8),
    (Origin(referrer="https://news.example/leads"), 4),
    (Origin(campaign="spring-launch", source="google", medium="cpc"), 14),
    (Origin(campaign="cham-diem-khach-hang", source="facebook", medium="paid-social"), 14),
    (Origin(campaign="zalo-oa", source="zalo", medium="message"), 8),
    (Origin(campaign="partner-fair", source="partner", medium="referral"), 6),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A browser: its anonymous id and what it calls itself."""

    anonymous_id: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Everything that is decided before the first click. `phone`: nine digits, or None for those who give none."""

    index: int
    code: str  # the same for the same population and index; part of every id
    kind: Kind
    depth: Depth
    given: str
    family: str
    vietnamese: bool
    email: str
    phone: str | None
    title: str
    company: names.Company
    origin: Origin
    devices: tuple[Device, ...]
    hand_raise: bool
    self_service: bool
    trial: bool
    opt_in: bool
    bounces: bool
    unsubscribes: bool

    @property
    def name(self) -> str:
        """The name in the order of the person's country."""
        return f"{self.family} {self.given}" if self.vietnamese else f"{self.given} {self.family}"

    @property
    def user_id(self) -> str:
        """The id of an account, for those who make one."""
        return f"user-{self.code}"

    def reaches(self, depth: Depth) -> bool:
        """Whether this person gets at least so far."""
        return DEPTHS.index(self.depth) >= DEPTHS.index(depth)


def make_person(mark: str, index: int, rates: Rates) -> Person:
    """The person with this number in the population that `mark` stands for."""
    rng = dice(mark, index, "person")
    code = f"{mark}{index:x}"
    depth = _depth(rng, rates)
    kind = _kind(rng, depth, rates)
    vietnamese = chance(rng, 0.78)
    given = rng.choice(names.VIETNAMESE_GIVEN if vietnamese else names.FOREIGN_GIVEN)
    family = rng.choice(names.VIETNAMESE_FAMILIES if vietnamese else names.FOREIGN_FAMILIES)
    company = rng.choice(names.COMPANIES)
    far = depth not in {"visitor", "lead"}
    self_service = depth == "customer" and chance(rng, rates.self_service)
    hand_raise = far and not self_service and (depth != "mql" or chance(rng, rates.hand_raise))
    return Person(
        index=index,
        code=code,
        kind=kind,
        depth=depth,
        given=given,
        family=family,
        vietnamese=vietnamese,
        email=f"{plain(given)}.{plain(family)}.{code}@{_domain(rng, company, kind)}",
        phone=_phone(mark, index) if chance(rng, 0.75 if vietnamese else 0.2) else None,
        title=_title(rng, kind, far=far),
        company=company,
        origin=weighted(rng, _ORIGINS),
        devices=_devices(rng, code, kind, rates),
        hand_raise=hand_raise,
        self_service=self_service,
        trial=far and (not hand_raise or chance(rng, rates.trial)),
        opt_in=chance(rng, 0.85 if far else rates.lead_opt_in) or (far and not hand_raise),
        bounces=depth == "lead" and chance(rng, rates.bounce),
        unsubscribes=depth != "visitor" and chance(rng, rates.unsubscribe),
    )


def _depth(rng: Random, rates: Rates) -> Depth:
    """How far somebody goes. Always five throws, so that a changed rate shifts nothing else."""
    throws = [rng.random() for _ in rates.steps()]
    passed = 0
    for throw, share in zip(throws, rates.steps(), strict=True):
        if throw >= share:
            break
        passed += 1
    return DEPTHS[passed]


def _kind(rng: Random, depth: Depth, rates: Rates) -> Kind:
    bot, careers = chance(rng, rates.bot), chance(rng, rates.careers)
    if depth == "visitor" and bot:
        return "bot"
    return "student" if depth in {"visitor", "lead"} and careers else "person"


def _domain(rng: Random, company: names.Company, kind: Kind) -> str:
    private = chance(rng, 0.2)
    return rng.choice(names.PRIVATE_DOMAINS) if private or kind == "student" else company.domain


def _phone(mark: str, index: int) -> str:
    return f"51{(int(mark, 16) + index) % PHONE_NUMBERS:07d}"


def _title(rng: Random, kind: Kind, *, far: bool) -> str:
    if kind == "student":
        return rng.choice(names.STUDENTS)
    shares = (0.4, 0.35, 0.25) if far else (0.12, 0.28, 0.6)
    levels = (names.DECISION_MAKERS, names.MANAGERS, names.STAFF)
    return rng.choice(weighted(rng, list(zip(levels, shares, strict=True))))


def _devices(rng: Random, code: str, kind: Kind, rates: Rates) -> tuple[Device, ...]:
    second, third = chance(rng, rates.second_device), chance(rng, rates.third_device)
    agents = [rng.choice(names.BROWSERS), rng.choice(names.PHONES), rng.choice(names.BROWSERS)]
    if kind == "bot":
        agents, second = [rng.choice(names.CRAWLERS)], False
    count = 1 + second + (second and third)
    return tuple(
        Device(anonymous_id=f"anon-{code}-{number}", user_agent=agent) for number, agent in enumerate(agents[:count], 1)
    )
