"""Leads: one as of now, many as last scored, and why each stands where it stands."""

from typing import Any

import pytest

from leadflow.contracts.collections import LEADS
from leadflow.contracts.touchpoint import NO_JSON
from leadflow.core.time import DAY, HOUR, from_rfc3339, to_rfc3339

NOON = from_rfc3339("2026-11-21T12:00:00Z")
EMAIL = (("email", "lan@example.vn"),)
DEMO = {
    "type": "track",
    "event": "Demo Requested",
    "messageId": "m-demo",
    "properties": {"need": "CRM for 40 seats"},
    "context": {"campaign": {"source": "google", "medium": "cpc", "name": "spring"}},
}
PRICING = {"type": "page", "context": {"page": {"path": "/pricing"}}}


async def test_a_lead_says_who_what_and_where_from(world: Any) -> None:
    """Stage, score, marketing source, who, need, BANT and what sales may do next."""
    await world.person("p1", *EMAIL)
    said = {"type": "identify", "traits": {"title": "Giám đốc", "company": "Example Co"}}
    await world.touch("p1", said, at=NOON - 2 * HOUR, contacts=EMAIL)
    await world.touch("p1", DEMO, at=NOON - HOUR, contacts=EMAIL)
    lead = await world.get("/leads/p1")
    assert (lead["stage"], lead["sequence"], lead["stage_since"]) == ("mql", 2, "2026-11-21T11:00:00.000Z")
    assert lead["score"]["engagement"] == pytest.approx(40, abs=0.5)
    assert lead["score"]["grade"] == "A"
    assert lead["score"]["total"] == pytest.approx(
        sum(lead["score"][part] for part in ("engagement", "fit", "completeness"))
    )
    assert lead["temperature"] == "warm"
    assert lead["route"] == "sales"
    assert lead["source"] == {
        "conversion": "Demo Requested",
        "channel": "google",
        "campaign": "spring",
        "medium": "cpc",
    }
    assert lead["first_touch"]["channel"] == "direct"
    assert lead["last_touch"] == {"channel": "google", "campaign": "spring", "at": "2026-11-21T11:00:00.000Z"}
    assert lead["who"] == {"title": "Giám đốc", "company": "Example Co"}
    assert lead["need"] == "CRM for 40 seats"
    assert lead["as_of"] == "2026-11-21T12:00:00.000Z"
    assert lead["model"] == {"name": world.settings.model.name, "version": world.settings.model.version}
    assert "accept" in lead["allowed"]
    assert lead["owner"] is None
    assert lead["override"] is None


async def test_one_lead_is_scored_as_of_now_and_lists_as_of_the_last_change(world: Any) -> None:
    """A week later the single lead has cooled, the list says when its score is of."""
    await world.touch("p1", PRICING, at=NOON - HOUR)
    world.clock.instant = NOON + 7 * DAY
    now = await world.get("/leads/p1")
    [listed] = (await world.get("/leads"))["items"]
    assert now["as_of"] == "2026-11-28T12:00:00.000Z"
    assert listed["as_of"] == "2026-11-21T11:00:00.000Z"
    assert now["score"]["engagement"] < listed["score"]["engagement"]
    assert listed.keys() == now.keys()


async def test_a_merged_lead_is_the_sum_and_stands_in_lists_once(world: Any) -> None:
    """By either id; who and need come from all members."""
    await world.person("p1", *EMAIL)
    await world.person("p2", ("anonymous_id", "anon-1"))
    await world.touch("p1", {"type": "identify", "traits": {"title": "CEO"}}, contacts=EMAIL)
    await world.touch("p2", PRICING)
    await world.touch("p2", {"type": "identify", "traits": {"company": {"name": "Example Co"}}})
    alone = (await world.get("/leads/p2"))["score"]["engagement"]
    await world.merge("p2", "p1")
    for pid in ("p1", "p2"):
        lead = await world.get(f"/leads/{pid}")
        assert lead["profile_id"] == "p1"
        assert lead["score"]["engagement"] >= alone > 0
        assert lead["who"] == {"title": "CEO", "company": "Example Co"}
    listed = await world.get("/leads")
    assert [item["profile_id"] for item in listed["items"]] == ["p1"]
    assert listed["items"][0]["who"] == {"title": "CEO", "company": "Example Co"}
    assert (await world.get("/funnel"))["total"] == 1


async def test_leads_sort_by_score_and_page_without_a_gap(world: Any) -> None:
    """Best first by default; equal scores do not confuse the pages."""
    for number in range(7):
        for view in range(1 + number // 2):
            await world.touch(f"p{number}", PRICING if view else {"type": "page"}, at=NOON - HOUR)
    whole = [item["profile_id"] for item in (await world.get("/leads"))["items"]]
    totals = [item["score"]["total"] for item in (await world.get("/leads"))["items"]]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals)) < len(totals) == 7
    paged, cursor = [], {}
    while True:
        page = await world.get("/leads", limit=2, **cursor)
        paged += [item["profile_id"] for item in page["items"]]
        cursor = {"cursor": page["next"]}
        if not page["more"]:
            break
    assert paged == whole
    assert (await world.get("/leads", limit=7))["more"] is False
    upwards = await world.get("/leads", sort="score")
    assert [item["score"]["total"] for item in upwards["items"]] == sorted(totals)


async def test_leads_of_all_stages_sort_by_score(world: Any) -> None:
    """Stages do not show in the order, nor in where a page ends."""
    for number, event in enumerate((DEMO, {"type": "page"}, DEMO, PRICING, {"type": "page"})):
        named = event | {"messageId": f"m{number}"}
        await world.touch(f"p{number}", named, contacts=EMAIL if event is DEMO else ())
        await world.touch(f"p{number}", PRICING if number % 2 else {"type": "page"}, at=NOON - HOUR)
    for sort, upwards in (("-score", False), ("score", True)):
        whole = (await world.get("/leads", sort=sort))["items"]
        totals = [item["score"]["total"] for item in whole]
        assert totals == sorted(totals, reverse=not upwards)
        assert {item["stage"] for item in whole} == {"visitor", "mql"}
        paged, cursor = [], {}
        for _ in whole:
            page = await world.get("/leads", sort=sort, limit=1, **cursor)
            paged += [item["profile_id"] for item in page["items"]]
            cursor = {"cursor": page["next"]}
        assert paged == [item["profile_id"] for item in whole]


async def test_leads_sort_by_time_in_stage(world: Any) -> None:
    """Those who moved latest come first with -since."""
    for number, pid in enumerate(("p1", "p2", "p3")):
        await world.touch(pid, DEMO | {"messageId": pid}, at=NOON - number * HOUR, contacts=EMAIL)
    latest = await world.get("/leads", sort="-since", stage="mql")
    assert [item["profile_id"] for item in latest["items"]] == ["p1", "p2", "p3"]
    earliest = await world.get("/leads", sort="since", stage="mql")
    assert [item["profile_id"] for item in earliest["items"]] == ["p3", "p2", "p1"]


async def test_leads_filter_by_stage_temperature_and_owner(world: Any) -> None:
    """Filters are joined by and."""
    await world.touch("p1", DEMO, contacts=EMAIL)
    await world.touch("p2", {"type": "page"})
    await world.touch("p2", {"action": "assign", "actor": "minh", "owner": "minh", "type": "action"}, source="admin")
    assert [item["profile_id"] for item in (await world.get("/leads", stage="mql"))["items"]] == ["p1"]
    assert [item["profile_id"] for item in (await world.get("/leads", temperature="cold"))["items"]] == ["p2"]
    [owned] = (await world.get("/leads", owner="minh"))["items"]
    assert (owned["profile_id"], owned["owner"]) == ("p2", "minh")
    assert (await world.get("/leads", owner="minh", stage="mql"))["items"] == []


async def test_a_cursor_of_another_order_is_refused(world: Any) -> None:
    """It would silently skip leads."""
    await world.touch("p1", {"type": "page"})
    cursor = (await world.get("/leads"))["next"]
    assert (await world.refused("/leads", 422, sort="-since", cursor=cursor))["parameter"] == "cursor"


async def test_the_funnel_counts_every_stage_in_its_order(world: Any) -> None:
    """Stages without leads are zero; the sum is the number of leads."""
    assert (await world.get("/funnel"))["total"] == 0
    await world.touch("p1", DEMO, contacts=EMAIL)
    await world.touch("p2", {"type": "page"})
    await world.touch("p3", {"type": "page"})
    funnel = await world.get("/funnel")
    assert [item["stage"] for item in funnel["items"]] == [
        *("visitor", "lead", "mql", "sql", "opportunity", "customer"),
        *("recycled", "disqualified", "lost"),
    ]
    assert funnel["stages"]["visitor"] == 2
    assert funnel["stages"]["mql"] == 1
    assert funnel["stages"] == {item["stage"]: item["count"] for item in funnel["items"]}
    assert funnel["total"] == 3


async def test_an_explanation_adds_up_and_says_what_is_missing(world: Any) -> None:
    """The contributions sum to the total, in micro-points, exactly."""
    await world.touch("p1", {"type": "identify", "traits": {"title": "CEO"}}, contacts=EMAIL)
    await world.touch("p1", PRICING)
    await world.touch("p1", {"type": "track", "event": "Form Submitted"}, contacts=EMAIL)
    why = await world.get("/leads/p1/explanation")
    assert why["at"] == "2026-11-21T12:00:00.000Z"
    assert why["stage"] == "lead"
    total = sum(round(share["points"] * 1_000_000) for share in why["contributions"])
    assert total == round(why["score"]["total"] * 1_000_000) > 0
    assert why["score"]["temperature"] == "cold"
    assert why["next"]["stage"] == "mql"
    assert why["next"]["missing"]
    assert all(one["met"] for one in why["criteria"])
    assert why["criteria"]


async def test_an_explanation_of_the_past_is_evaluated_then(world: Any) -> None:
    """The stage from the history, the score as of that instant; before the first touch a visitor with nothing."""
    await world.touch("p1", {"type": "identify", "traits": {"title": "CEO"}}, at=NOON - 3 * HOUR, contacts=EMAIL)
    await world.touch("p1", DEMO, at=NOON - HOUR, contacts=EMAIL)
    moments = {
        to_rfc3339(NOON - 4 * HOUR): ("visitor", False, 0),
        to_rfc3339(NOON - 2 * HOUR): ("visitor", True, 0),
        to_rfc3339(NOON - HOUR): ("mql", True, 40),
    }
    for at, (stage, known, engagement) in moments.items():
        why = await world.get("/leads/p1/explanation", at=at)
        assert (why["at"], why["stage"]) == (at, stage)
        assert (why["score"]["fit"] > 0) is known
        assert why["score"]["engagement"] == pytest.approx(engagement, abs=0.01)
        assert why["next"]["stage"] == ("sql" if stage == "mql" else "lead")


@pytest.mark.parametrize(
    ("at", "read"),
    [
        ("2026-11-21T18:30:00+07:00", "2026-11-21T11:30:00.000Z"),
        ("2026-11-21T18:30:00 07:00", "2026-11-21T11:30:00.000Z"),
        ("2026-11-21 11:30", "2026-11-21T11:30:00.000Z"),
        ("2031-01-01T00:00:00Z", "2026-11-21T12:00:00.000Z"),
        ("9999-12-31T23:59:59-23:00", "2026-11-21T12:00:00.000Z"),
    ],
)
async def test_the_instant_of_an_explanation_is_read_leniently(world: Any, at: str, read: str) -> None:
    """With any offset, an unescaped plus, and a future that counts as now."""
    await world.touch("p1", {"type": "page"})
    assert (await world.get("/leads/p1/explanation", at=at))["at"] == read


@pytest.mark.parametrize("at", ["yesterday", "", "2026-13-01T00:00:00Z", "x" * 5_000])
async def test_an_instant_that_is_none_is_refused(world: Any, at: str) -> None:
    """422 names the parameter and shows how to write it."""
    await world.touch("p1", {"type": "page"})
    problem = await world.refused("/leads/p1/explanation", 422, at=at)
    assert problem["parameter"] == "at"
    assert len(problem["detail"]) < 200


async def test_a_year_before_the_calendar_is_the_past(world: Any) -> None:
    """The earliest instant that can be written is answered like any other."""
    await world.touch("p1", {"type": "page"})
    why = await world.get("/leads/p1/explanation", at="0001-01-01T00:00:00Z")
    assert (why["stage"], why["score"]["total"]) == ("visitor", 0)


async def test_a_lead_without_a_published_score_is_scored_as_it_is_listed(world: Any) -> None:
    """A list never fails for a document that lacks what later versions write."""
    await world.touch("p1", {"type": "page"})
    await world.change(LEADS, "p1", score=NO_JSON)
    [listed] = (await world.get("/leads"))["items"]
    assert listed["score"]["engagement"] > 0


async def test_the_model_in_force_can_be_read(world: Any) -> None:
    """Its rules with points and caps, thresholds and stages."""
    [model] = (await world.get("/models"))["items"]
    assert (model["name"], model["in_force"]) == ("b2b", True)
    assert model["version"] == world.settings.model.version
    intent = next(group for group in model["groups"] if group["kind"] == "intent")
    assert (intent["half_life_days"], intent["high"]) == (7, 120)
    assert {(rule["points"], rule["cap_per_day"]) for rule in intent["rules"]} >= {(15, 2), (25, 1), (40, 1)}
    assert model["temperature"] == {"warm": 25, "warm_back": 20, "hot": 60, "hot_back": 50}
    assert [stage["name"] for stage in model["stages"] if stage["detour"]] == ["recycled", "disqualified", "lost"]
    cursor = (await world.get("/models"))["next"]
    assert (await world.get("/models", cursor=cursor))["items"] == []


async def test_segments_are_an_empty_list(world: Any) -> None:
    """None can be defined in this version."""
    assert (await world.get("/segments"))["items"] == []
