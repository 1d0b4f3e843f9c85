"""Promise 5: the forest of identity, held against plain readings that know nothing of documents and positions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from simulator.observed import Observed
from simulator.world import World

from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.identity import Evidence
from leadflow.core.identity.forest import type_of


def well_formed(world: World, seen: Observed) -> Iterator[str]:
    """Each node names its subtree and its identifiers; leads and profiles are linked alike; limits hold."""
    members: dict[str, set[str]] = defaultdict(set)
    ids: dict[str, set[str]] = defaultdict(set)
    claimed: dict[str, set[str]] = defaultdict(set)
    for key, identity in seen.identities.items():
        if identity.leaf is not None:
            claimed[identity.leaf].add(key)
    for pid in seen.profiles:
        for above in _path(seen, pid):
            members[above].add(pid)
            ids[above] |= claimed[pid]
    for pid in seen.profiles:
        yield from _node(world, seen, pid, members[pid], ids[pid])
    for leaf in claimed.keys() - seen.profiles.keys():
        if len(claimed[leaf]) > 1:  # the absent profile of a lone leaf reads as a root with that one identifier
            yield f"identifiers are claimed for {leaf}, which is no profile"


def _node(world: World, seen: Observed, pid: str, members: set[str], ids: set[str]) -> Iterator[str]:
    """One profile against its subtree, its lead and the limits."""
    profile, lead = seen.profiles[pid], seen.leads.get(pid, LeadDoc())
    if seen.root(pid) not in seen.profiles:
        yield f"profile {pid} has no root: {seen.root(pid)}"
    if sorted(profile.members) != sorted(members):
        yield f"profile {pid} names the members {profile.members}, not {sorted(members)}"
    if set(profile.ids) != ids:
        yield f"profile {pid} names the identifiers {sorted(profile.ids)}, not {sorted(ids)}"
    if (lead.parent, lead.gen) != (profile.link.parent if profile.link else None, profile.gen):
        yield f"lead {pid} is linked to {lead.parent} ({lead.gen}), its profile differs"
    if _too_many(ids, world):
        yield f"profile {pid} has more identifiers of a type than the limit allows"


def _path(seen: Observed, pid: str) -> Iterable[str]:
    """A profile and everything above it."""
    for _ in range(len(seen.profiles) + 1):
        yield pid
        profile = seen.profiles.get(pid)
        if profile is None or profile.link is None:
            return
        pid = profile.link.parent


def _too_many(keys: Iterable[str], world: World) -> bool:
    kinds = Counter(map(type_of, keys))
    return any(number > world.rules.limits.get(kind, number) for kind, number in kinds.items())


def as_the_log_says(world: World, seen: Observed) -> Iterator[str]:
    """The groups are those of a plain reading of `identity`, and without limits the connected components."""
    expected = plain_reading(seen.evidence, world)
    known = set().union(*expected) if expected else set()
    found = set(seen.groups().values())
    if expected != {group for group in found if len(group) > 1 or group & known}:
        yield "the groups of identifiers are not those of a plain reading of the log"
    if not world.scenario.limits and components(seen) != found:
        yield "the groups of identifiers are not the connected components of the touchpoints"


def plain_reading(evidence: Iterable[Evidence], world: World) -> set[frozenset[str]]:
    """The groups after reading each piece of evidence once, in the order of the log, strongest identifier first."""
    groups: list[set[str]] = []
    read: set[tuple[str, tuple[int, int]]] = set()
    for item in evidence:
        if (item.touchpoint, item.pos) in read:
            continue
        read.add((item.touchpoint, item.pos))
        tree: set[str] | None = None
        for key in item.ids:
            group = next((group for group in groups if key in group), None)
            joining = group or {key}
            if tree is None:
                tree = joining
            elif tree is group or _too_many(tree | joining, world):
                continue
            else:
                tree = tree | joining
            groups = [other for other in groups if not other & tree] + [tree]
    return {frozenset(group) for group in groups}


def components(seen: Observed) -> set[frozenset[str]]:
    """The connected components of all identifiers: those of one touchpoint belong together."""
    groups: list[set[str]] = []
    for document in seen.touchpoints.values():
        if document.addr is None:  # put aside before anybody knew whose it is
            continue
        met = [group for group in groups if group & set(document.keys)]
        joined = set(document.keys).union(*met)
        if joined:
            groups = [group for group in groups if group not in met] + [joined]
    return {frozenset(group) for group in groups}


CHECKS = (well_formed, as_the_log_says)
