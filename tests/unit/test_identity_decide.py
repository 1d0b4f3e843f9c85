"""The resolver's decisions against plain references: connected components, limits, and one write per document."""

from collections.abc import Iterable, Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.identity.decide import Forest, News, Rules, Touched, decide
from leadflow.core.identity.decisions import ClaimWrite, Decision, LedgerWrite, Linked, NodeWrite
from leadflow.core.identity.forest import Claim, Node, lone, why_apart

NO_LIMITS = Rules(limits={}, profile_id=lambda key, incarnation: f"P.{key}.{incarnation}")
LIMITS = Rules(limits={"user_id": 1, "email": 2}, profile_id=NO_LIMITS.profile_id)

KEYS = ("user_id:1", "user_id:2", "email:1", "email:2", "email:3", "anonymous_id:1", "anonymous_id:2", "anonymous_id:3")
touchpoints = st.lists(
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True).map(
        lambda ids: tuple(sorted(ids, reverse=True))
    ),
    min_size=1,
    max_size=12,
)


def news_of(groups: Sequence[tuple[str, ...]]) -> list[News]:
    """Evidence in the given order; the earlier one is received earlier."""
    return [News(i, f"t{i}", (0, i), ids, received_at=1_000 + i) for i, ids in enumerate(groups)]


def empty_forest(news: Iterable[News]) -> Forest:
    """A store that holds the touchpoints and nothing else."""
    touched = {item.touchpoint: Touched(item.touchpoint_pos, None, f"m{item.pos}", item.received_at) for item in news}
    return Forest(claims={}, nodes={}, touchpoints=touched)


def run(groups: Sequence[tuple[str, ...]], rules: Rules, batch: int = 100) -> tuple[Forest, list[Decision]]:
    """Decide in batches of one size, each over the documents that the last one left."""
    news = news_of(groups)
    forest = empty_forest(news)
    decisions: list[Decision] = []
    for start in range(0, len(news), batch):
        copy = Forest(claims=dict(forest.claims), nodes=dict(forest.nodes), touchpoints=dict(forest.touchpoints))
        decisions += decide(news[start : start + batch], copy, rules)
        forest = copy
    return forest, decisions


def groups_of(forest: Forest) -> set[frozenset[str]]:
    """The partition of identifiers into profiles, from the claims and links alone."""
    members: dict[str, set[str]] = {}
    for key, claim in forest.claims.items():
        if claim.leaf is not None:
            members.setdefault(forest.path(claim.leaf)[-1], set()).add(key)
    return {frozenset(keys) for keys in members.values()}


def components(groups: Iterable[tuple[str, ...]]) -> set[frozenset[str]]:
    """Connected components of the evidence."""
    found: list[set[str]] = []
    for group in groups:
        joined = set(group).union(*(other for other in found if other & set(group)))
        found = [other for other in found if not other & set(group)] + [joined]
    return {frozenset(component) for component in found}


def limited(groups: Iterable[tuple[str, ...]], rules: Rules) -> set[frozenset[str]]:
    """A plain sequential reading of the rule: strongest first, join what may be joined."""
    found: list[set[str]] = []
    for group in groups:
        tree: set[str] | None = None
        for key in group:
            own = next((other for other in found if key in other), None)
            joining = own if own is not None else {key}
            if tree is None:
                tree = joining
                found += [tree] if own is None else []
            elif (
                own is not tree and why_apart(dict.fromkeys(tree, ()), dict.fromkeys(joining, ()), rules.limits) is None
            ):
                tree |= joining
                found = [other for other in found if other is not own]
    return {frozenset(component) for component in found}


@given(groups=touchpoints, data=st.data())
def test_without_limits_the_partition_is_the_connected_components_in_any_order(
    groups: list[tuple[str, ...]], data: st.DataObject
) -> None:
    """Identity converges: order, batching and repetition of evidence do not change who is who."""
    shuffled = data.draw(st.permutations(groups + groups[:3]))
    forest, _ = run(shuffled, NO_LIMITS, batch=data.draw(st.integers(1, 5)))
    assert groups_of(forest) == components(groups)


@given(groups=touchpoints, batch=st.integers(1, 13))
def test_with_limits_the_partition_is_what_a_plain_reading_of_the_log_gives(
    groups: list[tuple[str, ...]], batch: int
) -> None:
    """Limits drop the weaker identifier; how the log was cut into batches does not matter."""
    forest, _ = run(groups, LIMITS, batch)
    assert groups_of(forest) == limited(groups, LIMITS)


@given(groups=touchpoints)
def test_every_tree_keeps_the_limits_and_knows_its_identifiers_and_members(groups: list[tuple[str, ...]]) -> None:
    """The root holds exactly its tree's identifiers and members, and no tree breaks a limit."""
    forest, _ = run(groups, LIMITS)
    for group in groups_of(forest):
        root = forest.path(forest.claims[next(iter(group))].leaf or "")[-1]
        assert set(forest.nodes[root].ids) == group
        assert set(forest.nodes[root].members) == {pid for pid in forest.nodes if forest.path(pid)[-1] == root}
        assert why_apart(forest.nodes[root].ids, {}, LIMITS.limits) is None


@given(groups=touchpoints, claimed=st.sets(st.sampled_from(KEYS)))
def test_a_lone_claim_beforehand_does_not_change_the_partition(
    groups: list[tuple[str, ...]], claimed: set[str]
) -> None:
    """Whether a processor had claimed a lone identifier before the evidence came makes no difference to who is who."""
    news = news_of(groups)
    forest = empty_forest(news)
    for key in claimed:
        leaf = LIMITS.profile_id(key, 0)
        forest.claims[key] = Claim(leaf=leaf)
        forest.nodes[leaf] = lone(leaf, 5, key)
    decide(news, forest, LIMITS)
    expected = limited(groups, LIMITS)
    seen = set().union(*expected)  # a refused identifier is nobody's: alone, if it was claimed beforehand
    assert {group for group in groups_of(forest) if group & seen} == expected
    assert all(len(group) == 1 for group in groups_of(forest) if not group & seen)


@given(groups=touchpoints)
def test_an_item_writes_each_document_once_and_its_images_replay_to_the_same_forest(
    groups: list[tuple[str, ...]],
) -> None:
    """The decisions alone rebuild the forest: nothing is decided that is not written."""
    forest, decisions = run(groups, LIMITS, batch=3)
    claims: dict[str, Claim] = {}
    nodes: dict[str, Node] = {}
    for decision in decisions:
        names = [(type(write), write.key) for write in decision.writes]
        assert len(names) == len(set(names))
        for write in decision.writes:
            if isinstance(write, ClaimWrite):
                claims[write.key] = write.claim
            elif isinstance(write, NodeWrite):
                nodes[write.key] = Node(
                    order=write.order, ids=write.ids, members=write.members, link=write.link, gen=write.gen
                )
    assert claims == forest.claims
    assert nodes == forest.nodes


@given(groups=touchpoints)
def test_a_decision_survives_its_encoding(groups: list[tuple[str, ...]]) -> None:
    """What is stored in the ledger is what was decided."""
    _, decisions = run(groups, LIMITS)
    assert msgspec.json.decode(msgspec.json.encode(decisions), type=list[Decision]) == decisions


def test_evidence_read_twice_is_decided_once() -> None:
    """The second copy of a record of `identity` finds the address of the first, and changes nothing."""
    (item,) = news_of([("email:1", "anonymous_id:1")])
    forest = empty_forest([item])
    first, second = decide([item, item], forest, LIMITS)
    assert first.writes
    assert not second.writes
    assert not second.emits


def test_a_merge_links_the_later_under_the_earlier_and_tells_its_cause() -> None:
    """The older profile wins; the ledger names the touchpoint that joined them."""
    forest, decisions = run([("anonymous_id:1",), ("email:1",), ("email:1", "anonymous_id:1")], LIMITS)
    (entry,) = [w for d in decisions for w in d.writes if isinstance(w, LedgerWrite)]
    (link,) = [e for d in decisions for e in d.emits if isinstance(e, Linked)]
    assert (entry.winner, entry.loser, entry.state, entry.message_id) == (
        "P.anonymous_id:1.0",
        "P.email:1.0",
        "merged",
        "m2",
    )
    assert (link.child, link.link.parent, link.link.gen) == ("P.email:1.0", "P.anonymous_id:1.0", 1)
    assert forest.path("P.email:1.0") == ["P.email:1.0", "P.anonymous_id:1.0"]


def test_two_user_ids_behind_one_email_stay_apart_with_a_reason() -> None:
    """A shared e-mail address never joins two users: the weaker identifier is dropped and listed as refused."""
    forest, decisions = run([("user_id:1", "email:1"), ("user_id:2", "email:1")], LIMITS)
    (entry,) = [w for d in decisions for w in d.writes if isinstance(w, LedgerWrite)]
    assert entry.state == "refused"
    assert entry.identifiers == ("email:1",)
    assert entry.reason == "limit: a profile has at most 1 user_id, this would make 2"
    assert groups_of(forest) == {frozenset({"user_id:1", "email:1"}), frozenset({"user_id:2"})}


def test_both_sides_of_a_cut_never_meet_again() -> None:
    """After an unmerge the tags on the identifiers keep the two sides apart."""
    tree = {"email:1": ((7, 0),)}
    other = {"email:2": ((7, 1),)}
    assert why_apart(tree, other, {}) == "apart: an unmerge keeps these profiles apart"
    assert why_apart(tree, {"email:2": ((7, 0),)}, {}) is None
