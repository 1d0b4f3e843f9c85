"""Counting a run of touchpoints at once gives what counting them one by one gives, to the last field."""

import random
from typing import Any, NoReturn

import msgspec
import pytest

from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.resolved import LeadRecord, Resolved
from leadflow.contracts.touchpoint import NO_JSON, Touchpoint
from leadflow.core.scoring.load import shipped_model
from leadflow.core.time import DAY, HOUR
from leadflow.pipeline.scoring.counting import signal_of
from leadflow.pipeline.scoring.lead import Judge, apply, finish
from leadflow.pipeline.scoring.run import count_run

NOW = 1_790_000_000_000
MODEL = shipped_model("b2b")
JUDGE = Judge("p1", MODEL, NOW)
EMAIL = (("email", "an@acme.example"),)

Contacts = tuple[tuple[str, str], ...]


def page(path: str, **context: Any) -> tuple[str, dict[str, Any], Contacts]:
    """A page view."""
    return "page", {"properties": {"path": path}, "context": context}, ()


def track(event: str, contacts: Contacts = (), **properties: Any) -> tuple[str, dict[str, Any], Contacts]:
    """Something that somebody did."""
    return "track", {"event": event, "properties": properties}, contacts


def acted(action: str, **fields: Any) -> tuple[str, dict[str, Any], Contacts]:
    """Something that sales did."""
    return "action", {"action": action, "actor": "sales", **fields}, ()


KINDS = (
    *[page(path) for path in ("/", "/pricing", "/blog/first", "/careers", "/about")],
    page("/pricing", active=False),
    *[track(name) for name in ("Product Viewed", "Feature Used", "Email Opened", "Email Bounced", "Trial Started")],
    track("Page Left", duration_s=90),
    ("identify", {"traits": {"email": "an@acme.example", "title": "Founder", "name": "An"}}, EMAIL),
    ("group", {"groupId": "g", "traits": {"employees": 400}}, ()),
    ("identify", {"traits": {"consent": {"email": True}}}, ()),
    track("Form Submitted", EMAIL),
    track("Demo Requested", EMAIL, need="a demo"),
    track("Unsubscribed"),
    track("Order Completed", revenue=12.5),
    acted("contact", outcome="conversation"),
    acted("bant", budget=True, authority=True, need=True, timing=True),
    acted("accept"),
    acted("reject", reason="no budget"),
)
QUIET = (*range(12), 12, 13)  # of the kinds above, by number


def records(dice: random.Random, length: int, kinds: tuple[int, ...]) -> list[LeadRecord]:
    """Touchpoints of one lead, some late, some twice, some by bots, some long ago."""
    made: list[LeadRecord] = []
    for number in range(length):
        kind, body, contacts = KINDS[dice.choice(kinds)]
        at = NOW + number * HOUR // 2 - dice.choice((0, 0, 0, 5 * HOUR, 40 * DAY))
        touchpoint = Touchpoint(
            message_id=f"m{number}",
            source="web",
            type=kind,  # type: ignore[arg-type]  # one of them
            at=at,
            received_at=at,
            body=msgspec.Raw(msgspec.json.encode(body)),
            context=NO_JSON,
            historical=dice.random() < 0.1,
            bot=dice.random() < 0.1,
        )
        stream = dice.choice(("t0", "identity"))
        record = Resolved(
            to="p1", touchpoint=f"k{number}", pos=(0, number), src=(stream, number), ids=(), contacts=contacts,
            value=touchpoint,
        )  # fmt: skip
        made += [record, *([dice.choice(made)] if made and dice.random() < 0.1 else [])]
    return made


def one_by_one(lead: LeadDoc, news: list[LeadRecord]) -> LeadDoc:
    """Each record by itself."""
    for position, record in enumerate(news):
        lead = apply(lead, position, record, JUDGE)
    return finish(lead, JUDGE)


def in_runs(lead: LeadDoc, news: list[LeadRecord]) -> tuple[LeadDoc, int]:
    """Runs where there are any; how many records were counted in them."""
    inbox, place, together = list(enumerate(news)), 0, 0
    while place < len(inbox):
        lead, after = count_run(lead, inbox, place, JUDGE)
        together += after - place
        if after < len(inbox):
            lead = apply(lead, *inbox[after], JUDGE)
        place = after + 1
    return finish(lead, JUDGE), together


@pytest.mark.parametrize("kinds", [tuple(range(len(KINDS))), QUIET], ids=["all", "quiet"])
def test_a_run_changes_nothing_but_the_cost(kinds: tuple[int, ...]) -> None:
    """Marks, counts, traits, stage, outbox, score: everything is equal, whatever the order and the kinds."""
    together = records_in_all = 0
    for seed in range(120):
        dice = random.Random(seed)  # noqa: S311  a draw to repeat, not a secret
        news = records(dice, dice.randint(1, 16), kinds)
        lead, counted = in_runs(LeadDoc(), news)
        assert lead == one_by_one(LeadDoc(), news), seed
        together += counted
        records_in_all += len(news)
    assert together == records_in_all  # what moves a lead is counted with the rest


def test_what_cannot_be_counted_ends_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poison is left to whoever applies it by itself; what came before it is counted."""
    news = records(random.Random(1), 6, QUIET[:5])  # noqa: S311  a draw to repeat, not a secret
    poison = next(place for place, record in enumerate(news) if place > 1 and isinstance(record, Resolved))

    def failing(value: Touchpoint, contacts: Contacts) -> Any:
        if value.message_id == news[poison].value.message_id:  # type: ignore[union-attr]
            raise ValueError("poison")
        return signal_of(value, contacts)

    monkeypatch.setattr("leadflow.pipeline.scoring.run.signal_of", failing)
    lead, place = count_run(LeadDoc(), list(enumerate(news)), 0, JUDGE)
    assert place == poison
    assert lead.marks


def test_what_cannot_be_decided_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poison may show as late as in a decision: counts, marks and outputs are those before it."""
    form = KINDS.index(track("Form Submitted", EMAIL))
    news = [*records(random.Random(2), 5, QUIET[:5]), *records(random.Random(3), 1, (form,))]  # noqa: S311  to repeat
    news[-1] = msgspec.structs.replace(news[-1], src=("t0", 99))  # type: ignore[call-arg]  # a touchpoint
    before, _ = count_run(LeadDoc(), list(enumerate(news[:-1])), 0, JUDGE)

    def failing(*_: object, **__: object) -> NoReturn:
        raise ValueError("poison")

    monkeypatch.setattr("leadflow.pipeline.scoring.run.changes_out", failing)
    lead, place = count_run(LeadDoc(), list(enumerate(news)), 0, JUDGE)
    assert place == len(news) - 1
    assert lead == before
