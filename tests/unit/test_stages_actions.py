"""Actions of sales: where each is legal, what it does, and that each is applied once."""

import pytest
from unit.leads import EMAIL, NOON, PHONE, Story, act, page, track

from leadflow.core.scoring.actions import DETOURS, PATH
from leadflow.core.scoring.stages import Standing, Trigger, allowed_actions
from leadflow.core.scoring.standing import MAX_HISTORY
from leadflow.core.time import DAY, to_rfc3339
from leadflow.core.touchpoint import Signal

BANT = {"budget": True, "authority": True, "need": True, "timing": True}
WAYS: dict[str, list[Signal]] = {
    "visitor": [page("/", NOON - 10)],
    "lead": [track("Form Submitted", NOON - 10, contacts=(EMAIL,))],
    "mql": [track("Demo Requested", NOON - 10, contacts=(EMAIL,))],
}
WAYS["sql"] = [*WAYS["mql"], act("accept", NOON - 9)]
WAYS["opportunity"] = [*WAYS["sql"], act("bant", NOON - 8, **BANT)]
WAYS["customer"] = [track("Order Completed", NOON - 10)]
WAYS["recycled"] = [*WAYS["mql"], act("reject", NOON - 9)]
WAYS["disqualified"] = [*WAYS["lead"], act("disqualify", NOON - 9)]
WAYS["lost"] = [*WAYS["sql"], act("lost", NOON - 8)]

LEGAL = {
    "contact": {"lead", "mql", "sql", "opportunity", "customer", "recycled", "disqualified", "lost"},
    "accept": {"mql"},
    "reject": {"mql", "sql"},
    "disqualify": set(PATH) - {"customer"} | set(DETOURS),
    "bant": {"sql", "opportunity"},
    "won": {"sql", "opportunity"},
    "lost": {"sql", "opportunity"},
    "assign": {*PATH, *DETOURS},
    "consent": {*PATH, *DETOURS},
    "override": {*PATH, *DETOURS},
    "reopen": set(DETOURS),
}
TARGETS = {
    "accept": "sql", "reject": "recycled", "disqualify": "disqualified", "won": "customer", "lost": "lost",
    "reopen": "lead",
}  # fmt: skip


def in_stage(stage: str) -> Story:
    """A lead that has come to a stage in the usual way, shortly before noon."""
    story = Story().tell(*WAYS[stage])
    assert story.standing.stage == stage
    return story


@pytest.mark.parametrize("stage", [*PATH, *DETOURS])
def test_each_stage_allows_the_actions_of_the_table(stage: str) -> None:
    """What is legal where is what the documentation says."""
    assert set(allowed_actions(stage)) == {action for action, stages in LEGAL.items() if stage in stages}


@pytest.mark.parametrize("stage", [*PATH, *DETOURS])
@pytest.mark.parametrize("action", TARGETS)
def test_a_legal_action_moves_the_lead_and_an_illegal_one_does_not(stage: str, action: str) -> None:
    """One change to the action's stage, with the action as its trigger; nothing where it is illegal."""
    story = in_stage(stage)
    before = len(story.changes)
    signal = act(action, NOON)
    story.tell(signal)
    moved = story.changes[before:]
    if stage not in LEGAL[action] or TARGETS[action] == stage:
        assert moved == []
        assert story.standing.stage == stage
    else:
        assert (moved[0].from_stage, moved[0].to_stage, moved[0].at) == (stage, TARGETS[action], NOON)
        assert moved[0].trigger == Trigger(message_id=signal.message_id, rule=action, at=NOON)
        assert all(met for _, met in moved[0].criteria)


def test_an_illegal_action_is_consumed() -> None:
    """An accept that came too early does not wait for the stage where it would be legal."""
    story = in_stage("lead").tell(act("accept", NOON), track("Demo Requested", NOON + 1))
    assert story.standing.stage == "mql"


def test_an_action_is_applied_once() -> None:
    """Whatever comes later, an accept that was applied is not applied again."""
    story = in_stage("sql").tell(act("reject", NOON), act("reopen", NOON + 1), track("Demo Requested", NOON + 2))
    assert story.stages[-3:] == ["recycled", "lead", "mql"]


def test_an_action_that_comes_late_is_dated_by_the_last_change() -> None:
    """A rejection of yesterday that arrives after today's accept moves the lead today."""
    story = in_stage("mql").tell(act("accept", NOON), act("reject", NOON - 1))
    assert [(change.to_stage, change.at) for change in story.changes[-2:]] == [("sql", NOON), ("recycled", NOON)]


def test_actions_that_only_state_facts_move_nobody() -> None:
    """A contact, an owner and a consent leave the stage."""
    story = in_stage("sql").tell(act("contact", outcome="no_answer"), act("assign", owner="kim"))
    assert story.standing.stage == "sql"
    assert story.tally.owner is not None


def test_a_reopened_lead_needs_something_new_to_become_an_mql_again() -> None:
    """The demo request of old is not enough; a touchpoint after the exit is."""
    story = in_stage("recycled").tell(act("reopen", NOON))
    assert story.standing.stage == "lead"
    assert story.changes[-1].next.missing == ("A touchpoint newer than the last time as MQL",)
    assert story.tell(page("/", NOON + 1)).standing.stage == "mql"


@pytest.mark.parametrize(("stage", "days"), [("recycled", 30), ("lost", 90)])
def test_a_detour_ends_after_its_time_on_intent_only(stage: str, days: int) -> None:
    """Not earlier, not by a page view, and then on to mql by the same trigger."""
    after = NOON + days * DAY
    assert in_stage(stage).tell(page("/pricing", NOON + (days - 1) * DAY)).standing.stage == stage
    assert in_stage(stage).tell(page("/", after)).standing.stage == stage
    back = in_stage(stage).tell(page("/pricing", after))
    assert [(change.to_stage, change.at) for change in back.changes[-2:]] == [("lead", after), ("mql", after)]
    assert {change.trigger.rule for change in back.changes[-2:]} == {"pricing_page"}


def test_the_way_back_says_what_is_missing() -> None:
    """Time and intent are criteria like others."""
    recycled = in_stage("recycled")
    assert recycled.changes[-1].next == (
        "lead", ("30 days since the lead was recycled", "A touchpoint of intent newer than the rejection"),
    )  # fmt: skip
    disqualified = in_stage("disqualified")
    assert disqualified.changes[-1].next == ("lead", ("Sales reopens the lead",))


def test_a_disqualified_lead_never_comes_back_by_itself() -> None:
    """Only sales, or a purchase, ends that."""
    story = in_stage("disqualified").tell(track("Demo Requested", NOON + 400 * DAY, contacts=(PHONE,)))
    assert story.standing.stage == "disqualified"


def test_an_override_sets_any_stage_and_keeps_what_the_system_would_have_done() -> None:
    """Behind it the lead becomes an mql, without a change."""
    story = in_stage("lead").tell(act("override", NOON, stage="opportunity", reason="old friend"))
    assert story.stages[-1] == "opportunity"
    story.tell(track("Demo Requested", NOON + 1))
    assert story.stages == ["lead", "opportunity"]
    override = story.standing.override
    assert override is not None
    assert (override.system, override.system_since, override.reason, override.actor) == (
        "mql", NOON + 1, "old friend", "sam",
    )  # fmt: skip


def test_an_override_ends_at_the_first_record_after_its_time() -> None:
    """The system's stage returns as a change of its own."""
    story = in_stage("lead").tell(act("override", NOON, stage="sql", expires_at=to_rfc3339(NOON + DAY)))
    story.tell(track("Demo Requested", NOON + DAY - 1))
    assert story.stages == ["lead", "sql"]
    story.tell(page("/", NOON + DAY))
    assert story.stages == ["lead", "sql", "mql"]
    assert (story.changes[-1].trigger.rule, story.changes[-1].at) == ("override_expired", NOON + DAY)
    assert story.standing.override is None


def test_the_next_action_of_sales_ends_an_override() -> None:
    """The later decision of a person counts, and the system goes on from there."""
    story = in_stage("lead").tell(act("override", NOON, stage="sql"), act("bant", NOON + 1, **BANT))
    assert story.stages == ["lead", "sql", "opportunity"]
    assert story.standing.override is None
    story = in_stage("lead").tell(act("override", NOON, stage="sql"), act("won", NOON + 1))
    assert story.stages == ["lead", "sql", "customer"]
    assert story.standing.override is None


@pytest.mark.parametrize(
    "fields", [{"stage": "champion"}, {}, {"stage": "sql", "expires_at": "soon"}, {"stage": "sql", "expires_at": "0"}]
)
def test_an_override_that_makes_no_sense_has_no_effect(fields: dict[str, object]) -> None:
    """No such stage, no such time, or a time that is over."""
    assert in_stage("lead").tell(act("override", NOON, **fields)).stages == ["lead"]


def test_history_and_consumed_acts_are_bounded() -> None:
    """A lead that sales moves for ever keeps a document of bounded size and a sequence without holes."""
    story = in_stage("mql")
    for step in range(MAX_HISTORY + 60):
        story.tell(act("disqualify" if step % 2 == 0 else "reopen", NOON + step))
    standing: Standing = story.standing
    assert len(standing.history) == MAX_HISTORY
    assert [change.sequence for change in story.changes] == list(range(1, len(story.changes) + 1))
    assert len(standing.consumed) <= 256
