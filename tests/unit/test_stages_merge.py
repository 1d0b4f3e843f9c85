"""Merging two leads: the further stage as one change, and nothing of what was decided is decided again."""

import pytest
from unit.leads import EMAIL, NOON, PHONE, Story, act, page, track

from leadflow.core.scoring.stages import Standing, Trigger
from leadflow.core.scoring.tally import Tally, combine
from leadflow.core.time import DAY

MERGE = Trigger(message_id="cause", rule="merge", at=NOON + DAY)


def link(root: Story, child: Story) -> None:
    """The child's tally and standing come to the root."""
    root.tally = combine(root.tally, [(MERGE.at, "child", child.tally)])
    root.decide(MERGE, (child.standing,))


def sql(at: int = NOON) -> Story:
    """A lead that sales has accepted."""
    return Story().tell(track("Demo Requested", at, contacts=(EMAIL,)), act("accept", at + 1))


def test_the_winner_takes_the_further_stage_as_one_change() -> None:
    """From visitor to sql in one step, with the trigger `merge`, and its own sequence."""
    root = Story().tell(page())
    link(root, sql())
    assert [(change.sequence, change.from_stage, change.to_stage) for change in root.changes] == [(1, "visitor", "sql")]
    assert root.changes[0].trigger.rule == "merge"
    assert root.changes[0].at == MERGE.at


def test_a_merge_without_a_further_stage_is_no_change() -> None:
    """The winner stays where it is, and the loser's acts are not applied to it."""
    root = sql()
    root.tell(act("bant", NOON + 2, budget=True, authority=True, need=True, timing=True))
    link(root, sql())
    assert root.stages == ["lead", "mql", "sql", "opportunity"]


def test_acts_that_were_applied_to_the_loser_are_not_applied_again() -> None:
    """An accept and a rejection of the loser's past do not move the winner."""
    child = sql().tell(act("reject", NOON + 2))
    root = Story().tell(track("Demo Requested", contacts=(PHONE,)))
    link(root, child)
    assert root.stages == ["lead", "mql"]


def test_an_act_on_its_way_to_the_loser_reaches_the_winner() -> None:
    """It was not applied yet, so it is applied where the lead is now."""
    child = Story().tell(track("Demo Requested", contacts=(EMAIL,)))
    root = Story().tell(page())
    link(root, child)
    assert root.stages == ["mql"]
    late = Story()
    late.tell(act("accept", NOON + 2 * DAY))
    root.tally = combine(root.tally, [(MERGE.at, "child", late.tally)])
    root.decide(Trigger(message_id="m", rule="accept", at=NOON + 2 * DAY))
    assert root.stages == ["mql", "sql"]


def test_two_halves_make_a_lead() -> None:
    """A contact on one side and a conversion on the other: a lead by the merge."""
    root, child = Story().tell(track("Form Submitted")), Story()
    child.tell(track("Email Opened", contacts=(EMAIL,)))
    link(root, child)
    assert root.stages == ["lead"]
    assert root.changes[0].trigger == MERGE


def test_a_refusal_keeps_its_date_in_a_merge() -> None:
    """The days until a lead may come back run from the rejection, not from the merge."""
    child = Story().tell(track("Demo Requested", contacts=(EMAIL,)), act("reject", NOON + 1))
    root = Story().tell(page())
    link(root, child)
    assert root.stages == ["recycled"]
    assert root.tell(page("/pricing", NOON + 30 * DAY + 1)).stages[:2] == ["recycled", "lead"]


@pytest.mark.parametrize(
    ("own", "known", "expected"),
    [
        ("visitor", ["lead"], "lead"),
        ("lead", ["recycled"], "recycled"),
        ("recycled", ["mql"], "mql"),
        ("disqualified", ["sql"], "sql"),
        ("sql", ["opportunity", "lost"], "opportunity"),
        ("customer", ["opportunity"], "customer"),
        ("lost", ["recycled"], "lost"),
        ("mql", ["disqualified", "visitor"], "mql"),
    ],
)
def test_the_further_of_all_stages_counts(own: str, known: list[str], expected: str) -> None:
    """The order is visitor < lead < recycled = disqualified = lost < mql < sql < opportunity < customer."""
    root = Story()
    root.standing = Standing(stage=own)
    changes = root.decide(MERGE, [Standing(stage=stage) for stage in known]).changes
    assert root.standing.stage == expected
    assert [change.trigger.rule for change in changes] == (["merge"] if own != expected else [])


def test_what_each_child_has_lived_through_is_taken_in() -> None:
    """Acts that were applied, exits and the clock, whichever child came furthest."""
    root = Story()
    first = Standing(consumed=((1, "a"),), left={"mql": 5}, refused={"recycled": 4})
    root.decide(MERGE, (first, Standing(stage="sql", consumed=((2, "b"),), clock=NOON + 9 * DAY)))
    standing = root.standing
    assert standing.consumed == ((1, "a"), (2, "b"))
    assert (standing.left["mql"], standing.refused, standing.clock) == (5, {"recycled": 4}, NOON + 9 * DAY)


def test_an_empty_tally_decides_nothing() -> None:
    """A merge with nothing leaves nothing."""
    root = Story()
    root.tally = combine(Tally(), [(NOON, "child", Tally())])
    assert root.decide(MERGE, (Standing(),)).changes == ()
