"""A person as the forest has it: the root, the members below it and their lead documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadflow.contracts.collections import LEADS, PROFILES
from leadflow.contracts.documents import LeadDoc, ProfileDoc
from leadflow.core.scoring.statements import Stated, latest
from leadflow.core.scoring.tally import Tally
from leadflow.pipeline.scoring.lead import value_of
from leadflow.ports import Store, Stored
from leadflow_admin_api.problems import Problem

EMPTY_LEAD = LeadDoc()
_LONGEST_WALK = 10_000


@dataclass(frozen=True, slots=True)
class Tree:
    """`members` has the root first; `leads` those of them that scoring has seen."""

    root: str
    profile: ProfileDoc | None
    members: tuple[str, ...]
    leads: Mapping[str, LeadDoc]

    @property
    def lead(self) -> LeadDoc:
        """The root's lead; an empty one while scoring has not seen it yet."""
        return self.leads.get(self.root, EMPTY_LEAD)

    @property
    def merged(self) -> tuple[str, ...]:
        """The members that are no longer profiles of their own."""
        return self.members[1:]

    def tally(self) -> Tally:
        """What the whole tree adds up to, as its root knows it."""
        return value_of(self.lead)

    def seen(self) -> tuple[int, int]:
        """The first and the last event time; until scoring has seen the person, when the profile was created."""
        created = self.profile.order[0] if self.profile else 0
        first = [lead.first_seen for lead in self.leads.values() if lead.first_seen is not None]
        last = [lead.last_seen for lead in self.leads.values() if lead.last_seen is not None]
        return min(first, default=created), max(last, default=created)

    def traits(self) -> dict[str, Any]:
        """What is known of the person: the last word on each name, over all members."""
        words: dict[str, Stated] = {}
        for lead in self.leads.values():
            words = latest(words, lead.traits)
        return {name: words[name].value for name in sorted(words)}


def unknown_profile(profile_id: str) -> Problem:
    """404 for an id that nobody has, or whose person was erased."""
    return Problem(
        404, "profile_not_found", f"no profile has the id {profile_id[:80]!r}; look it up at /api/v1/profiles"
    )


async def root_of(store: Store, profile_id: str) -> tuple[str, ProfileDoc | None]:
    """Follow the merges up to the root. An absent document is a lone root: its profile may be on its way."""
    current = profile_id
    for _ in range(_LONGEST_WALK):
        [stored] = await store.get(PROFILES, [current])
        if stored is None:
            return current, None
        if stored.value.link is None:
            return current, stored.value
        current = stored.value.link.parent
    raise RuntimeError(f"the merges above profile {profile_id} form a circle")


async def roots_of(store: Store, profile_ids: Sequence[str]) -> dict[str, str]:
    """Each profile's root."""
    return {profile_id: (await root_of(store, profile_id))[0] for profile_id in dict.fromkeys(profile_ids)}


async def read_tree(store: Store, profile_id: str) -> Tree:
    """The tree that a profile belongs to. Raises Problem 404 when neither identity nor scoring knows the id."""
    root, profile = await root_of(store, profile_id)
    members = tuple(dict.fromkeys((root, *(profile.members if profile else ()))))
    found = await store.get(LEADS, members)
    leads = {stored.key: stored.value for stored in found if stored is not None}
    erased = (profile is not None and profile.gone is not None) or leads.get(root, EMPTY_LEAD).gone is not None
    if erased or (profile is None and not leads):
        raise unknown_profile(profile_id)
    return Tree(root, profile, members, leads)


async def trees_of(store: Store, roots: Sequence[Stored[LeadDoc]]) -> list[Tree]:
    """The trees of leads that are roots, in two reads however many they are. A lone lead needs none."""
    merged = [stored.key for stored in roots if stored.value.children]
    profiles = dict(zip(merged, await store.get(PROFILES, merged) if merged else (), strict=True))
    others = [member for found in profiles.values() if found for member in found.value.members]
    below = {lead.key: lead.value for lead in await store.get(LEADS, others) if lead} if others else {}
    trees = []
    for stored in roots:
        found = profiles.get(stored.key)
        profile = found.value if found else None
        members = tuple(dict.fromkeys((stored.key, *(profile.members if profile else ()))))
        leads = {member: below[member] for member in members if member in below} | {stored.key: stored.value}
        trees.append(Tree(stored.key, profile, members, leads))
    return trees
