"""The shipped model, number by number."""

import pytest
from unit.leads import B2B, page, touchpoint, track

from leadflow.core.names import event_name
from leadflow.core.reading import CONVERSION_EVENTS
from leadflow.core.scoring.model import POINT
from leadflow.core.scoring.tally import match
from leadflow.core.time import DAY
from leadflow.core.touchpoint import Signal

GROUPS = {
    "interest": (14, 0, 60),
    "intent": (7, 0, 120),
    "product_use": (21, 0, 50),
    "negative": (90, -60, 0),
}
RULES: list[tuple[str, int, int, list[Signal]]] = [
    ("interest", 1, 5, [page("/"), touchpoint("screen")]),
    ("interest", 2, 5, [page("/blog"), page("/blog/a"), track("Content Viewed"), track("Video Played")]),
    ("interest", 2, 5, [page("/", properties={"duration_s": 60}), track("Page Left", properties={"duration_s": 61})]),
    ("interest", 3, 5, [page("/products/x"), page("/san-pham"), track("Product Viewed")]),
    ("interest", 1, 5, [page("/search"), page("/tim-kiem"), track("Products Searched")]),
    ("interest", 2, 2, [track("Ad Clicked")]),
    ("interest", 2, 3, [track("Social Clicked"), track("Followed")]),
    ("interest", 1, 1, [track("Email Opened")]),
    ("interest", 3, 3, [track("Email Clicked")]),
    ("interest", 12, 1, [track("Email Replied")]),
    ("interest", 5, 1, [track("Newsletter Subscribed")]),
    ("interest", 8, 2, [track("Form Submitted")]),
    ("interest", 5, 3, [track("Ebook Downloaded"), track("File Downloaded")]),
    ("interest", 6, 1, [track("Webinar Registered")]),
    ("interest", 10, 1, [track("Webinar Attended"), track("Workshop Attended"), track("Event Checked In")]),
    ("intent", 15, 2, [page("/pricing"), page("/bang-gia"), track("Pricing Viewed")]),
    ("intent", 20, 2, [track("Product Added"), track("Checkout Started")]),
    ("intent", 25, 1, [track("Trial Started")]),
    ("intent", 25, 1, [track("Meeting Attended"), track("Call Answered")]),
    ("intent", 40, 1, [track(f"{what} Requested") for what in ("Demo", "Quote", "Consultation", "Meeting")]),
    ("product_use", 10, 1, [track("Signed Up"), track("Account Created")]),
    ("product_use", 3, 1, [track("Signed In")]),
    ("product_use", 2, 5, [track("Feature Used")]),
    ("product_use", 8, 3, [track("Invite Sent")]),
    ("negative", -10, 1, [page("/careers"), page("/tuyen-dung")]),
    ("negative", -20, 1, [track("Negative Feedback")]),
    ("negative", -20, 1, [track("Order Refunded"), track("Subscription Cancelled")]),
]
FIT = {
    "title_student": -30, "title_decides": 30, "title_leads": 20, "title_other": 5, "profession": 15,
    "company_small": 10, "company_medium": 20, "company_large": 15, "industry": 15, "country": 5, "company_email": 10,
    "competitor": -50,
}  # fmt: skip


@pytest.mark.parametrize(("group", "points", "cap", "signals"), RULES)
def test_each_rule_has_its_points_its_cap_and_its_touchpoints(
    group: str, points: int, cap: int, signals: list[Signal]
) -> None:
    """As in the table of the documentation."""
    (rule,) = {
        rule.id
        for entry in B2B.groups
        for rule in entry.rules
        if entry.name == group
        and (rule.points, rule.cap) == (points * POINT, cap)
        and all(rule.id in match(signal, B2B) for signal in signals)
    }
    assert rule


def test_there_are_no_other_rules() -> None:
    """The table is the whole model."""
    assert len(B2B.rules) == len(RULES)
    assert {rule.id: rule.points // POINT for rule in B2B.fit.rules} == FIT


def test_groups_have_their_half_lives_and_clamps() -> None:
    """In days and points."""
    found = {group.name: (group.half_life // DAY, group.low // POINT, group.high // POINT) for group in B2B.groups}
    assert found == GROUPS
    assert (B2B.fit.low // POINT, B2B.fit.high // POINT) == (-50, 100)


def test_the_other_numbers() -> None:
    """Completeness, grades, temperature, quality, detours, time zone."""
    assert B2B.completeness.high == 20 * POINT
    assert dict(B2B.completeness.weights) == {"name": 2, "phone": 3, "email": 3, "need": 4}
    assert dict(B2B.grades) == {"A": 40 * POINT, "B": 0, "C": -20 * POINT}
    limits = B2B.temperatures
    assert [limit // POINT for limit in (limits.warm, limits.warm_back, limits.hot, limits.hot_back)] == [
        25,
        20,
        60,
        50,
    ]
    assert B2B.source_quality == {"opt_in": 1_000_000, "partner": 700_000, "bought": 200_000, "scraped": 200_000}
    backs = {detour.name: detour.back_after and detour.back_after // DAY for detour in B2B.detours}
    assert backs == {"recycled": 30, "disqualified": None, "lost": 90}
    assert B2B.time_zone == "Asia/Ho_Chi_Minh"


def test_conversions_are_those_that_bring_identifiers() -> None:
    """Reading and scoring mean the same events."""
    assert B2B.events.conversion == CONVERSION_EVENTS
    assert B2B.events.hand_raise < B2B.events.conversion


def test_a_competitor_and_target_lists_act_when_they_are_filled() -> None:
    """Shipped they are empty, but for the country."""
    assert B2B.settings.competitor_domains == frozenset()
    assert "gmail.com" in B2B.settings.free_mail_domains
    assert B2B.settings.target_countries


@pytest.mark.parametrize("written", ["DEMO_REQUESTED", "demo-requested", " Demo  requested "])
def test_event_names_compare_in_their_normal_form(written: str) -> None:
    """Case, underscores and hyphens do not matter."""
    assert "hand_raise" in match(touchpoint("track", event=event_name(written)), B2B)
