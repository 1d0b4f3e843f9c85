"""The formula of the score a second time, in decimals, straight from its definition. Slow, and shares no code."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext

from leadflow.core.touchpoint import Signal

HOUR = 3_600_000
VIETNAM = timezone(timedelta(hours=7))

# group: half-life in days, clamp, {rule: (points, cap a day)}
GROUPS = {
    "interest": (14, 0, 60, {
        "page_view": (1, 5), "content_view": (2, 5), "page_stay": (2, 5), "product_view": (3, 5), "search": (1, 5),
        "ad_click": (2, 2), "social": (2, 3), "email_open": (1, 1), "email_click": (3, 3), "email_reply": (12, 1),
        "newsletter": (5, 1), "form": (8, 2), "download": (5, 3), "webinar_registered": (6, 1), "attendance": (10, 1),
    }),
    "intent": (7, 0, 120, {
        "pricing_page": (15, 2), "checkout": (20, 2), "trial": (25, 1), "meeting": (25, 1), "hand_raise": (40, 1),
    }),
    "product_use": (21, 0, 50, {"sign_up": (10, 1), "sign_in": (3, 1), "feature_use": (2, 5), "invite": (8, 3)}),
    "negative": (90, -60, 0, {"careers_page": (-10, 1), "negative_feedback": (-20, 1), "refund": (-20, 1)}),
}  # fmt: skip
EVENTS = {
    "content viewed": "content_view", "video played": "content_view", "product viewed": "product_view",
    "ad clicked": "ad_click", "social clicked": "social", "followed": "social", "email opened": "email_open",
    "email clicked": "email_click", "email replied": "email_reply", "newsletter subscribed": "newsletter",
    "form submitted": "form", "ebook downloaded": "download", "file downloaded": "download",
    "webinar registered": "webinar_registered", "webinar attended": "attendance", "workshop attended": "attendance",
    "event checked in": "attendance", "pricing viewed": "pricing_page", "product added": "checkout",
    "checkout started": "checkout", "trial started": "trial", "meeting attended": "meeting",
    "call answered": "meeting", "demo requested": "hand_raise", "quote requested": "hand_raise",
    "consultation requested": "hand_raise", "meeting requested": "hand_raise", "signed up": "sign_up",
    "account created": "sign_up", "signed in": "sign_in", "feature used": "feature_use", "invite sent": "invite",
    "negative feedback": "negative_feedback", "order refunded": "refund", "subscription cancelled": "refund",
}  # fmt: skip
PAGES = {
    "/blog": "content_view", "/products": "product_view", "/search": "search", "/pricing": "pricing_page",
    "/bang-gia": "pricing_page", "/careers": "careers_page", "/tuyen-dung": "careers_page",
}  # fmt: skip
QUALITY = {"opt_in": Decimal(1), "partner": Decimal("0.7"), "bought": Decimal("0.2"), "scraped": Decimal("0.2")}
CONVERSIONS = frozenset({"form submitted", "demo requested", "trial started"})


def rules_of(signal: Signal) -> list[str]:
    """What a touchpoint counts for."""
    rules = []
    if signal.type == "page":
        rules = ["page_view", *([PAGES[signal.path]] if signal.path in PAGES else [])]
    elif signal.event in EVENTS:
        rules = [EVENTS[signal.event]]
    return [*rules, "page_stay"] if signal.properties.get("duration_s", 0) >= 60 else rules


def engagement(signals: Sequence[Signal], as_of: int) -> Decimal:
    """Engagement in points."""
    buckets: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for signal in signals:
        for rule in rules_of(signal):
            if signal.at // HOUR * HOUR <= as_of:
                buckets[rule][signal.at // HOUR] += 1
    total = Decimal(0)
    with localcontext() as context:
        context.prec = 50
        for days, low, high, rules in GROUPS.values():
            group = Decimal(0)
            for rule, (points, cap) in rules.items():
                left: dict[object, int] = defaultdict(lambda: cap)  # noqa: B023  # read before the next turn
                for hour, count in sorted(buckets[rule].items()):
                    day = datetime.fromtimestamp(hour * 3_600, UTC).astimezone(VIETNAM).date()
                    counts = min(count, left[day])
                    left[day] -= counts
                    age = Decimal(as_of - hour * HOUR) / (days * 24 * HOUR)
                    group += counts * points * Decimal(2) ** -age
            total += min(max(group, Decimal(low)), Decimal(high))
        return total * quality(signals, as_of)


def quality(signals: Sequence[Signal], as_of: int) -> Decimal:
    """The worst quality stated up to the first conversion."""
    seen = sorted((signal for signal in signals if signal.at <= as_of), key=lambda one: (one.at, one.message_id))
    ends = [index for index, signal in enumerate(seen) if signal.type == "track" and signal.event in CONVERSIONS]
    until = seen[: ends[0] + 1] if ends else seen
    return min((QUALITY[one.quality] for one in until if one.quality is not None), default=Decimal(1))
