"""The tally as a commutative sum: what scoring knows of a set of touchpoints, however they are ordered or grouped.

It holds counts and facts, never a decayed number, and no names, e-mail addresses or phone numbers. The order of a
dict's keys means nothing: sort them where bytes are compared.
"""

from collections.abc import Mapping, Sequence

import msgspec

from leadflow.core.scoring import statements
from leadflow.core.scoring.statements import Act, Moment, Span, Stated, Touch

MAX_ACTS = 64
"""How many of the latest acts are kept: more than a lead ever sees, few enough to bound the document."""


class Tally(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Counts per rule and UTC hour (hours since the epoch), and the facts that the model reads.

    `spans`: touch (somebody did something), hand_raise, intent, purchase, bounce, email_engagement, trial_started,
    trial_ended, contact, conversation. `qualities`: when each source quality was first stated. `bant`: each value is
    {met, value, evidence}. `acts`: sorted by (at, message_id).
    """

    counts: dict[str, dict[int, int]] = {}
    facts: dict[str, Stated] = {}
    domains: dict[str, int] = {}  # e-mail domain -> first seen
    contacts: dict[str, int] = {}  # email, phone -> first seen
    consents: dict[str, Stated] = {}
    qualities: dict[str, Moment] = {}
    spans: dict[str, Span] = {}
    first_touch: Touch | None = None
    last_touch: Touch | None = None
    conversion: Touch | None = None  # the first one
    bant: dict[str, Stated] = {}
    owner: Stated | None = None
    revenue: Stated | None = None
    acts: tuple[Act, ...] = ()


EMPTY = Tally()


def join(one: Tally, other: Tally) -> Tally:
    """The tally of both sets of touchpoints: commutative and associative."""
    consents = statements.consents(one.consents, other.consents) if other.consents else one.consents
    return _join(one, other, consents)


def combine(own: Tally, children: Sequence[tuple[int, str, Tally]]) -> Tally:
    """A lead's tally: its own and each child's (linked_at, child id, subtree), in whatever order they are given.

    All but the consents is a plain join; a consent denied on one side outlives the merge (see `consents_on_merge`).
    """
    ordered = sorted(children, key=lambda child: child[:2])
    whole = own
    for linked_at, _, child in ordered:
        consents = statements.consents_on_merge(whole.consents, child.consents, linked_at)
        whole = _join(whole, child, consents)
    return whole


def _join(one: Tally, other: Tally, consents: dict[str, Stated]) -> Tally:
    """Most touchpoints say little: what the other side does not hold is taken over as it is."""
    return Tally(
        counts=_counts(one.counts, other.counts) if other.counts else one.counts,
        facts=statements.latest(one.facts, other.facts) if other.facts else one.facts,
        domains=statements.earliest(one.domains, other.domains) if other.domains else one.domains,
        contacts=statements.earliest(one.contacts, other.contacts) if other.contacts else one.contacts,
        consents=consents,
        qualities=statements.first_moments(one.qualities, other.qualities) if other.qualities else one.qualities,
        spans=statements.spans(one.spans, other.spans) if other.spans else one.spans,
        first_touch=statements.first_touch(one.first_touch, other.first_touch),
        last_touch=statements.last_touch(one.last_touch, other.last_touch),
        conversion=statements.first_touch(one.conversion, other.conversion),
        bant=statements.latest(one.bant, other.bant) if other.bant else one.bant,
        owner=statements.last_word(one.owner, other.owner),
        revenue=statements.last_word(one.revenue, other.revenue),
        acts=_acts(one.acts, other.acts),
    )


def _counts(one: Mapping[str, Mapping[int, int]], other: Mapping[str, dict[int, int]]) -> dict[str, dict[int, int]]:
    merged = dict(one)
    for rule, hours in other.items():
        known = merged.get(rule)
        if known is None:
            merged[rule] = hours
            continue
        summed = dict(known)
        for hour, count in hours.items():
            summed[hour] = summed.get(hour, 0) + count
        merged[rule] = summed
    return merged  # type: ignore[return-value]  # never changed in place


def _acts(one: tuple[Act, ...], other: tuple[Act, ...]) -> tuple[Act, ...]:
    if not other:
        return one
    both = {(act.at, act.message_id, act.type): act for act in (*one, *other)}
    return tuple(both[key] for key in sorted(both))[-MAX_ACTS:]
