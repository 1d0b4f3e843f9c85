"""A whole population: the same for the same seed, days and rates, however many of its people are asked for."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from leadflow.simulation.diary import Step
from leadflow.simulation.dice import mark
from leadflow.simulation.hours import Window, window
from leadflow.simulation.journey import journey
from leadflow.simulation.people import Person, make_person
from leadflow.simulation.rates import DEPTHS, Depth, Rates
from leadflow.simulation.sales import SalesAction, sales_plan
from leadflow.simulation.touchpoints import VERSION, wire


@dataclass(frozen=True, slots=True)
class Moment:
    """One touchpoint: when (ms), whose, and as the observer takes it."""

    at: int
    person: int
    event: dict[str, Any]

    @property
    def message_id(self) -> str:
        """The event's message id."""
        return str(self.event["messageId"])


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a population does, in the order of time. Events are made while they are read: many fit into memory."""

    people: tuple[Person, ...]
    told: list[tuple[int, int, int, Step]]  # at, person, number of the step, step

    def __len__(self) -> int:
        """How many touchpoints there are."""
        return len(self.told)

    def __iter__(self) -> Iterator[Moment]:
        """Read from the first to the last."""
        for at, index, number, step in self.told:
            yield Moment(at, index, wire(self.people[index], step, number))


@dataclass(frozen=True)
class Population:
    """`profiles` people over `days` days. What differs in seed, days or rates is other people with other ids."""

    seed: int
    profiles: int
    days: int
    rates: Rates = field(default_factory=Rates)

    @cached_property
    def mark(self) -> str:
        """Stands for everything that decides who the people are; part of every id."""
        return mark(VERSION, self.seed, self.days, self.rates)

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody. The first n are the same in a larger population."""
        return tuple(make_person(self.mark, index, self.rates) for index in range(self.profiles))

    def window(self, end: int) -> Window:
        """The simulated days before `end`, in milliseconds since the epoch."""
        return window(end, self.days)

    def timeline(self, end: int) -> "Timeline":
        """Every touchpoint over the days before `end`. Another `end` moves the times and keeps the message ids."""
        time = self.window(end)
        told = [
            (step.at, person.index, number, step)
            for person in self.people
            for number, step in enumerate(journey(self.mark, person, time))
        ]
        told.sort(key=itemgetter(0, 1, 2))
        return Timeline(self.people, told)

    def sales(self) -> Iterator[tuple[Person, tuple[SalesAction, ...]]]:
        """Those whom sales gets to know, and what it does with each."""
        for person in self.people:
            actions = sales_plan(self.mark, person)
            if actions:
                yield person, actions

    def reached(self) -> dict[Depth, int]:
        """How many people get at least so far, by plan."""
        counted = Counter(person.depth for person in self.people)
        return {depth: sum(counted[far] for far in DEPTHS[number:]) for number, depth in enumerate(DEPTHS)}
