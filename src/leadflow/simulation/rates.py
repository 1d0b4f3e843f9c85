"""How many visitors get how far, and what they are like. Every number is the share of those before it."""

from dataclasses import dataclass, fields
from typing import Literal

Depth = Literal["visitor", "lead", "mql", "sql", "opportunity", "customer"]
DEPTHS: tuple[Depth, ...] = ("visitor", "lead", "mql", "sql", "opportunity", "customer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The funnel: 100 visitors make about 8 leads, 3 MQL, 1.2 SQL, 0.6 opportunities and 0.25 customers."""

    lead: float = 0.08  # of all visitors
    mql: float = 0.375  # of leads
    sql: float = 0.4  # of MQLs
    opportunity: float = 0.5  # of SQLs
    customer: float = 0.42  # of opportunities

    bot: float = 0.02  # of those who stay visitors
    careers: float = 0.06  # of those who stay visitors or leads: students who look for a job
    hand_raise: float = 0.75  # of MQLs; the others get there by what they do
    self_service: float = 0.25  # of customers: they order without sales
    trial: float = 0.3  # of MQLs and beyond who raised a hand
    lead_opt_in: float = 0.55  # of those who stay leads
    bounce: float = 0.06  # of those who stay leads
    unsubscribe: float = 0.08  # of leads and beyond
    second_device: float = 0.4  # of all
    third_device: float = 0.2  # of those with two

    def __post_init__(self) -> None:
        for rate in fields(self):
            value = getattr(self, rate.name)
            if not 0 <= value <= 1:
                raise ValueError(f"the rate {rate.name} is {value}: it is a share from 0 to 1")

    def steps(self) -> tuple[float, ...]:
        """The share that goes one stage further, from visitor on."""
        return (self.lead, self.mql, self.sql, self.opportunity, self.customer)


def read_rates(text: str) -> Rates:
    """Read `lead=0.1,mql=0.5`; what is not named keeps its default. ValueError names what is wrong."""
    known = [rate.name for rate in fields(Rates)]
    given: dict[str, float] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (part.strip() for part in item.partition("="))
        if name not in known:
            raise ValueError(f"{name!r} is no rate: there are {', '.join(known)}")
        try:
            given[name] = float(value)
        except ValueError:
            raise ValueError(f"{item!r} is no rate: write {name}=0.1") from None
    return Rates(**given)
