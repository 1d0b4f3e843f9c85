"""One person's way from two anonymous devices to a customer, told through HTTP alone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from e2e.api import Api, Json, instant
from e2e.distributed import Services
from e2e.server import SERVER, Server

PATH = ["visitor", "lead", "mql", "sql", "opportunity", "customer"]
PHONE, LAPTOP, USER = "device-phone", "device-laptop", "u-lan"
EMAIL = "lan@acme.example"
CAMPAIGN = {"campaign": {"source": "google", "medium": "cpc", "name": "spring"}}
HOUR = timedelta(hours=1)

# What the shipped model gives, read from its description: rule -> (points, half-life, does a touchpoint count?)
Counts = Callable[[Json], bool]
REFERENCE: dict[str, tuple[float, timedelta, Counts]] = {
    "page_view": (1, timedelta(days=14), lambda item: item["type"] == "page"),
    "content_view": (2, timedelta(days=14), lambda item: item["name"] == "Blog"),
    "form": (8, timedelta(days=14), lambda item: item["name"] == "Form Submitted"),
    "pricing_page": (15, timedelta(days=7), lambda item: item["name"] in {"Pricing", "Bảng giá"}),
    "hand_raise": (40, timedelta(days=7), lambda item: item["name"] == "Demo Requested"),
}


@dataclass
class Story:
    """What was sent, by a name for each step, and what came of it."""

    api: Api
    server: Server | Services
    begin: datetime
    message_ids: dict[str, str] = field(default_factory=dict)
    streamed: list[Json] = field(default_factory=list)  # the first blocks of the event stream, as they came
    profile_id: str = ""
    changes: list[Json] = field(default_factory=list)

    def tell(self, step: str, after_hours: float, event: Json, *, key: str = "WK_1", source: str = "web") -> None:
        """Send a step that happened so long after the beginning, and wait until it is counted."""
        message_id = f"story-{step}"
        at = self.begin + after_hours * HOUR
        self.api.send({**event, "messageId": message_id, "timestamp": at.isoformat()}, key)
        self.api.scored([message_id], source)
        self.message_ids[step] = message_id

    def act(self, step: str, action: Json) -> Json:
        """Take a sales action."""
        taken = self.api.acted(self.profile_id, {"actor": "minh", **action})
        self.message_ids[step] = taken["message_id"]
        return dict(taken["lead"])


def page(device: str, name: str, path: str, **context: Any) -> Json:
    """Return a page call."""
    return {"type": "page", "anonymousId": device, "name": name, "context": {"page": {"path": path}, **context}}


def attract(story: Story) -> None:
    """Two devices, a form, a demo: the phone number is written in three ways."""
    story.tell("phone-home", 0, page(PHONE, "Home", "/", **CAMPAIGN))
    story.tell("phone-pricing", 0.1, page(PHONE, "Pricing", "/pricing/?from=ad", **CAMPAIGN))
    traits = {"email": EMAIL.upper(), "firstName": "Lan", "title": "Giám đốc", "company": {"name": "Acme"}}
    story.tell("phone-identify", 1, {"type": "identify", "anonymousId": PHONE, "traits": traits})
    form = {"email": EMAIL, "phone": "0901 234 567", "need": "fewer spreadsheets"}
    story.tell(
        "form",
        2,
        {
            "type": "track",
            "anonymousId": PHONE,
            "event": "Form Submitted",
            "properties": form,
            "context": CAMPAIGN,
        },
    )
    story.tell("laptop-blog", 26, page(LAPTOP, "Blog", "/blog/why", referrer="https://news.example/a"))
    story.tell("laptop-pricing", 27, page(LAPTOP, "Bảng giá", "/bang-gia"))
    contact = {"phone": "+84 901-234-567"}
    story.tell("laptop-identify", 28, {"type": "identify", "anonymousId": LAPTOP, "traits": contact})
    story.tell(
        "demo",
        30,
        {"type": "track", "userId": USER, "event": "Demo Requested", "properties": {"phone": "84901234567"}},
        key=SERVER,
        source="server",
    )


def sell(story: Story) -> None:
    """Sales accepts, learns the four facts in three calls, and the person orders."""
    assert story.act("accept", {"type": "accept"})["stage"] == "sql"
    assert story.act("budget", {"type": "bant", "budget": {"value": "20k", "evidence": "call"}})["stage"] == "sql"
    assert story.act("timing", {"type": "bant", "timing": {"met": False}})["stage"] == "sql"
    rest = {name: {"met": True} for name in ("authority", "need", "timing")}
    assert story.act("bant", {"type": "bant", **rest})["stage"] == "opportunity"
    now = (datetime.now(UTC) - story.begin) / HOUR
    order = {"type": "track", "userId": USER, "event": "order_completed", "properties": {"total": 20000}}
    story.tell("order", now, order, key=SERVER, source="server")


@pytest.fixture(scope="module")
def story(own_of_each_mode: Server | Services) -> Iterator[Story]:
    """Tell the whole story once to a server that hears nothing else, with the event stream open from the start."""
    with ExitStack() as stack:
        api = stack.enter_context(own_of_each_mode.start())
        blocks = stack.enter_context(api.events())
        begin = (datetime.now(UTC) - timedelta(hours=36)).replace(minute=30, second=0, microsecond=0)
        told = Story(api, own_of_each_mode, begin)
        told.streamed.append(dict(next(blocks)))
        attract(told)
        told.profile_id = api.profile_id(email=EMAIL) or ""
        sell(told)
        told.changes = api.changes(told.profile_id)
        told.streamed += [dict(next(blocks)) for _ in PATH[1:]]
        yield told


def exactly(number: float) -> Decimal:
    """Return a JSON number as it was written."""
    return Decimal(str(number))


def test_one_profile(story: Story) -> None:
    """Both devices, the e-mail, the three spellings of one phone number and the user id are one profile."""
    profile = story.api.get(f"/profiles/{story.profile_id}")
    named = {(one["type"], one["value"]) for one in profile["identifiers"]}
    assert named == {
        ("anonymous_id", PHONE),
        ("anonymous_id", LAPTOP),
        ("email", EMAIL),
        ("phone", "+84901234567"),
        ("user_id", USER),
    }
    found = [{"anonymous_id": PHONE}, {"anonymous_id": LAPTOP}, {"user_id": USER}, {"phone": "0901.234.567"}]
    assert {story.api.profile_id(**one) for one in found} == {story.profile_id}
    assert profile["traits"]["first_name"] == "Lan"
    assert len(profile["merged_from"]) == 1


def test_every_step_is_scored(story: Story) -> None:
    """Each touchpoint and each action has a receipt `scored` that names the profile."""
    sources = dict.fromkeys(("demo", "order"), "server") | dict.fromkeys(
        ("accept", "budget", "timing", "bant"), "admin"
    )
    for step, message_id in story.message_ids.items():
        receipt = story.api.receipt(message_id, sources.get(step, "web"))
        assert receipt is not None, step
        assert (receipt["status"], receipt["profile_id"]) == ("scored", story.profile_id), step


def test_timeline(story: Story) -> None:
    """The timeline holds every step once, newest first, with the channel that brought it."""
    items = story.api.timeline(story.profile_id)
    assert sorted(item["message_id"] for item in items) == sorted(story.message_ids.values())
    times = [instant(item["at"]) for item in items]
    assert times == sorted(times, reverse=True)
    sources = {item["message_id"]: item["source"] for item in items}
    form = sources["story-form"]
    assert (form["name"], form["channel"], form["campaign"]) == ("web", "google", "spring")
    assert sources["story-laptop-blog"]["channel"] == "news.example"
    accepted = sources[story.message_ids["accept"]]
    assert (accepted["name"], accepted["channel"]) == ("admin", "sales")


def test_path(story: Story) -> None:
    """The lead passes lead, mql, sql, opportunity and customer with the sequence 1 to 5, each at its own message."""
    assert story.changes == story.api.changes()
    assert [(c["sequence"], c["from"], c["to"]) for c in story.changes] == [
        (n, before, after) for n, (before, after) in enumerate(pairwise(PATH), 1)
    ]
    expected = [story.message_ids[step] for step in ("form", "demo", "accept", "bant", "order")]
    assert [change["trigger"]["message_id"] for change in story.changes] == expected
    assert all(change["trigger"]["rule"] for change in story.changes)
    assert len({change["id"] for change in story.changes}) == len(story.changes)


def test_times_of_changes(story: Story) -> None:
    """`at` is the trigger's event time and never goes back; `decided_at` is when."""
    for change, hours in zip(story.changes, (2, 30), strict=False):
        assert instant(change["at"]) == story.begin + hours * HOUR
    for name in ("at", "decided_at"):
        times = [instant(change[name]) for change in story.changes]
        assert times == sorted(times)
    assert all(instant(change["at"]) <= instant(change["decided_at"]) for change in story.changes)


def test_changes_add_up(story: Story) -> None:
    """In each change, contributions add up to the total exactly, and so do the parts of the score."""
    for change in story.changes:
        score = change["score"]
        total = exactly(score["total"])
        assert sum((exactly(share["points"]) for share in change["contributions"]), Decimal()) == total
        assert sum((exactly(score[part]) for part in ("engagement", "fit", "completeness")), Decimal()) == total
        assert {share["rule"] for share in change["contributions"]} >= {"completeness", "form", "title_decides"}
        assert all(exactly(share["points"]) for share in change["contributions"])


def test_changes_explain_themselves(story: Story) -> None:
    """Each change says which criteria held, what was missing for the next stage, and where the lead came from."""
    for change, following in zip(story.changes, [*PATH[2:], None], strict=True):
        assert change["criteria"], change["to"]
        assert any(criterion["met"] for criterion in change["criteria"]), change["to"]
        assert all(criterion["text"] for criterion in change["criteria"])
        assert change["next"]["stage"] == following
        assert bool(change["next"]["missing"]) == (following is not None)
        assert change["model"]["name"] == "b2b"
        assert change["source"]["conversion"] == "Form Submitted"
        assert (change["source"]["channel"], change["source"]["campaign"]) == ("google", "spring")
        assert (change["score"]["grade"], change["score"]["completeness"]) == ("A", 20.0)


def test_changes_hold_no_personal_data(story: Story) -> None:
    """No change names the e-mail, the phone or the person."""
    text = str(story.changes) + str(story.streamed)
    assert not [word for word in (EMAIL, "901234567", "901 234 567", "Lan", USER) if word in text]


def test_logs_and_metrics_hold_no_personal_data(story: Story) -> None:
    """What operators keep for long names nobody, neither in the log of the process nor in its metrics."""
    text = story.server.logs() + story.api.http.get("/metrics").text
    assert "leadflow_observer_events_total" in text
    known = (EMAIL, EMAIL.upper(), "901234567", "901 234 567", USER, PHONE, LAPTOP, "spreadsheets")
    assert not [word for word in known if word in text]


def test_score_follows_the_formula(story: Story) -> None:
    """Each rule's share is what the formula gives: points, halved every half-life from the start of the hour on."""
    explained = story.api.get(f"/leads/{story.profile_id}/explanation")
    now, items = instant(explained["at"]), story.api.timeline(story.profile_id)
    shares = {share["rule"]: share for share in explained["contributions"]}
    for rule, (points, half_life, counts) in REFERENCE.items():
        hours = [instant(item["at"]).replace(minute=0, second=0, microsecond=0) for item in items if counts(item)]
        assert shares[rule]["count"] == len(hours), rule
        expected = sum(points * 0.5 ** ((now - hour) / half_life) for hour in hours)
        assert shares[rule]["points"] == pytest.approx(expected, abs=0.01), rule
        assert shares[rule]["age_s"] == pytest.approx((now - max(hours)).total_seconds(), abs=1), rule
    parts = {"title_decides": 30, "company_email": 10, "completeness": 20}
    assert {rule: shares[rule]["points"] for rule in parts} == parts
    assert shares.keys() == REFERENCE.keys() | parts.keys()


def test_explanation_of_the_past(story: Story) -> None:
    """Asked for the instant of a change, the explanation gives that change's stage, score and contributions."""
    for change in story.changes:
        explained = story.api.explanation(story.profile_id, change["at"])
        assert explained["at"] == change["at"]
        assert explained["stage"] == change["to"]
        assert explained["score"] == change["score"], change["to"]
        shares = {share["rule"]: share for share in change["contributions"]}
        assert {share["rule"]: share for share in explained["contributions"]} == shares, change["to"]
    before = story.api.explanation(story.profile_id, (story.begin - HOUR).isoformat())
    assert (before["stage"], before["score"]["total"], before["contributions"]) == ("visitor", 0, [])


def test_lead(story: Story) -> None:
    """The lead as it stands: customer, with its source, its latest touch, who it is and what was learnt."""
    lead = story.api.get(f"/leads/{story.profile_id}")
    assert (lead["stage"], lead["sequence"], lead["score"]["grade"]) == ("customer", 5, "A")
    assert instant(lead["stage_since"]) == instant(story.changes[-1]["at"])
    assert (
        lead["source"] | {"conversion": "Form Submitted", "channel": "google", "campaign": "spring"} == lead["source"]
    )
    assert (lead["first_touch"]["channel"], lead["need"]) == ("google", "fewer spreadsheets")
    assert lead["who"] == {"title": "Giám đốc", "company": "Acme"}
    assert {fact: answer["met"] for fact, answer in lead["bant"].items()} == dict.fromkeys(
        ("budget", "authority", "need", "timing"), True
    )
    [listed] = story.api.get("/leads", stage="customer")["items"]
    assert (listed["profile_id"], listed["stage"]) == (story.profile_id, "customer")


def test_funnel_counts_the_person_once(story: Story) -> None:
    """The merged devices are one lead in the funnel."""
    funnel = story.api.get("/funnel")
    assert {stage: count for stage, count in funnel["stages"].items() if count} == {"customer": 1}


def test_merge_is_recorded(story: Story) -> None:
    """The ledger says which profile was merged into which, because of which message, over which identifier."""
    [merge] = story.api.every("/merges", profile_id=story.profile_id)
    assert (merge["state"], merge["winner"]) == ("merged", story.profile_id)
    assert merge["cause"]["message_id"] == story.message_ids["laptop-identify"]
    assert ("phone", "+84901234567") in {(one["type"], one["value"]) for one in merge["identifiers"]}
    [merged] = story.api.get(f"/profiles/{story.profile_id}")["merged_from"]
    assert merge["loser"] == merged
    assert story.api.get(f"/leads/{merged}")["profile_id"] == story.profile_id


def test_paging(story: Story) -> None:
    """Page by page, the changes are the same; the last `next` can be polled."""
    assert story.api.changes(size=1) == story.changes
    assert story.api.changes(size=2) == story.changes
    end = story.api.get("/stage-changes", limit=len(PATH))["next"]
    polled = story.api.get("/stage-changes", after=end)
    assert (polled["items"], polled["more"]) == ([], False)
    assert polled["next"]


def test_stream(story: Story) -> None:
    """A stream that was open all the time has seen every change once, in order; its first block says where it began."""
    opened, *events = story.streamed
    assert opened["id"]
    assert "data" not in opened
    assert [event["event"] for event in events] == ["stage-change"] * 5
    assert [Api.data(event) for event in events] == story.changes
    assert len({event["id"] for event in events}) == len(events)


@pytest.mark.parametrize("seen", range(5))
def test_stream_resumes(story: Story, seen: int) -> None:
    """With the last id that a subscriber has seen, the stream goes on with the very next change."""
    with story.api.events(**{"Last-Event-ID": story.streamed[seen]["id"]}) as blocks:
        events = [next(blocks) for _ in range(len(PATH) - 1 - seen + 1)]
    assert [Api.data(event) for event in events if "data" in event] == story.changes[seen:]
